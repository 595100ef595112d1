import { test } from "uvu";
import * as assert from "uvu/assert";
import { compareStates, UNSET } from "../../src/core/protocol/register.ts";
import type { RegisterState } from "../../src/core/protocol/register.ts";
import { expectedOf } from "../../src/demo/expected.ts";
import { PersonLikes, setAt } from "../../src/demo/person_generator.ts";

const PLAN = {
  seed: 7,
  serverId: "likes-server-0",
  intervalMinMs: 10,
  intervalMaxMs: 14,
  likesMax: 42,
  persons: 20,
};
const OTHER = { ...PLAN, serverId: "likes-server-1" };
const EVENTS = 300;

test("setAt() lets every person like, and take back", () => {
  const sets = Array.from({ length: EVENTS }, (_, event) => setAt(PLAN, event));
  for (const likes of [0, 1]) {
    const persons = sets.filter(({ state }) => state.likes === likes);
    assert.is(new Set(persons.map(({ subject }) => subject)).size, PLAN.persons);
  }
});

test("setAt() gives each revision of a server once, odd ones with a like", () => {
  for (let event = 0; event < EVENTS; event++) {
    const { state } = setAt(PLAN, event);
    assert.is(state.revision, event + 1);
    assert.equal([state.likes, state.reaction], Array(2).fill((event + 1) % 2));
  }
});

test("setAt() is the same for a third of the events of all servers, and else its own", () => {
  const isSame = (event: number) => setAt(PLAN, event).subject === setAt(OTHER, event).subject;
  const events = Array.from({ length: EVENTS }, (_, event) => event);
  const same = events.filter(isSame).length;
  assert.ok(events.filter((event) => event % 3 === 0).every(isSame));
  assert.ok(same < EVENTS / 2, `${same} of ${EVENTS}`);
});

test("PersonLikes adds up the greatest state of each person, in steps and in any order", () => {
  const greatest = new Map<string, RegisterState>();
  for (const plan of [PLAN, OTHER]) {
    for (let event = 0; event < EVENTS; event++) {
      const { subject, state } = setAt(plan, event);
      const known = greatest.get(subject) ?? UNSET;
      greatest.set(subject, compareStates(state, known) > 0 ? state : known);
    }
  }
  const expected = [...greatest.values()].reduce((sum, { likes }) => sum + likes, 0);
  const given = new PersonLikes();
  for (const events of [10, 10, EVENTS, 5]) given.add(OTHER, events);
  given.add(PLAN, EVENTS);
  assert.is(given.likes, BigInt(expected));
  assert.ok(expected > 0 && expected < PLAN.persons);
});

test("expectedOf() computes the likes of persons from the events of all servers", () => {
  const options = { plan: PLAN, serverIds: ["likes-server-0", "likes-server-1"] };
  const { seedLikes } = expectedOf({ ...options, ranMs: 1_000, before: [] });
  const given = new PersonLikes();
  given.add(PLAN, 9);
  given.add(OTHER, 4);
  const events = [
    ["likes-server-0", 9],
    ["likes-server-1", 4],
  ] as const;
  assert.is(seedLikes?.(new Map(events)), given.likes);
  assert.is(seedLikes?.(new Map([["stranger", 1]])), undefined);
});

test.run();
