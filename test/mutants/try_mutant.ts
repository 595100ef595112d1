/** Tries one mutant: runs suites against it until one fails. */
import { runSuite, SIMULATOR } from "./suites.ts";
import type { Mutant } from "./mutant.ts";
import type { WorkingCopy } from "./working_copy.ts";

/** The outcome of a mutant. */
export interface Outcome {
  readonly name: string;
  /** The suite that failed; undefined when all passed and the mutant survived. */
  readonly killedBy: string | undefined;
  /** How that suite failed: the seed of the simulator, or how many tests. */
  readonly how: string;
  /** Whether the planted code does not compile. */
  readonly isBroken: boolean;
  /** The output of the failed suite. */
  readonly output: string;
  readonly durationMs: number;
}

/** Options of a trial. */
export interface TryOptions {
  /** The suite to run first: the one that killed it before, else the simulator. */
  readonly first?: string | undefined;
  /** A suite that prints nothing for this long counts as hanging. */
  readonly silenceMaxMs?: number;
  /** Ends the trial early. */
  readonly signal?: AbortSignal;
}

/** Plants `mutant` in `copy`, runs its suites, and restores the copy. */
export async function tryMutant(
  mutant: Mutant,
  copy: WorkingCopy,
  { first, ...options }: TryOptions = {},
): Promise<Outcome> {
  const startedMs = performance.now();
  const { name } = mutant;
  using _planted = copy.plant(mutant);
  for (const suite of suitesOf(mutant, first)) {
    const { failure, isBroken, output } = await runSuite(suite, { root: copy.path, ...options });
    options.signal?.throwIfAborted();
    if (failure === undefined) continue;
    const durationMs = performance.now() - startedMs;
    return { name, killedBy: suite, how: failure, isBroken, output, durationMs };
  }
  const durationMs = performance.now() - startedMs;
  return { name, killedBy: undefined, how: "", isBroken: false, output: "", durationMs };
}

/** Returns the suites to run against a mutant, in order. */
function suitesOf({ isSimulated, tests }: Mutant, first?: string): readonly string[] {
  const suites = new Set([...(isSimulated ? [SIMULATOR] : []), ...tests]);
  const isKnown = first !== undefined && suites.has(first);
  return [...new Set([...(isKnown ? [first] : []), ...suites])];
}
