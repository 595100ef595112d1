/** Runs a range of seeds in several processes; it goes on after a failure, up to a bound. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { addTally, newTally } from "./tally.ts";
import type { Tally } from "./tally.ts";
import type { Chunk } from "./worker.ts";

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));
/** Seeds that a worker gets at once: less than a second, so that progress is seen. */
const CHUNK_SEEDS = 200;
/** From so many failures on it is no use to count more. */
const FAILED_MAX = 100;
/** Short-lived objects are most of what a simulation makes: room for them saves a tenth of the time. */
const NODE_OPTIONS = ["--max-semi-space-size=32"];

/** Which seeds, and in how many processes. */
export interface Range {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly servers: number;
  readonly jobs: number;
  /** Seeds that a process gets at once; CHUNK_SEEDS by default. */
  readonly chunkSeeds?: number;
  /** Called after each chunk, with the sum until then. */
  readonly progress: (sum: Tally) => void;
}

/** Runs all of a range; gives the sum. */
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

/** One worker, from its first chunk to its last. */
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
      else reject(new Error(`Cannot run seeds: a worker ended with ${code ?? signal}`));
    });
    next();
  });
}
