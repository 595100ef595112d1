import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RunResult } from "../../src/orchestrator/run.ts";
import { PRIMARY, judge } from "../../src/orchestrator/verdict.ts";
import type { Observation, SeedLikes } from "../../src/orchestrator/verdict.ts";
import { verdictJson, verdictText } from "../../src/orchestrator/verdict_text.ts";
import { observation } from "./observation_fixture.ts";

const CONTEXT = { seed: 7, logDir: "/logs", dataDir: "/data" };

function result(
  observed: Observation,
  changes: Partial<RunResult> = {},
  seedLikes?: SeedLikes,
): RunResult {
  const verdict = judge(observed, seedLikes);
  const convergedAfterMs = verdict.converged ? 412 : undefined;
  return { verdict, durationMs: 5_000, convergedAfterMs, givenUp: false, servers: [], ...changes };
}

test("verdictText() says in one sentence that a run is exact", () => {
  assert.is(
    verdictText(result(observation(3_115n))),
    "EXACT 6,230 likes in 6 events; 3 of 3 processes show it; converged 0.5 s after the last like",
  );
});

test("verdictText() never makes the convergence faster than it was", () => {
  for (const [ms, text] of [
    [0, "converged 0 s "],
    [1, "converged 0.1 s "],
    [100, "converged 0.1 s "],
    [101, "converged 0.2 s "],
    [9_900, "converged 9.9 s "],
    [9_901, "converged 10 s "],
    [12_001, "converged 13 s "],
  ] as const) {
    assert.match(verdictText(result(observation(1n), { convergedAfterMs: ms })), text);
  }
});

test("verdictText() names the processes that differ, and by how much", () => {
  const shown = [
    { name: PRIMARY, totalLikes: 99n },
    { name: "likes-server-0", totalLikes: 1_101n },
    { name: "likes-server-1", totalLikes: undefined },
    { name: "likes-server-2", totalLikes: 100n },
  ];
  const outstanding = ["likes-server-1 is silent"];
  assert.is(
    verdictText(result(observation(50n, { shown, everywhere: false, outstanding }))),
    "NOT EXACT 100 likes in 6 events; 1 of 4 processes show it; primary shows 99 (-1), " +
      "likes-server-0 shows 1,101 (+1,001), likes-server-1 does not answer; " +
      "not converged in time (likes-server-1 is silent)",
  );
});

test("verdictText() names only some when many differ", () => {
  const shown = Array.from({ length: 100 }, (_, index) => {
    return { name: `likes-server-${index}`, totalLikes: undefined };
  });
  const text = verdictText(result(observation(1n, { shown })));
  assert.match(text, "likes-server-11 does not answer, and 88 more; not converged in time");
  assert.not.match(text, "likes-server-12");
});

test("verdictText() tells what the seed gives when that is something else", () => {
  const text = verdictText(result(observation(50n), {}, () => 600n));
  assert.match(text, /^NOT EXACT 100 likes .*; 3 of 3 processes show it; the seed gives 1,200; /);
});

test("verdictText() says why when nothing can be decided", () => {
  const unreadable = ["likes-server-0: Cannot read it", "stranger: its outbox is elsewhere"];
  assert.is(
    verdictText(result(observation(50n, { unreadable }))),
    "CANNOT BE DECIDED: likes-server-0: Cannot read it; stranger: its outbox is elsewhere",
  );
});

test("verdictText() says that a process was given up", () => {
  assert.match(
    verdictText(result(observation(1n), { givenUp: true })),
    /; a process was given up$/,
  );
});

test("verdictJson() writes 64-bit numbers as text", () => {
  const likes = 2n ** 62n;
  const server = {
    serverId: "likes-server-0",
    intervalMs: 1_234,
    events: 3,
    acceptedLikes: likes,
    knownTotalLikes: undefined,
  };
  const json = verdictJson(result(observation(likes), { servers: [server] }), CONTEXT);
  assert.equal(JSON.parse(JSON.stringify(json)), {
    verdict: "exact",
    exact: true,
    converged: true,
    totalLikes: "9223372036854775808",
    acceptedLikes: "9223372036854775808",
    seedLikes: null,
    events: "6",
    convergedAfterMs: 412,
    durationMs: 5_000,
    givenUp: false,
    seed: 7,
    logDir: "/logs",
    dataDir: "/data",
    unreadable: [],
    outstanding: [],
    servers: [
      {
        serverId: "likes-server-0",
        intervalMs: 1_234,
        events: "3",
        acceptedLikes: "4611686018427387904",
        knownTotalLikes: null,
      },
    ],
  });
});

test("verdictJson() is neither exact nor converged when nothing can be decided", () => {
  const observed = observation(50n, { unreadable: ["likes-server-0: Cannot read it"] });
  const { exact, converged, verdict } = verdictJson(result(observed), CONTEXT);
  assert.equal([exact, converged, verdict], [false, false, "undecided"]);
});

test("verdictJson() is not converged when a process was given up", () => {
  const { exact, converged } = verdictJson(result(observation(1n), { givenUp: true }), CONTEXT);
  assert.equal([exact, converged], [true, false]);
});

test.run();
