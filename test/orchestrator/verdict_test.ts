import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PRIMARY, judge } from "../../src/orchestrator/verdict.ts";
import { observation, tally } from "./observation_fixture.ts";

const UNREADABLE = ["likes-server-1: Cannot read the outbox"];

test("judge() says exact when all processes show what the outboxes accepted", () => {
  const verdict = judge(observation(50n));
  assert.is(verdict.outcome, "exact");
  assert.is(verdict.converged, true);
  assert.is(verdict.acceptedLikes, 100n);
  assert.is(verdict.totalLikes, 100n);
  assert.is(verdict.events, 6);
  assert.is(verdict.showing, 3);
  assert.equal(verdict.differing, []);
  assert.is(verdict.seedLikes, undefined);
});

test("judge() says exact, and not converged, when something is outstanding", () => {
  const outstanding = ["likes-server-7 is silent"];
  const verdict = judge(observation(50n, { everywhere: false, outstanding }));
  assert.is(verdict.outcome, "exact");
  assert.is(verdict.converged, false);
  assert.equal(verdict.outstanding, outstanding);
});

test("judge() says inexact and names who when a process shows another total", () => {
  for (const totalLikes of [99n, 101n, 0n, undefined]) {
    for (const name of [PRIMARY, "likes-server-0", "likes-server-1"]) {
      const { shown } = observation(50n);
      const others = shown.filter((one) => one.name !== name);
      const verdict = judge(observation(50n, { shown: [...others, { name, totalLikes }] }));
      assert.is(verdict.outcome, "inexact");
      assert.is(verdict.converged, false, "whatever the primary says");
      assert.equal(verdict.differing, [{ name, totalLikes }]);
      assert.is(verdict.showing, 2);
    }
  }
});

test("judge() believes the outboxes when all processes agree on another total", () => {
  const verdict = judge(observation(50n, { outboxes: [tally("likes-server-0", 3, 99n)] }));
  assert.is(verdict.outcome, "inexact");
  assert.is(verdict.differing.length, 3);
});

test("judge() tells neighbours apart when totals are beyond 2^53", () => {
  const likes = 2n ** 53n;
  assert.is(judge(observation(likes)).outcome, "exact");
  const { shown } = observation(likes);
  const off = shown.map(({ name }) => ({ name, totalLikes: likes * 2n + 1n }));
  assert.is(judge(observation(likes, { shown: off })).outcome, "inexact");
});

test("judge() computes the likes again when all were generated", () => {
  const same = judge(observation(30n), (_serverId, events) => BigInt(events) * 10n);
  assert.is(same.outcome, "exact");
  assert.is(same.seedLikes, 60n);
  const other = judge(observation(30n), () => 31n);
  assert.is(other.outcome, "inexact");
  assert.is(other.converged, false);
  assert.is(other.seedLikes, 62n);
  assert.equal(other.differing, [], "they all show what was accepted, and that is wrong");
});

test("judge() leaves the seed alone when likes came from elsewhere", () => {
  const byHand = { ...tally("likes-server-1", 3, 30n), generatedEvents: 2 };
  const outboxes = [tally("likes-server-0", 3, 30n), byHand];
  const verdict = judge(observation(30n, { outboxes }), () => 31n);
  assert.is(verdict.outcome, "exact");
  assert.is(verdict.seedLikes, undefined);
  const stranger = judge(observation(30n), (id) => (id === "likes-server-0" ? 31n : undefined));
  assert.is(stranger.outcome, "exact");
  assert.is(stranger.seedLikes, undefined);
});

test("judge() says undecided when an outbox cannot be read, whatever else is wrong", () => {
  const exact = judge(observation(50n, { unreadable: UNREADABLE }));
  assert.is(exact.outcome, "undecided");
  assert.is(exact.converged, false);
  assert.equal(exact.unreadable, UNREADABLE);
  const wrong = judge(observation(50n, { unreadable: UNREADABLE, shown: [] }), () => 1n);
  assert.is(wrong.outcome, "undecided");
});

test("judge() says exact for nothing when nothing was given", () => {
  const verdict = judge(observation(0n, { outboxes: [] }), () => 0n);
  assert.is(verdict.outcome, "exact");
  assert.is(verdict.acceptedLikes, 0n);
});

test("judge() never says exact when one total is off by anything", () => {
  const likes = fc.bigInt({ min: 0n, max: 2n ** 63n });
  const off = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }).filter((by) => by !== 0n);
  fc.assert(
    fc.property(likes, off, fc.nat({ max: 2 }), (accepted, by, index) => {
      const { shown } = observation(accepted);
      const lying = shown.map((one, at) =>
        at === index ? { name: one.name, totalLikes: accepted * 2n + by } : one,
      );
      return judge(observation(accepted, { shown: lying })).outcome === "inexact";
    }),
  );
});

test.run();
