/**
 * How every OutboxStore retains acknowledged records and removes them: part of its acceptance
 * suite.
 */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { recordDiskBytes } from "../../../src/store/outbox/disk_bytes.ts";
import type { OutboxWrite } from "../../../src/core/likes_server/outbox.ts";
import { NO_EVENTS } from "../../../src/core/protocol/messages.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { assertionOf, faultOf, testId } from "../faults.ts";
import {
  LARGE_BYTES,
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

const OLD = testId(1);
const MIDDLE = testId(2);
const NEW = testId(3);
/** The disk bytes of a record that `append` makes. */
const SMALL = recordDiskBytes(3);
const SEEN = { ledgerId: testId(7), generation: testId(8), version: 2 ** 53 - 1 };
const REDELIVER: OutboxWrite = { type: "begin_redelivery", seen: SEEN };

/** The positions of an incarnation with this many events, all removed. */
function emptied(events: number) {
  const position = positionAt(events);
  return { trimmed: position, acknowledged: position, last: position };
}

/** Adds this part of the suite to `test`. */
export function acceptRetention(test: Test, makeFixture: () => OutboxFixture): void {
  acceptAcknowledges(test, makeFixture);
  acceptCloses(test, makeFixture);
  acceptForgetting(test, makeFixture);
  acceptEvictions(test, makeFixture);
  acceptRedeliveries(test, makeFixture);
  acceptUndone(test, makeFixture);
}

function acceptAcknowledges(test: Test, makeFixture: () => OutboxFixture): void {
  test("acknowledge keeps records, position and the seen ledger when opened again", async () => {
    await using fixture = makeFixture();
    const large = append(OLD, [3, 3], { bytes: LARGE_BYTES });
    const before = fixture.open();
    await before.write([mint(OLD), append(OLD, [1, 2]), large, append(OLD, [4, 4])]);
    await before.write([acknowledge(OLD, 2, SEEN)]);
    assert.is(before.state.retainedBytes, SMALL);
    await before.write([acknowledge(OLD, 3)]);
    const store = fixture.open();
    const state = await store.load();
    const positions = { acknowledged: positionAt(3), last: positionAt(4) };
    assert.equal(state.incarnations, [incarnationWith(OLD, positions)]);
    assert.equal(state.seen, SEEN, "a write without one keeps it");
    assert.is(state.retainedBytes, SMALL + recordDiskBytes(LARGE_BYTES));
    assert.is(state.bytes, state.retainedBytes + SMALL);
    assert.equal(await sequencesAfter(store, OLD, 0), [2, 3, 4]);
    await store.write([{ type: "trim", incarnation: OLD, upTo: 2 }]);
    assert.is(store.state.retainedBytes, recordDiskBytes(LARGE_BYTES));
    assert.is((await fixture.open().load()).retainedBytes, recordDiskBytes(LARGE_BYTES));
  });

  test("acknowledge changes no position when it goes back", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), ...three(OLD), acknowledge(OLD, 2, SEEN)]);
    await store.write([{ type: "trim", incarnation: OLD, upTo: 1 }]);
    const before = store.state;
    for (const upTo of [0, 1, 2]) {
      assert.is(await store.write([acknowledge(OLD, upTo, { ...SEEN })]), "done");
      assert.is(store.state, before);
    }
    const seen = { ...SEEN, version: 1 };
    await store.write([acknowledge(OLD, 1, seen)]);
    assert.equal(store.state, { ...before, seen });
    assert.equal(await fixture.open().load(), { ...before, seen });
  });

  test("acknowledge asserts the end of a record", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), append(OLD, [1, 2])]);
    await assertionOf("end of a record", () => store.write([acknowledge(OLD, 1)]));
    await assertionOf("end of a record", () => store.write([acknowledge(OLD, 3)]));
    await assertionOf("has the incarnation", () => store.write([acknowledge(NEW, 0)]));
    const odd = { ...SEEN, version: 2 ** 53 };
    await assertionOf("whole number", () => store.write([acknowledge(OLD, 2, odd)]));
  });
}

function acceptCloses(test: Test, makeFixture: () => OutboxFixture): void {
  test("close retains all records, acknowledged or not, and unparks the incarnation", async () => {
    await using fixture = makeFixture();
    const before = fixture.open();
    const trouble = { kind: "digest_differs", incarnation: OLD, ...NO_EVENTS, detail: "" } as const;
    await before.write([mint(OLD), ...three(OLD), acknowledge(OLD, 1), mint(NEW), ...three(NEW)]);
    await before.write([{ type: "park", incarnation: OLD, trouble }]);
    await before.write([close(OLD)]);
    const store = fixture.open();
    assert.equal(store.state.incarnations, [
      incarnationWith(OLD, { acknowledged: positionAt(1), last: positionAt(3), closed: true }),
      incarnationWith(NEW, { last: positionAt(3) }),
    ]);
    assert.is(store.state.retainedBytes, 3 * SMALL);
    await store.write([acknowledge(OLD, 2), close(OLD)]);
    assert.is(store.state.retainedBytes, 3 * SMALL, "they count once");
    assert.equal(await sequencesAfter(store, OLD, 0), [1, 2, 3]);
  });
}

function acceptForgetting(test: Test, makeFixture: () => OutboxFixture): void {
  test("trim keeps the end of a closed incarnation when it removes its last record", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), ...three(OLD), close(OLD), mint(NEW)]);
    await store.write([{ type: "trim", incarnation: OLD, upTo: 1 }]);
    assert.equal(store.state.incarnations[0]?.acknowledged, positionAt(1), "not behind trimmed");
    assert.equal(idsOf(fixture.open()), [OLD, NEW]);
    const again = fixture.open();
    await again.write([{ type: "trim", incarnation: OLD, upTo: 3 }]);
    const state = await fixture.open().load();
    const old = incarnationWith(OLD, { ...emptied(3), closed: true });
    assert.equal(state.incarnations, [old, incarnationWith(NEW, {})]);
    assert.equal([state.bytes, state.retainedBytes], [0, 0]);
    await fixture.open().write([REDELIVER]);
    assert.equal((await fixture.open().load()).incarnations[0], incarnationWith(OLD, emptied(3)));
  });

  test("write() leaves nothing of an incarnation that it minted, closed and purged", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), ...three(OLD), close(OLD), evict(0, 0), mint(NEW)]);
    const state = await fixture.open().load();
    assert.equal(state.incarnations, [incarnationWith(NEW, {})]);
    assert.equal(state.purged, { events: 3, likes: 30n });
    assert.equal([state.bytes, state.retainedBytes], [0, 0]);
    const nothing = { position: undefined, records: [], end: undefined };
    assert.equal(await fixture.open().read(OLD, 3, 100, 100), nothing);
  });
}

function acceptEvictions(test: Test, makeFixture: () => OutboxFixture): void {
  test("evict removes the oldest retained records until the rest fits the bytes", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), ...three(OLD), close(OLD)]);
    await store.write([mint(NEW), ...three(NEW), acknowledge(NEW, 2)]);
    const full = store.state;
    await store.write([evict(5 * SMALL, 1)]);
    assert.is(store.state, full, "it fits");
    await store.write([evict(5 * SMALL - 1, 1)]);
    assert.equal(await sequencesAfter(store, OLD, 1), [2, 3]);
    assert.equal(store.state.incarnations[0]?.trimmed, positionAt(1));
    await store.write([evict(SMALL, 1)]);
    assert.equal(store.state.incarnations, [
      incarnationWith(OLD, { ...emptied(3), closed: true }),
      incarnationWith(NEW, {
        trimmed: positionAt(1),
        acknowledged: positionAt(2),
        last: positionAt(3),
      }),
    ]);
    await store.write([evict(0, 0)]);
    const { incarnations, bytes, retainedBytes } = await fixture.open().load();
    const both = { trimmed: positionAt(2), acknowledged: positionAt(2) };
    assert.equal(incarnations, [incarnationWith(NEW, { ...both, last: positionAt(3) })]);
    assert.equal(store.state.purged, { events: 3, likes: 30n });
    assert.equal([bytes, retainedBytes], [SMALL, 0], "unacknowledged records stay");
    assert.equal(await sequencesAfter(fixture.open(), NEW, 2), [3]);
  });

  test("evict purges the oldest closed incarnations when there are too many", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), ...three(OLD), close(OLD)]);
    await store.write([mint(MIDDLE), ...three(MIDDLE), close(MIDDLE)]);
    await store.write([mint(NEW), ...three(NEW), acknowledge(NEW, 3)]);
    await store.write([evict(1e9, 2)]);
    assert.equal(idsOf(store), [OLD, MIDDLE, NEW]);
    await store.write([evict(1e9, 1)]);
    assert.equal(idsOf(store), [MIDDLE, NEW]);
    await store.write([evict(1e9, 0)]);
    const again = fixture.open();
    assert.equal(idsOf(again), [NEW]);
    assert.equal(again.state.purged, { events: 6, likes: 60n });
    assert.equal([again.state.bytes, again.state.retainedBytes], [3 * SMALL, 3 * SMALL]);
  });

  test("evict skips parked and unacknowledged records", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    const trouble = { kind: "gap", incarnation: OLD, ...NO_EVENTS, detail: "" } as const;
    await store.write([mint(OLD), ...three(OLD), acknowledge(OLD, 1)]);
    await store.write([{ type: "park", incarnation: OLD, trouble }]);
    await store.write([mint(NEW), ...three(NEW), acknowledge(NEW, 1), evict(0, 0)]);
    const again = fixture.open();
    assert.equal(await sequencesAfter(again, OLD, 1), [2, 3]);
    assert.equal(await sequencesAfter(again, NEW, 1), [2, 3]);
    assert.is(again.state.retainedBytes, 0);
  });
}

function acceptRedeliveries(test: Test, makeFixture: () => OutboxFixture): void {
  test("begin_redelivery undoes acknowledged, closed and parked, except for trims", async () => {
    await using fixture = makeFixture();
    const before = fixture.open();
    const range = { events: { first: 1, last: 2 }, digest: testId(4) };
    const trouble = { kind: "gap", incarnation: MIDDLE, ...range, detail: "" } as const;
    await before.write([mint(OLD), ...three(OLD), close(OLD)]);
    await before.write([{ type: "trim", incarnation: OLD, upTo: 1 }]);
    await before.write([mint(MIDDLE), ...three(MIDDLE)]);
    await before.write([{ type: "park", incarnation: MIDDLE, trouble }]);
    await before.write([mint(NEW), ...three(NEW), acknowledge(NEW, 2, SEEN), REDELIVER]);
    const store = fixture.open();
    const state = await store.load();
    const trimmed = { trimmed: positionAt(1), acknowledged: positionAt(1) };
    assert.equal(state.incarnations, [
      incarnationWith(OLD, { ...trimmed, last: positionAt(3) }),
      incarnationWith(MIDDLE, { last: positionAt(3) }),
      incarnationWith(NEW, { acknowledged: origin(NEW), last: positionAt(3) }),
    ]);
    assert.equal([state.bytes, state.retainedBytes], [8 * SMALL, 0]);
    assert.equal([state.seen, state.isRedelivering], [SEEN, true]);
    await store.write([REDELIVER]);
    assert.equal(store.state, state, "there is nothing to undo");
    await store.write([{ type: "end_redelivery" }]);
    const { state: redelivered } = store;
    assert.is(redelivered.isRedelivering, false);
    await store.write([{ type: "end_redelivery" }]);
    assert.is(store.state, redelivered);
    await store.write([acknowledge(OLD, 3), close(OLD)]);
    assert.is(store.state.retainedBytes, 2 * SMALL);
  });
}

function acceptUndone(test: Test, makeFixture: () => OutboxFixture): void {
  test("write() undoes retention and removals when it is refused or asserts", async () => {
    await using fixture = makeFixture();
    const writes = [acknowledge(OLD, 2), { type: "trim", incarnation: OLD, upTo: 2 }] as const;
    await fixture.open().write([mint(OLD), ...three(OLD)]);
    const store = fixture.openFull();
    const before = store.state;
    const larger = append(OLD, [5, 5], { bytes: LARGE_BYTES });
    assert.is(await store.write([...writes, append(OLD, [4, 4]), larger]), "disk_full");
    assert.is(store.state, before);
    await assertionOf("follows", () => store.write([...writes, append(OLD, [9, 9])]));
    assert.is(store.state, before);
    assert.equal(await sequencesAfter(store, OLD, 0), [1, 2, 3]);
    assert.equal(await fixture.open().load(), before);
    const again = fixture.open();
    fixture.breakDisk();
    await faultOf("store_failed", () => again.write([...writes, append(OLD, [4, 4])]));
    assert.equal(await fixture.open().load(), before);
    assert.equal(await sequencesAfter(fixture.open(), OLD, 0), [1, 2, 3]);
  });
}
