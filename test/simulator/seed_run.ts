/** Runs one seed from beginning to end. */
import { newTally } from "./tally.ts";
import type { Tally } from "./tally.ts";
import { World } from "./world.ts";

/** The options of a run, beside its seed. */
export interface SeedOptions {
  readonly servers: number;
  /** Takes the lines of the trace. Without it, no trace is built. */
  readonly print?: (line: string) => void;
  /** Breaks something on purpose, to test the oracle. */
  readonly sabotage?: (world: World) => void;
}

const TEXT_CHARS_MAX = 3_000;

/** Runs a seed. Returns its tally, with the failure if there is one. */
export function runSeed(seed: number, options: SeedOptions): Tally {
  const tally = newTally();
  tally.seeds = 1;
  const world = new World(seed, options.servers, options.print);
  try {
    options.sabotage?.(world);
    world.run();
  } catch (error) {
    const text = error instanceof Error ? textOf(error) : String(error);
    const atMs = Math.round(world.scheduler.nowMs);
    tally.failed = 1;
    tally.failures.push({ seed, text: `at ${atMs} ms: ${text}`.slice(0, TEXT_CHARS_MAX) });
  }
  for (const kind of world.plan.faults) tally.planned[kind] = 1;
  Object.assign(tally.fired, world.faultsFired);
  Object.assign(tally.activity, world.activity);
  if (world.trace !== undefined) options.print?.(`trace ${world.trace.digest}`);
  return tally;
}

/** The message of an oracle failure; the stack of any other error. */
function textOf(error: Error): string {
  return error.name === "SimulationFailure" ? error.message : (error.stack ?? error.message);
}
