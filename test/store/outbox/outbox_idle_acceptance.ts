/** How every OutboxStore keeps and purges idle incarnations: part of its acceptance suite. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { testId } from "../faults.ts";
import {
  acknowledge,
  append,
  close,
  evict,
  idsOf,
  incarnationWith,
  mint,
  positionAt,
  sequencesAfter,
  three,
} from "./outbox_fixture.ts";
import type { OutboxFixture } from "./outbox_fixture.ts";

const SEEN = { ledgerId: testId(7), generation: testId(8), version: 9 };
const OLD = testId(1);
const MIDDLE = testId(2);
const NEW = testId(3);
const IDLE = [testId(0x11), testId(0x12), testId(0x13)];

/** Adds this part of the suite to `test`. */
export function acceptIdle(test: Test, makeFixture: () => OutboxFixture): void {
  test("close keeps the end of an incarnation, even an idle one", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), append(OLD, [1, 2]), mint(MIDDLE), mint(NEW), ...three(NEW)]);
    await store.write([
      acknowledge(OLD, 2),
      { type: "trim", incarnation: OLD, upTo: 2 },
      close(OLD),
      close(MIDDLE),
    ]);
    const state = await fixture.open().load();
    assert.equal(state.purged, { events: 0, likes: 0n });
    const two = positionAt(2);
    const ended = { trimmed: two, acknowledged: two, last: two };
    const newest = incarnationWith(NEW, { last: positionAt(3) });
    assert.equal(state.incarnations, [
      incarnationWith(OLD, { ...ended, closed: true }),
      incarnationWith(MIDDLE, { closed: true }),
      newest,
    ]);
    await fixture.open().write([{ type: "begin_redelivery", seen: SEEN }]);
    assert.equal((await fixture.open().load()).incarnations, [
      incarnationWith(OLD, ended),
      incarnationWith(MIDDLE, {}), // an older ledger may still have it open
      newest,
    ]);
  });

  test("evict counts idle closed incarnations apart from those with events", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), ...three(OLD), close(OLD)]);
    for (const idle of IDLE) await store.write([mint(idle), close(idle)]);
    await store.write([mint(NEW), evict(1e9, 3)]);
    assert.equal(idsOf(store), [OLD, ...IDLE, NEW]);
    await store.write([evict(1e9, 1)]);
    const again = fixture.open();
    assert.equal(idsOf(again), [OLD, IDLE[2], NEW]);
    assert.equal(again.state.purged, { events: 0, likes: 0n }, "they had no events");
    assert.equal(await sequencesAfter(again, OLD, 0), [1, 2, 3]);
  });

  test("evict purges the newest waiting idle incarnations, and never the last", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    const range = { events: { first: 1, last: 2 }, digest: undefined };
    const trouble = { kind: "outbox_rolled_back", incarnation: MIDDLE, ...range } as const;
    await store.write([mint(MIDDLE)]);
    await store.write([{ type: "park", incarnation: MIDDLE, trouble: { ...trouble, detail: "" } }]);
    await store.write([...IDLE.map(mint), mint(OLD), ...three(OLD), mint(NEW)]);
    await store.write([evict(1e9, 2)]);
    assert.equal(idsOf(store), [MIDDLE, ...IDLE, OLD, NEW], "a ledger may know three of them");
    await store.write([evict(1e9, 1)]);
    assert.equal(idsOf(store), [MIDDLE, IDLE[0], IDLE[1], OLD, NEW]);
    await store.write([evict(1e9, 0)]);
    assert.equal(idsOf(fixture.open()), [MIDDLE, IDLE[0], OLD, NEW]);
  });
}
