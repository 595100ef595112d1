/** Tries mutants, a few at a time, each in a working copy that no other one is in. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../src/errors.ts";
import type { Mutant } from "./mutant.ts";
import { tryMutant } from "./try_mutant.ts";
import type { Outcome } from "./try_mutant.ts";
import { WorkingCopy } from "./working_copy.ts";

/** What to try, and where to say it. */
export interface RunMutantsOptions {
  /** Folder of the repository. */
  readonly root: string;
  /** How many are tried at once. */
  readonly jobs: number;
  /** The suite that is run first against a mutant; the simulator when it gives none. */
  readonly firstOf: (name: string) => string | undefined;
  readonly print: (line: string) => void;
  /** A suite that prints nothing for so long hangs. */
  readonly silenceMaxMs?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/**
 * Tries `mutants`, and prints a line for each as it is done. Throws when an anchor does not fit, before
 * anything is run.
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
  // Every copy is removed before an error of one lane is thrown.
  const ends = await Promise.allSettled(Array.from({ length: jobs }, lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return outcomes;
}

/** One anchor that does not fit is enough to distrust the list, and so is a suite that is not there. */
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
