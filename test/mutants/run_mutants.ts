/** Tries mutants, a few at a time, each in its own working copy. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../src/errors.ts";
import type { Mutant } from "./mutant.ts";
import { tryMutant } from "./try_mutant.ts";
import type { Outcome } from "./try_mutant.ts";
import { WorkingCopy } from "./working_copy.ts";

/** Options of a run. */
export interface RunMutantsOptions {
  /** Folder of the repository. */
  readonly root: string;
  /** Number of mutants tried at once. */
  readonly jobs: number;
  /** Returns the suite to run first against a mutant; the simulator by default. */
  readonly firstOf: (name: string) => string | undefined;
  readonly print: (line: string) => void;
  /** A suite that prints nothing for this long counts as hanging. */
  readonly silenceMaxMs?: number;
  /** Ends the run early. */
  readonly signal?: AbortSignal;
}

/**
 * Tries `mutants`, and prints a line for each result. Throws before the first run when an anchor
 * does not fit.
 */
export async function runMutants(
  mutants: readonly Mutant[],
  { root, jobs, firstOf, print, ...options }: RunMutantsOptions,
): Promise<readonly Outcome[]> {
  expectAnchors(mutants, root);
  const width = Math.max(...mutants.map(({ name }) => name.length));
  const waiting = [...mutants];
  const outcomes: Outcome[] = [];
  const lane = async (): Promise<void> => {
    using copy = new WorkingCopy(root);
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const first = firstOf(mutant.name);
      const outcome = await tryMutant(mutant, copy, { first, ...options });
      outcomes.push(outcome);
      print(rowOf(outcome, width));
    }
  };
  // All copies are removed before an error of one lane is thrown.
  const ends = await Promise.allSettled(Array.from({ length: jobs }, lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return outcomes;
}

/** Throws when an anchor does not fit or a suite is missing: the list is then not trustworthy. */
function expectAnchors(mutants: readonly Mutant[], root: string): void {
  using copy = new WorkingCopy(root);
  const problems = mutants.flatMap((mutant) => {
    const { name, tests } = mutant;
    const missing = tests.filter((path) => !existsSync(join(root, path)));
    try {
      copy.plant(mutant)[Symbol.dispose]();
    } catch (error) {
      return [messageOf(error)];
    }
    return missing.map((path) => `Cannot try ${name}: ${path} is not there; name another suite`);
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

function rowOf({ name, killedBy, how, durationMs }: Outcome, width: number): string {
  const time = `${(durationMs / 1_000).toFixed(1)} s`.padStart(7);
  const end = killedBy === undefined ? "SURVIVED" : "killed  ";
  const by = killedBy === undefined ? "" : `  ${killedBy}: ${how}`;
  return `${end}  ${time}  ${name.padEnd(width)}${by}`.trimEnd();
}
