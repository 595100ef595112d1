import { test } from "uvu";
import * as assert from "uvu/assert";
import { knownResult } from "../../../src/core/likes_server/known_result.ts";
import { UnappliedEvents } from "../../../src/core/likes_server/unapplied_events.ts";
import type { LikeEvent } from "../../../src/core/protocol/like_event.ts";
import { FIRST, like } from "../core_fixture.ts";
import { BOB, liked, namedAdd, setOf, takenBack } from "./persons_fixture.ts";

test("knownResult() is undefined for an event that is new", () => {
  const stored = storing(setOf(liked(3)), namedAdd(1));
  for (const event of [
    setOf(liked(3), BOB),
    setOf(liked(3), undefined, "song"),
    namedAdd(2),
    like(5),
    setOf(takenBack(4)),
    setOf({ revision: 3, reaction: 2, likes: 1 }),
  ]) {
    assert.is(knownResult(event, stored), undefined, JSON.stringify(event.change, toText));
  }
});

test("knownResult() names the stored event when a set is repeated", () => {
  const stored = storing(like(1), setOf(liked(3)));
  assert.equal(knownResult(setOf(liked(3)), stored), {
    type: "stored",
    incarnation: FIRST,
    sequence: 2,
    state: liked(3),
  });
});

test("knownResult() has the greater state when a set is older", () => {
  const stored = storing(setOf(liked(1)), setOf(takenBack(2)), setOf(liked(3)));
  for (const state of [liked(1), takenBack(2), takenBack(3)]) {
    assert.equal(knownResult(setOf(state), stored), { type: "superseded", state: liked(3) });
  }
});

test("knownResult() names the stored event when a named add is repeated", () => {
  const stored = storing(like(1), namedAdd(1), namedAdd(2, 0n));
  const accepted = { type: "accepted", incarnation: FIRST } as const;
  assert.equal(knownResult(namedAdd(1), stored), { ...accepted, sequence: 2 });
  assert.equal(knownResult(namedAdd(2, 0n), stored), { ...accepted, sequence: 3 });
});

test("knownResult() refuses the name of an add for other likes or another item", () => {
  const stored = storing(namedAdd(1, 5n));
  for (const [event, text] of [
    [namedAdd(1, 6n), 'Cannot accept 6 likes for "video"'],
    [namedAdd(1, 5n, "song"), 'Cannot accept 5 likes for "song"'],
  ] as const) {
    const result = knownResult(event, stored);
    const refusal = result?.type === "refused" ? result.refusal : undefined;
    assert.is(refusal?.code, "operation_reused");
    assert.match(refusal?.message ?? "", text);
    assert.match(refusal?.message ?? "", 'the same operation has added 5 for "video"');
  }
});

test.run();

/** Events in memory, with sequences from 1. */
function storing(...events: readonly LikeEvent[]): UnappliedEvents {
  const progress = { id: FIRST, last: { sequence: 0 }, acknowledged: { sequence: 0 } };
  const stored = new UnappliedEvents([progress]);
  stored.add(FIRST, 1, events);
  return stored;
}

function toText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
