import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  UNSET,
  compareStates,
  nextState,
  partsOfKey,
  rankOf,
  registerKey,
  stateOf,
} from "../../../src/core/protocol/register.ts";
import { LIKES_PER_PERSON_MAX, REACTIONS_MAX, REVISIONS_MAX } from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";

const state = fc
  .record(
    {
      revision: fc.oneof(fc.nat(3), fc.nat(REVISIONS_MAX)),
      reaction: fc.nat(REACTIONS_MAX),
      likes: fc.nat(LIKES_PER_PERSON_MAX),
    },
    { noNullPrototype: true },
  )
  .map((one) => ({ ...one }));

test("rankOf() orders states as compareStates() does, and stateOf() reads it back", () => {
  fc.assert(
    fc.property(state, state, (one, other) => {
      const order = Math.sign(compareStates(one, other));
      assert.is(order, Math.sign(rankOf(one) - rankOf(other)));
      assert.equal(stateOf(rankOf(one)), one);
      assert.ok(Number.isSafeInteger(rankOf(one)));
    }),
    { numRuns: 2_000 },
  );
});

test("nextState() is the next greater state, or undefined when nothing is to change", () => {
  const like = { reaction: 1, likes: 1 };
  const liked = nextState(UNSET, like);
  assert.equal(liked, { revision: 1, ...like });
  assert.is(nextState({ revision: 1, ...like }, like), undefined);
  assert.equal(nextState({ revision: 1, ...like }, { reaction: 0, likes: 0 }), {
    revision: 2,
    reaction: 0,
    likes: 0,
  });
  assert.is(nextState(UNSET, { reaction: 0, likes: 0 }), undefined);
  fc.assert(
    fc.property(state, state, (base, { reaction, likes }) => {
      const next = nextState(base, { reaction, likes });
      if (next !== undefined) assert.ok(compareStates(next, base) > 0);
    }),
  );
});

test("partsOfKey() returns what registerKey() was given", () => {
  for (const itemId of ["a", "0".repeat(32), "😀"]) {
    const key = registerKey(testId(7), itemId);
    assert.equal(partsOfKey(key), { person: testId(7), itemId });
  }
});

test.run();
