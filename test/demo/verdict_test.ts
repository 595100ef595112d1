import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PRIMARY, judge } from "../../src/demo/verdict.ts";
import { markOf, expected, observation, tally } from "./observation_fixture.ts";

const UNREADABLE = ["likes-server-1: Cannot read the outbox"];

test("judge() says exact when all processes show what the outboxes accepted", () => {
  const verdict = judge(observation(50n), expected());
  assert.is(verdict.outcome, "exact");
  assert.is(verdict.converged, true);
  assert.is(verdict.acceptedLikes, 100n);
  assert.is(verdict.totalLikes, 100n);
  assert.is(verdict.events, 6);
  assert.is(verdict.showing, 3);
  assert.equal(verdict.differing, []);
  assert.is(verdict.seedLikes, undefined);
});

test("judge() says exact but not converged when something is outstanding", () => {
  const outstanding = ["likes-server-7 is silent"];
  const verdict = judge(observation(50n, { everywhere: false, outstanding }), expected());
  assert.is(verdict.outcome, "exact");
  assert.is(verdict.converged, false);
  assert.equal(verdict.outstanding, outstanding);
});

test("judge() says inexact and names the process when one shows another total", () => {
  for (const totalLikes of [99n, 101n, 0n, undefined]) {
    for (const name of [PRIMARY, "likes-server-0", "likes-server-1"]) {
      const { shown } = observation(50n);
      const others = shown.filter((one) => one.name !== name);
      const verdict = judge(
        observation(50n, { shown: [...others, { name, totalLikes }] }),
        expected(),
      );
      assert.is(verdict.outcome, "inexact");
      assert.is(verdict.converged, false, "whatever the primary says");
      assert.equal(verdict.differing, [{ name, totalLikes }]);
      assert.is(verdict.showing, 2);
    }
  }
});

test("judge() believes the outboxes when all processes agree on another total", () => {
  const verdict = judge(
    observation(50n, { outboxes: [tally("likes-server-0", 3, 99n)] }),
    expected(),
  );
  assert.is(verdict.outcome, "inexact");
  assert.is(verdict.differing.length, 3);
});

test("judge() distinguishes adjacent totals beyond 2^53", () => {
  const likes = 2n ** 53n;
  assert.is(judge(observation(likes), expected()).outcome, "exact");
  const { shown } = observation(likes);
  const off = shown.map(({ name }) => ({ name, totalLikes: likes * 2n + 1n }));
  assert.is(judge(observation(likes, { shown: off }), expected()).outcome, "inexact");
});

test("judge() compares with the seed when all likes were generated", () => {
  const same = judge(
    observation(30n),
    expected((_serverId, events) => BigInt(events) * 10n),
  );
  assert.is(same.outcome, "exact");
  assert.is(same.seedLikes, 60n);
  const other = judge(
    observation(30n),
    expected(() => 31n),
  );
  assert.is(other.outcome, "inexact");
  assert.is(other.converged, false);
  assert.is(other.seedLikes, 62n);
  assert.equal(other.differing, [], "all show what was accepted, which is wrong");
});

test("judge() ignores the seed when likes came from elsewhere", () => {
  const byHand = { ...tally("likes-server-1", 3, 30n), mark: markOf(2) };
  const outboxes = [tally("likes-server-0", 3, 30n), byHand];
  const verdict = judge(
    observation(30n, { outboxes }),
    expected(() => 31n),
  );
  assert.is(verdict.outcome, "exact");
  assert.is(verdict.seedLikes, undefined);
  const stranger = judge(
    observation(30n),
    expected((id) => (id === "likes-server-0" ? 31n : undefined)),
  );
  assert.is(stranger.outcome, "exact");
  assert.is(stranger.seedLikes, undefined);
});

test("judge() says undecided when an outbox cannot be read, whatever else is wrong", () => {
  const exact = judge(observation(50n, { unreadable: UNREADABLE }), expected());
  assert.is(exact.outcome, "undecided");
  assert.is(exact.converged, false);
  assert.equal(exact.unreadable, UNREADABLE);
  const wrong = judge(
    observation(50n, { unreadable: UNREADABLE, shown: [] }),
    expected(() => 1n),
  );
  assert.is(wrong.outcome, "undecided");
});

test("judge() says exact when nothing was due and nothing was added", () => {
  const verdict = judge(
    observation(0n, { outboxes: [] }),
    expected(() => 0n, { generators: [] }),
  );
  assert.is(verdict.outcome, "exact");
  assert.is(verdict.acceptedLikes, 0n);
  assert.is(verdict.newEvents, 0);
});

test("judge() is undecided when a generator added none of its due events", () => {
  const outboxes = [tally("likes-server-0", 3, 50n), tally("likes-server-1", 0, 0n)];
  const shown = observation(25n).shown;
  const verdict = judge(observation(50n, { outboxes, shown }), expected());
  assert.is(verdict.outcome, "undecided");
  assert.is(verdict.converged, true, "the sums agree, whatever they prove");
  assert.equal(verdict.idle, [{ serverId: "likes-server-1", dueEvents: 3, addedEvents: 0 }]);
  const wrong = judge(observation(50n, { outboxes }), expected());
  assert.is(wrong.outcome, "inexact", "sums that differ are wrong all the same");
});

test("judge() is undecided when only earlier runs added events", () => {
  const generators = expected().generators.map((part) => ({ ...part, earlierEvents: 3 }));
  const verdict = judge(observation(50n), expected(undefined, { generators, earlierEvents: 6 }));
  assert.is(verdict.outcome, "undecided");
  assert.is(verdict.idle.length, 2);
  assert.is(verdict.newEvents, 0);
});

test("judge() accepts a generator that added fewer events than were due", () => {
  const generators = expected().generators.map((part) => ({ ...part, dueEvents: 1_000 }));
  const verdict = judge(observation(50n), expected(undefined, { generators }));
  assert.is(verdict.outcome, "exact", "machines are slow");
  assert.equal(verdict.idle, []);
  assert.equal(
    verdict.generators.map(({ addedEvents }) => addedEvents),
    [3, 3],
  );
});

test("judge() has no count for a generator whose outbox cannot be read", () => {
  const outboxes = [tally("likes-server-0", 3, 50n)];
  const verdict = judge(observation(25n, { outboxes, unreadable: UNREADABLE }), expected());
  assert.is(verdict.generators[1]?.addedEvents, undefined);
  assert.equal(verdict.idle, []);
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
      return judge(observation(accepted, { shown: lying }), expected()).outcome === "inexact";
    }),
  );
});

test.run();
