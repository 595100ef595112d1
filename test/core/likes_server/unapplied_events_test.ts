import { test } from "uvu";
import * as assert from "uvu/assert";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import type { LikeEvent } from "../../../src/core/protocol/like_event.ts";
import { UnappliedEvents } from "../../../src/core/likes_server/unapplied_events.ts";
import type { IncarnationProgress } from "../../../src/core/likes_server/unapplied_events.ts";
import { INCARNATIONS_NAMED_MAX, RECENT_EVENTS_MAX } from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";
import { like } from "../core_fixture.ts";
import { registerKey } from "../../../src/core/protocol/register.ts";
import {
  ADA,
  ADA_OF_VIDEO,
  BOB,
  BOB_OF_VIDEO,
  CLIENT,
  liked,
  namedAdd,
  setOf,
  takenBack,
} from "./persons_fixture.ts";

const OWN = testId(1);
const OLD = testId(2);

test("likesAfter() sums the likes by item after the applied sequence, also within a group", () => {
  const recent = new UnappliedEvents([reached(OWN, 0)]);
  recent.add(OWN, 1, [like(1, "a"), like(2, "b")]);
  recent.add(OWN, 3, [like(4, "a"), like(8, "a"), like(16, "b")]);
  assert.equal(after(recent, [OWN, 0]), { a: 13n, b: 18n });
  assert.equal(after(recent, [OWN, 1]), { a: 12n, b: 18n });
  assert.equal(after(recent, [OWN, 4]), { b: 16n });
  assert.equal(after(recent, [OWN, 5]), {});
});

test("likesAfter() returns undefined for an incarnation without answer or events", () => {
  const recent = new UnappliedEvents([reached(OLD, 7), reached(OWN, 0)]);
  assert.equal(after(recent, [OLD, 7]), {}, "an incarnation without events needs no answer");
  recent.add(OWN, 1, [like(1, "a")]);
  assert.is(after(recent, [OLD, 7]), undefined);
  assert.is(after(recent, [OLD, 6], [OWN, 0]), undefined, "an earlier process's events");
  assert.equal(after(recent, [OLD, 7], [OWN, 0]), { a: 1n });
});

test("prune() drops acknowledged events and closed incarnations", () => {
  const recent = new UnappliedEvents([reached(OLD, 7), reached(OWN, 0)]);
  recent.add(OWN, 1, [like(1, "a")]);
  recent.add(OWN, 2, [like(2, "a"), like(4, "a")]);
  recent.prune([reached(OWN, 3, 1)]);
  assert.is(recent.size, 2);
  assert.equal(recent.incarnations, [OWN]);
  assert.equal(after(recent, [OWN, 1]), { a: 6n });
  assert.is(after(recent, [OWN, 0]), undefined, "the ledger went back");
  recent.prune([reached(OWN, 3, 3)]);
  assert.is(recent.size, 0);
  recent.add(OWN, 4, [like(1, "a")]);
  recent.prune([]);
  assert.is(recent.size, 0, "a closed incarnation takes no room");
});

test("prune() adds an incarnation before its first event", () => {
  const recent = new UnappliedEvents([reached(OWN, 0)]);
  recent.prune([reached(OWN, 0), reached(OLD, 0)]);
  assert.equal(recent.incarnations, [OWN, OLD]);
});

test("add() drops the oldest beyond RECENT_EVENTS_MAX; their likes are then unknown", () => {
  const recent = new UnappliedEvents([reached(OWN, 0)]);
  const group = (): LikeEvent[] => Array.from({ length: 1_000 }, () => like(1, "a"));
  for (let first = 1; first <= RECENT_EVENTS_MAX; first += 1_000) recent.add(OWN, first, group());
  assert.equal(after(recent, [OWN, 0]), { a: BigInt(RECENT_EVENTS_MAX) });
  recent.add(OWN, RECENT_EVENTS_MAX + 1, [like(1, "a")]);
  assert.is(recent.size, RECENT_EVENTS_MAX - 999);
  assert.is(after(recent, [OWN, 999]), undefined);
  assert.equal(after(recent, [OWN, 1_000]), { a: BigInt(RECENT_EVENTS_MAX - 999) });
});

test("incarnations has the newest INCARNATIONS_NAMED_MAX", () => {
  const ids = Array.from({ length: INCARNATIONS_NAMED_MAX + 1 }, (_, index) => testId(index + 1));
  const recent = new UnappliedEvents(ids.map((id) => reached(id, 1)));
  assert.equal(recent.incarnations, ids.slice(1));
});

test("setOf() returns the greatest set of its register, wherever it came", () => {
  const recent = new UnappliedEvents([reached(OWN, 0)]);
  recent.add(OWN, 1, [setOf(liked(1)), setOf(liked(3)), setOf(takenBack(2))]);
  recent.add(OWN, 4, [setOf(liked(9), BOB), setOf(liked(8), ADA, "song"), setOf(liked(3))]);
  const name = { incarnation: OWN, sequence: 2 };
  assert.equal(recent.setOf(ADA_OF_VIDEO), { ...name, state: liked(3) });
  assert.equal(recent.setOf(BOB_OF_VIDEO)?.state, liked(9));
  assert.is(recent.setOf(registerKey(BOB, "song")), undefined);
});

test("addOf() returns the first add with a name", () => {
  const recent = new UnappliedEvents([reached(OWN, 0)]);
  recent.add(OWN, 1, [like(1), namedAdd(1), namedAdd(2, 7n, "song"), namedAdd(1, 6n)]);
  assert.equal(
    [1, 2, 3].map((number) => recent.addOf({ client: CLIENT, number })),
    [
      { incarnation: OWN, sequence: 2, itemId: "video", likes: 5n },
      { incarnation: OWN, sequence: 3, itemId: "song", likes: 7n },
      undefined,
    ],
  );
  assert.is(recent.addOf({ client: testId(0xc2), number: 1 }), undefined);
});

test("prune() forgets sets and names that it drops, and keeps greater sets", () => {
  const recent = new UnappliedEvents([reached(OWN, 0)]);
  recent.add(OWN, 1, [setOf(liked(1)), setOf(liked(5), BOB), namedAdd(1)]);
  recent.add(OWN, 4, [setOf(takenBack(2)), namedAdd(2)]);
  recent.prune([reached(OWN, 5, 3)]);
  assert.equal(recent.setOf(ADA_OF_VIDEO)?.state, takenBack(2));
  assert.is(recent.setOf(BOB_OF_VIDEO), undefined);
  assert.equal(namesIn(recent), [2]);
  recent.prune([reached(OWN, 5, 5)]);
  assert.is(recent.setOf(ADA_OF_VIDEO), undefined);
  assert.equal(namesIn(recent), []);
});

test("prune() forgets the sets and names of an incarnation that is closed", () => {
  const recent = new UnappliedEvents([reached(OWN, 0)]);
  recent.add(OWN, 1, [setOf(liked(1)), namedAdd(1)]);
  recent.prune([]);
  assert.is(recent.setOf(ADA_OF_VIDEO), undefined);
  assert.equal(namesIn(recent), []);
});

test("add() forgets the sets and names of the oldest events beyond its bound", () => {
  const recent = new UnappliedEvents([reached(OWN, 0)], 3);
  recent.add(OWN, 1, [setOf(liked(1)), namedAdd(1)]);
  recent.add(OWN, 3, [setOf(liked(1), BOB), namedAdd(2)]);
  assert.is(recent.setOf(ADA_OF_VIDEO), undefined);
  assert.equal(recent.setOf(BOB_OF_VIDEO)?.sequence, 3);
  assert.equal(namesIn(recent), [2]);
});

test("pendingAfter() counts sets beside the likes of adds, by item", () => {
  const recent = new UnappliedEvents([reached(OWN, 0)]);
  recent.add(OWN, 1, [setOf(liked(1)), like(4), setOf(takenBack(2)), setOf(liked(1), BOB, "song")]);
  assert.equal(
    [...(recent.pendingAfter(new Map([[OWN, 1]])) ?? [])],
    [
      ["video", { likes: 4n, sets: 1 }],
      ["song", { likes: 0n, sets: 1 }],
    ],
  );
});

test.run();

/** Returns which of the first names have an add in memory. */
function namesIn(recent: UnappliedEvents): readonly number[] {
  return [1, 2].filter((number) => recent.addOf({ client: CLIENT, number }) !== undefined);
}

function reached(id: IncarnationId, last: number, acknowledged = 0): IncarnationProgress {
  return { id, last: { sequence: last }, acknowledged: { sequence: acknowledged } };
}

function after(recent: UnappliedEvents, ...applied: readonly [IncarnationId, number][]) {
  const pending = recent.pendingAfter(new Map(applied));
  if (pending === undefined) return undefined;
  return Object.fromEntries([...pending].map(([itemId, { likes }]) => [itemId, likes]));
}
