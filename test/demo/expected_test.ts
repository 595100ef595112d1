import { test } from "uvu";
import * as assert from "uvu/assert";
import { intervalMs, likesBetween } from "../../src/demo/generator.ts";
import { expectedOf } from "../../src/demo/expected.ts";
import { markOf, tally } from "./observation_fixture.ts";

const PLAN = { seed: 7, intervalMinMs: 400, intervalMaxMs: 900, likesMax: 42, persons: 0 };
const OPTIONS = { plan: PLAN, serverIds: ["a", "b"], ranMs: 4_000, before: [] };

test("expectedOf() counts the ticks of each generator within the run's duration", () => {
  const { generators, earlierEvents } = expectedOf(OPTIONS);
  for (const { serverId, dueEvents, earlierEvents: earlier } of generators) {
    assert.is(dueEvents, Math.floor(4_000 / intervalMs({ ...PLAN, serverId })));
    assert.ok(dueEvents >= 4 && earlier === 0);
  }
  assert.is(earlierEvents, 0);
  const [first] = expectedOf({
    ...OPTIONS,
    ranMs: intervalMs({ ...PLAN, serverId: "a" }),
  }).generators;
  assert.is(first?.dueEvents, 1, "the tick at the very end is due");
});

test("expectedOf() computes the same likes of the seed when asked repeatedly and in steps", () => {
  const { seedLikes } = expectedOf(OPTIONS);
  const plan = { ...PLAN, serverId: "a" };
  for (const events of [0, 3, 3, 9])
    assert.is(seedLikes?.(new Map([["a", events]])), likesBetween(plan, 0, events));
  assert.is(seedLikes?.(new Map([["unregistered", 3]])), undefined);
});

test("expectedOf() has no likes of the seed when there were likes before", () => {
  const before = [{ ...tally("a", 5, 70n), mark: markOf(4) }, tally("c", 2, 1n)];
  const expected = expectedOf({ ...OPTIONS, before });
  assert.is(expected.seedLikes, undefined);
  assert.is(expected.earlierEvents, 7);
  assert.equal(
    expected.generators.map(({ earlierEvents }) => earlierEvents),
    [4, 0],
  );
});

test.run();
