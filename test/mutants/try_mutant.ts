/** One mutant put to the test: suites are run against it until one fails. */
import { runSuite, SIMULATOR } from "./suites.ts";
import type { Mutant } from "./mutant.ts";
import type { WorkingCopy } from "./working_copy.ts";

/** What became of a mutant. */
export interface Outcome {
  readonly name: string;
  /** The suite that failed; undefined when all passed: it survived. */
  readonly killedBy: string | undefined;
  /** How that suite failed: the seed of the simulator, or how many tests. */
  readonly how: string;
  /** Whether what was planted is no program. */
  readonly isBroken: boolean;
  /** What the suite printed that failed. */
  readonly output: string;
  readonly durationMs: number;
}

/** How to try it. */
export interface TryOptions {
  /** The suite that killed it before: it is run first. Without one, the simulator is. */
  readonly first?: string | undefined;
  /** A suite that prints nothing for so long hangs. */
  readonly silenceMaxMs?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/** Plants `mutant` in `copy`, and runs its suites. The copy is as it was when this is done. */
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

/** What is run against a mutant, in order. */
function suitesOf({ isSimulated, tests }: Mutant, first?: string): readonly string[] {
  const suites = new Set([...(isSimulated ? [SIMULATOR] : []), ...tests]);
  const isKnown = first !== undefined && suites.has(first);
  return [...new Set([...(isKnown ? [first] : []), ...suites])];
}
