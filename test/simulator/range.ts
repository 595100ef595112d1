/** Runs a range of seeds in several processes. It goes on after failures, up to a bound. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { addTally, newTally } from "./tally.ts";
import type { Tally } from "./tally.ts";
import type { Chunk } from "./worker.ts";

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));
/** Seeds per chunk: less than a second of work, so that progress shows. */
const CHUNK_SEEDS = 200;
/** After so many failures, counting more is of no use. */
const FAILED_MAX = 100;
/** A simulation makes mostly short-lived objects: room for them saves a tenth of the time. */
const NODE_OPTIONS = ["--max-semi-space-size=32"];

/** The seeds of a range and the number of processes. */
export interface Range {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly servers: number;
  readonly jobs: number;
  /** Seeds per chunk; CHUNK_SEEDS by default. */
  readonly chunkSeeds?: number;
  /** Called after each chunk with the sum so far. */
  readonly progress: (sum: Tally) => void;
}

/** Runs all seeds of a range. Returns their sum. */
export async function runRange({
  firstSeed,
  seeds,
  servers,
  jobs,
  chunkSeeds = CHUNK_SEEDS,
  progress,
}: Range): Promise<Tally> {
  const sum = newTally();
  let next = firstSeed;
  const end = firstSeed + seeds;
  const take = (): Chunk | undefined => {
    if (next >= end || sum.failed >= FAILED_MAX) return undefined;
    const chunk = { firstSeed: next, seeds: Math.min(chunkSeeds, end - next), servers };
    next += chunk.seeds;
    return chunk;
  };
  const workers = Array.from({ length: Math.min(jobs, Math.ceil(seeds / chunkSeeds)) }, () =>
    work(take, (tally) => {
      addTally(sum, tally);
      progress(sum);
    }),
  );
  await Promise.all(workers);
  sum.failures.sort((a, b) => a.seed - b.seed);
  return sum;
}

/** Runs one worker until no chunk is left. */
function work(take: () => Chunk | undefined, done: (tally: Tally) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker: ChildProcess = fork(WORKER, { execArgv: [...process.execArgv, ...NODE_OPTIONS] });
    const next = (): void => {
      const chunk = take();
      if (chunk === undefined) worker.disconnect();
      else worker.send(chunk);
    };
    worker.on("message", (tally: Tally) => {
      done(tally);
      next();
    });
    worker.on("error", reject);
    worker.on("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`Cannot run seeds: a worker exited with ${code ?? signal}`));
    });
    next();
  });
}
