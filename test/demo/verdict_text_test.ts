import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RunResult } from "../../src/demo/run_result.ts";
import { PRIMARY, judge } from "../../src/demo/verdict.ts";
import type { Expected, Observation } from "../../src/demo/verdict.ts";
import { verdictJson, verdictText } from "../../src/demo/verdict_text.ts";
import { expected, observation, tally } from "./observation_fixture.ts";

const CONTEXT = { seed: 7, logDir: "/logs", dataDir: "/data", emptiedLogs: 2 };

function result(
  observed: Observation,
  changes: Partial<RunResult> = {},
  due: Expected = expected(),
): RunResult {
  const verdict = judge(observed, due);
  const convergedAfterMs = verdict.converged ? 412 : undefined;
  const run = { durationMs: 5_000, givenUp: false, primaryRestarts: 0, servers: [] };
  return { verdict, convergedAfterMs, ...run, ...changes };
}

function textOf(...of: Parameters<typeof result>): string {
  return verdictText(result(...of), CONTEXT);
}

function headOf(...of: Parameters<typeof result>): string {
  return textOf(...of).split("\n")[0] ?? "";
}

test("verdictText() shows the evidence for an exact run, and how to prove it", () => {
  const due = expected((_serverId, events) => BigInt(events) * 1_000n);
  assert.is(
    textOf(observation(3_000n), {}, due),
    `EXACT 6,000 likes in 6 events; converged 0.5 s after the last like
sums   outboxes 6,000, seed 6,000, primary 6,000; 3 of 3 processes agree
added  6 of 6 due events
next   npx likes verify --data-dir /data`,
  );
});

test("verdictText() quotes the folder for a shell", () => {
  const text = verdictText(result(observation(1n)), { dataDir: "/tmp/my likes" });
  assert.match(text, /\nnext   npx likes verify --data-dir '\/tmp\/my likes'$/);
});

test("verdictText() says that no likes were added", () => {
  const outboxes = [tally("likes-server-0", 0, 0n), tally("likes-server-1", 0, 0n)];
  const generators = expected().generators.map((part) => ({ ...part, dueEvents: 0 }));
  const text = textOf(
    observation(0n, { outboxes }),
    { convergedAfterMs: undefined },
    expected(() => 0n, { generators }),
  );
  assert.equal(text.split("\n").slice(0, 3), [
    "EXACT 0 likes in 0 events; converged; no likes were added",
    "sums   outboxes 0, seed 0, primary 0; 3 of 3 processes agree",
    "added  0 of 0 due events",
  ]);
  const again = expected(undefined, { generators, earlierEvents: 6 });
  assert.match(
    headOf(observation(50n), { convergedAfterMs: undefined }, again),
    /^EXACT 100 likes in 6 events; converged; no likes were added$/,
  );
});

test("verdictText() does not say exact when generators added none of their due events", () => {
  const none = [tally("likes-server-0", 0, 0n), tally("likes-server-1", 0, 0n)];
  assert.equal(
    textOf(observation(0n, { outboxes: none }))
      .split("\n")
      .slice(0, 3),
    [
      "UNDECIDED: the sums agree, but the generators added nothing although 6 events were due",
      "sums   outboxes 0, primary 0; 3 of 3 processes agree; " +
        "no seed sum: not all likes come from this run's generators",
      "added  0 of 6 due events; late or away: " +
        "likes-server-0 skipped 3 of 3, likes-server-1 skipped 3 of 3",
    ],
  );
  const one = [tally("likes-server-0", 3, 0n), tally("likes-server-1", 0, 0n)];
  assert.match(
    headOf(observation(0n, { outboxes: one })),
    "the sums agree, but likes-server-1 added nothing although 3 events were due",
  );
});

test("verdictText() names the generators that skipped most, and is still exact", () => {
  const names = ["likes-server-0", "likes-server-1", "b", "c", "d"];
  const generators = names.map((serverId, index) => {
    return { serverId, dueEvents: 4 + index, earlierEvents: 0 };
  });
  const others = ["b", "c", "d"].map((serverId) => tally(serverId, 1, 0n));
  const outboxes = [...observation(50n).outboxes, ...others];
  const lines = textOf(observation(50n, { outboxes }), {}, expected(undefined, { generators }));
  assert.match(lines, /^EXACT 100 likes in 9 events; /);
  assert.is(
    lines.split("\n")[2],
    "added  9 of 30 due events; late or away: " +
      "d skipped 7 of 8, c skipped 6 of 7, b skipped 5 of 6, and 2 more",
  );
});

test("verdictText() never shows the convergence as faster than it was", () => {
  for (const [ms, text] of [
    [0, "converged 0 s "],
    [1, "converged 0.1 s "],
    [100, "converged 0.1 s "],
    [101, "converged 0.2 s "],
    [9_900, "converged 9.9 s "],
    [9_901, "converged 10 s "],
    [12_001, "converged 13 s "],
  ] as const) {
    assert.match(headOf(observation(1n), { convergedAfterMs: ms }), text);
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
  assert.equal(
    textOf(observation(50n, { shown, everywhere: false, outstanding }))
      .split("\n")
      .slice(0, 2),
    [
      "NOT EXACT 100 likes in 6 events; not converged in time (likes-server-1 is silent)",
      "sums   outboxes 100, primary 99; 1 of 4 processes agree; primary shows 99 (-1), " +
        "likes-server-0 shows 1,101 (+1,001), likes-server-1 does not answer; " +
        "no seed sum: not all likes come from this run's generators",
    ],
  );
});

test("verdictText() names only some processes when many differ", () => {
  const shown = Array.from({ length: 100 }, (_, index) => {
    return { name: `likes-server-${index}`, totalLikes: undefined };
  });
  const text = textOf(observation(1n, { shown }));
  assert.match(text, "likes-server-11 does not answer, and 88 more; ");
  assert.match(text, ", primary does not answer; 0 of 100 processes agree; ");
  assert.not.match(text, "likes-server-12");
});

test("verdictText() shows the seed's sum when it differs", () => {
  const due = expected(() => 600n);
  const [head, sums] = textOf(observation(50n), {}, due).split("\n");
  assert.match(head ?? "", /^NOT EXACT 100 likes in 6 events; not converged in time$/);
  assert.is(sums, "sums   outboxes 100, seed 1,200, primary 100; 3 of 3 processes agree");
});

test("verdictText() says why a run is undecided", () => {
  const unreadable = ["likes-server-0: Cannot read it", "stranger: its outbox is elsewhere"];
  const [head, sums] = textOf(observation(50n, { unreadable })).split("\n");
  assert.is(head, "UNDECIDED: likes-server-0: Cannot read it; stranger: its outbox is elsewhere");
  assert.match(sums ?? "", "sums   outboxes 100 (some unreadable), primary 100; ");
});

test("verdictText() says that a process kept crashing", () => {
  assert.match(headOf(observation(1n), { givenUp: true }), /; a process kept crashing$/);
});

test("verdictJson() writes 64-bit numbers as strings", () => {
  const likes = 2n ** 62n;
  const server = {
    serverId: "likes-server-0",
    intervalMs: 1_234,
    restarts: 2,
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
    showing: 3,
    differing: [],
    events: "6",
    dueEvents: "6",
    addedEvents: "6",
    idle: [],
    convergedAfterMs: 412,
    durationMs: 5_000,
    givenUp: false,
    primaryRestarts: 0,
    seed: 7,
    logDir: "/logs",
    dataDir: "/data",
    emptiedLogs: 2,
    next: "npx likes verify --data-dir /data",
    unreadable: [],
    outstanding: [],
    servers: [
      {
        serverId: "likes-server-0",
        intervalMs: 1_234,
        restarts: 2,
        dueEvents: "3",
        addedEvents: "3",
        events: "3",
        acceptedLikes: "4611686018427387904",
        knownTotalLikes: null,
      },
    ],
  });
});

test("verdictJson() is neither exact nor converged when undecided", () => {
  const observed = observation(50n, { unreadable: ["likes-server-0: Cannot read it"] });
  const { exact, converged, verdict } = verdictJson(result(observed), CONTEXT);
  assert.equal([exact, converged, verdict], [false, false, "undecided"]);
});

test("verdictJson() names the processes that differ and the idle generators", () => {
  const outboxes = [tally("likes-server-0", 3, 7n), tally("likes-server-1", 0, 0n)];
  const shown = [{ name: PRIMARY, totalLikes: 6n }];
  const json = verdictJson(result(observation(0n, { outboxes, shown })), CONTEXT);
  assert.equal(json["differing"], [{ name: PRIMARY, totalLikes: "6" }]);
  assert.equal(json["idle"], ["likes-server-1"]);
  assert.equal([json["dueEvents"], json["addedEvents"]], ["6", "3"]);
});

test("verdictJson() is not converged when a process was given up", () => {
  const { exact, converged } = verdictJson(result(observation(1n), { givenUp: true }), CONTEXT);
  assert.equal([exact, converged], [true, false]);
});

test.run();
