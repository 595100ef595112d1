/** Runs one seed from its beginning to its end. */
import { newTally } from "./tally.ts";
import type { Tally } from "./tally.ts";
import { World } from "./world.ts";

/** What a seed is run with, beside its number. */
export interface SeedOptions {
  readonly servers: number;
  /** Takes the lines of the trace, which is not written without it. */
  readonly print?: (line: string) => void;
  /** Breaks something on purpose, to see that the oracle sees it. */
  readonly sabotage?: (world: World) => void;
}

const TEXT_CHARS_MAX = 3_000;

/** Runs a seed; gives what came of it, a failure included, and adds it to nothing. */
export function runSeed(seed: number, options: SeedOptions): Tally {
  const tally = newTally();
  tally.seeds = 1;
  const world = new World(seed, options.servers, options.print);
  try {
    options.sabotage?.(world);
    world.run();
  } catch (error) {
    const text = error instanceof Error ? textOf(error) : String(error);
    const atMs = Math.round(world.agenda.nowMs);
    tally.failed = 1;
    tally.failures.push({ seed, text: `at ${atMs} ms: ${text}`.slice(0, TEXT_CHARS_MAX) });
  }
  for (const kind of world.plan.faults) tally.asked[kind] = 1;
  Object.assign(tally.fired, world.faultsFired);
  Object.assign(tally.happened, world.happened);
  if (world.trace !== undefined) options.print?.(`trace ${world.trace.digest}`);
  return tally;
}

/** What the oracle says; of anything else, where it comes from. */
function textOf(error: Error): string {
  return error.name === "SimulationFailure" ? error.message : (error.stack ?? error.message);
}
