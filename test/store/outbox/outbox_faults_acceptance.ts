/** How every OutboxStore behaves when its disk fails: part of its acceptance suite. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { faultOf, testId } from "../faults.ts";
import { LARGE_BYTES, append, mint, sequencesAfter } from "./outbox_fixture.ts";
import type { OutboxFixture } from "./outbox_fixture.ts";

const OLD = testId(1);

/** Adds this part of the suite to `test`. */
export function acceptOutboxFaults(test: Test, makeFixture: () => OutboxFixture): void {
  test("write() leaves nothing behind and continues when it is refused", async () => {
    await using fixture = makeFixture();
    await fixture.open().write([mint(OLD), append(OLD, [1, 1])]);
    const store = fixture.openFull();
    const before = await store.load();
    const large = append(OLD, [3, 3], { bytes: LARGE_BYTES });
    assert.is(await store.write([append(OLD, [2, 2]), large]), "disk_full");
    assert.equal(await store.load(), before);
    assert.is(store.state, before);
    assert.equal(await sequencesAfter(store, OLD, 0), [1]);
    assert.is(await store.write([append(OLD, [2, 2])]), "done");
    const again = fixture.open();
    assert.equal(await sequencesAfter(again, OLD, 0), [1, 2]);
    assert.is(await again.write([large]), "done");
  });

  test("write() refuses everything after it ended in doubt", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), append(OLD, [1, 1])]);
    fixture.breakDisk();
    const error = await faultOf("store_failed", () => store.write([append(OLD, [2, 2])]));
    assert.match(error.message, "open the store again");
    assert.ok(error.cause instanceof Error);
    const later = await faultOf("store_failed", () => store.write([append(OLD, [2, 2])]));
    assert.is(later, error);
    await faultOf("store_failed", () => store.read(OLD, 0, 100, 100));
    await faultOf("store_failed", () => store.load());
    const again = fixture.open();
    assert.equal(await sequencesAfter(again, OLD, 0), [1]);
    assert.is(await again.write([append(OLD, [2, 2])]), "done");
  });
}
