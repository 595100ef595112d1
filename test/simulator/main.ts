/**
 * `npm run simulate` runs the production core of both roles in faulty worlds, one for each seed.
 * `-- --seeds 1000000 --first-seed 1 --servers 10` runs a range; `-- --seed 7` traces one seed.
 */
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { parseWhole } from "../../src/text/numbers.ts";
import { runRange } from "./range.ts";
import { runSeed } from "./seed_run.ts";
import { firedTable, neverFired } from "./tally.ts";
import type { Tally } from "./tally.ts";

const SEED_MAX = 2 ** 48;
const PROGRESS_GAP_MS = 10_000;
const PROGRESS_TERMINAL_GAP_MS = 200;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "1000" },
    "first-seed": { type: "string", default: "1" },
    servers: { type: "string", default: "3" },
    jobs: { type: "string", default: String(availableParallelism()) },
  },
});
const servers = parseWhole(values.servers, 1, 100, "--servers");
if (values.seed === undefined) await range();
else replay(parseWhole(values.seed, 0, SEED_MAX, "--seed"));

function replay(seed: number): void {
  const { failures } = runSeed(seed, { servers, print: (line) => console.log(line) });
  for (const { text } of failures) console.log(`FAILED ${text}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

async function range(): Promise<void> {
  const seeds = parseWhole(values.seeds, 1, SEED_MAX, "--seeds");
  const firstSeed = parseWhole(values["first-seed"], 0, SEED_MAX, "--first-seed");
  const jobs = parseWhole(values.jobs, 1, 256, "--jobs");
  const startedMs = performance.now();
  const commit = commitNow();
  const sum = await runRange({ firstSeed, seeds, servers, jobs, progress: reporter(seeds) });
  const elapsedS = (performance.now() - startedMs) / 1_000;
  const silent = neverFired(sum);
  for (const line of firedTable(sum)) console.log(line);
  console.log(JSON.stringify(sum.activity));
  for (const { seed, text } of sum.failures) {
    console.log(`FAILED npm run simulate -- --servers ${servers} --seed ${seed}\n  ${text}`);
  }
  for (const kind of silent) console.log(`FAILED ${kind} never took effect`);
  console.log(
    `${sum.seeds} seeds from ${firstSeed} with ${servers} LikesServers, ${sum.failed} failed: ` +
      `${(sum.seeds / elapsedS).toFixed(0)} seeds/s, ${elapsedS.toFixed(0)} s, commit ${commit}`,
  );
  process.exitCode = sum.failed > 0 || silent.length > 0 ? 1 : 0;
}

/** Returns the commit, marked when the tree is dirty; "unknown" outside git. */
function commitNow(): string {
  try {
    const args = ["describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"];
    return execFileSync("git", args, { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return "unknown";
  }
}

/** On a terminal, rewrites one line; otherwise prints a line every few seconds. */
function reporter(seeds: number): (sum: Tally) => void {
  const { isTTY } = process.stdout;
  const gapMs = isTTY ? PROGRESS_TERMINAL_GAP_MS : PROGRESS_GAP_MS;
  let reportedMs = performance.now();
  let failuresReported = 0;
  return (sum) => {
    for (const { seed } of sum.failures.slice(failuresReported)) console.log(`seed ${seed} failed`);
    failuresReported = sum.failures.length;
    const nowMs = performance.now();
    if (nowMs - reportedMs < gapMs && sum.seeds < seeds) return;
    reportedMs = nowMs;
    const line = `${sum.seeds} of ${seeds} seeds, ${sum.failed} failed`;
    if (isTTY) process.stdout.write(`\r${line}${sum.seeds < seeds ? "" : "\n"}`);
    else console.log(line);
  };
}
