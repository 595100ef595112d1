/**
 * Runs some hundred faulty worlds as a test of both roles. Also tests the simulator itself: a seed
 * always gives the same world, and a broken world fails.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesServerCore } from "../../src/core/likes_server/likes_server.ts";
import { PrimaryCore } from "../../src/core/primary/primary.ts";
import { extent } from "../fixtures/extent.ts";
import { runSeed } from "./seed_run.ts";
import { addTally, firedTable, neverFired, newTally } from "./tally.ts";
import type { World } from "./world.ts";

const FIRST_SEED = 1;
/** `npm run simulate` runs more, and reports faults that never took effect. */
const SEEDS = extent(120, 1_000);

test("World.run() converges to the accepted likes when the faults end", () => {
  const sum = newTally();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    addTally(sum, runSeed(seed, { servers: 3 }));
  }
  assert.equal(sum.failures, []);
  assert.is(sum.seeds, SEEDS);
  if (SEEDS >= 1_000) assert.equal(neverFired(sum), []);
  for (const [name, count] of Object.entries(sum.activity)) assert.ok(count > SEEDS / 4, name);
});

test("World.run() converges with 10 LikesServers when the faults end", () => {
  const sum = newTally();
  for (let seed = 1; seed <= 20; seed++) addTally(sum, runSeed(seed, { servers: 10 }));
  assert.equal(sum.failures, []);
});

test("runSeed() prints the same trace when it runs a seed again", () => {
  const traceOf = (seed: number): string[] => {
    const lines: string[] = [];
    runSeed(seed, { servers: 3, print: (line) => lines.push(line) });
    return lines;
  };
  for (const seed of [3, 11]) {
    const lines = traceOf(seed);
    assert.ok(lines.length > 100);
    assert.match(lines.at(-1) ?? "", /^trace [0-9a-f]{16}$/);
    assert.equal(traceOf(seed), lines);
  }
  assert.is.not(traceOf(3).at(-1), traceOf(11).at(-1));
});

/** Returns the failure texts of seeds whose worlds are all broken in one way. */
function failuresOf(sabotage: (world: World) => void, seeds = 40): string {
  const texts: string[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const { failures } = runSeed(seed, { servers: 3, sabotage });
    texts.push(...failures.map(({ text }) => text));
  }
  return texts.join("\n");
}

test("Truth.answered() fails when a LikesServer acknowledges before it writes", () => {
  // eslint-disable-next-line typescript/unbound-method -- it is called with its own `this`
  const { handle } = LikesServerCore.prototype;
  LikesServerCore.prototype.handle = function (event, nowMs) {
    const actions = handle.call(this, event, nowMs);
    if (event.type !== "add" || actions.some(({ type }) => type === "answer")) return actions;
    const sequence = this.accepted.events + 1;
    const outcome = { type: "accepted", incarnation: this.incarnation, sequence } as const;
    const answers = event.adds.map(({ requestId }) => {
      return { type: "answer", requestId, outcome } as const;
    });
    return [...answers, ...actions];
  };
  try {
    assert.match(
      failuresOf(() => {}),
      "was never synced",
    );
  } finally {
    LikesServerCore.prototype.handle = handle;
  }
});

test("Lineage.committed() fails when a ledger applies events again", () => {
  const failures = failuresOf(({ oracle }) => {
    const { home } = oracle;
    const committed = home.committed.bind(home);
    home.committed = (group, commands) => {
      committed(group, commands);
      if (group.results.some(({ type }) => type === "applied")) committed(group);
    };
  });
  assert.match(failures, /#\d+ follows #\d+ of/);
});

test("AsOfCheck.check() fails when as_of follows the time of receipt", () => {
  const failures = failuresOf(({ oracle }) => {
    // As if each pulse time were that of a pulse sent now.
    const { asOf, truth } = oracle;
    const check = asOf.check.bind(asOf);
    asOf.check = (lineage) => {
      lineage.asOfStep = truth.nextStep();
      check(lineage);
    };
  });
  assert.match(failures, /as_of \d+ claims/);
});

test("PrimaryWatch.sent() fails when a pulse shows an uncommitted total", () => {
  const failures = failuresOf(({ oracle }) => {
    const started = oracle.primaryStarted.bind(oracle);
    oracle.primaryStarted = (disk, snapshot) => {
      const watch = started(disk, snapshot);
      const sent = watch.sent.bind(watch);
      watch.sent = (streamId, message) => {
        const lie = message.type === "pulse" ? { totalLikes: message.totalLikes + 1n } : {};
        sent(streamId, { ...message, ...lie });
      };
      return watch;
    };
  });
  assert.match(failures, /a pulse shows \d+/);
});

test("PrimaryWatch.checkStatus() fails when CONVERGED is shown although a member is silent", () => {
  // eslint-disable-next-line typescript/unbound-method -- it is called with its own `this`
  const { status } = PrimaryCore.prototype;
  PrimaryCore.prototype.status = function (nowMs) {
    return { ...status.call(this, nowMs), convergence: "converged" };
  };
  try {
    assert.match(
      failuresOf(() => {}),
      /converged, but [0-9a-f]{32} is silent/,
    );
  } finally {
    PrimaryCore.prototype.status = status;
  }
});

test("LikesServerWatch.sent() fails when a batch is sent before it is synced", () => {
  const failures = failuresOf(({ hosts }) => {
    for (const host of hosts) {
      const { watch } = host.process ?? {};
      if (watch === undefined) continue;
      const sent = watch.sent.bind(watch);
      watch.sent = (message) => {
        if (message.type !== "batch") return sent(message);
        const { events } = message;
        sent({ ...message, events: { ...events, last: events.last + 1 } });
      };
    }
  });
  assert.match(failures, /sends #\d+, the disk ends at #\d+/);
});

test("Readers.shown() fails when one version shows two totals", () => {
  const failures = failuresOf(({ oracle }) => {
    const { readers } = oracle;
    const shown = readers.shown.bind(readers);
    readers.shown = (reader, total) => {
      const { totalLikes } = total;
      shown(reader, { ...total, totalLikes: reader === oracle ? totalLikes / 2n : totalLikes });
    };
  });
  assert.match(failures, /version \d+ shows \d+ and \d+/);
});

test("Readers.shown() fails when a version goes back in one ledger", () => {
  const failures = failuresOf(({ oracle }) => {
    const { readers } = oracle;
    const shown = readers.shown.bind(readers);
    let isFirst = true;
    readers.shown = (reader, total) => {
      const isHigh = isFirst && total.version > 5;
      if (isHigh) isFirst = false;
      shown(reader, isHigh ? { ...total, version: total.version + 1_000 } : total);
    };
  });
  assert.match(failures, "the version went back");
});

test("World.run() fails when a LikesServer never comes back", () => {
  const failures = failuresOf(({ hosts }) => {
    const [host] = hosts;
    if (host !== undefined) host.start = () => {};
    host?.process?.die("for good");
  }, 3);
  assert.match(failures, "not converged");
});

test("neverFired() names a kind of fault when many plans have it and it never takes effect", () => {
  const sum = newTally();
  sum.planned.paused = 99;
  assert.equal(neverFired(sum), []);
  sum.planned.paused = 100;
  assert.equal(neverFired(sum), ["paused"]);
  assert.match(firedTable(sum).join("\n"), /^paused +100 +0$/m);
  sum.fired.paused = 1;
  assert.equal(neverFired(sum), []);
});

test.run();
