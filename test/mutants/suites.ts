/** What is run against a mutant: the simulator over a range of seeds, and files of tests. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { limitOf } from "../runner/find_files.ts";
import { runFile } from "../runner/run_file.ts";
import type { RunFileOptions } from "../runner/run_file.ts";

/** Names the simulator among the suites; every other suite is the path of a file of tests. */
export const SIMULATOR = "simulator";

/** What the simulator runs. A loaded machine takes 10 s over it. */
const SIMULATION = { path: "test/core/convergence_simulation_test.ts", limitMs: 60_000 };
const SEEDS = { SEED: "1", SEEDS: "100" };

/** How a suite ended. */
export interface SuiteResult {
  /** Why it failed, in words; undefined when it passed. */
  readonly failure: string | undefined;
  /** Whether it failed before it could run: what was planted is no program. */
  readonly isBroken: boolean;
  readonly output: string;
}

const BROKEN = /\b(?:SyntaxError|ReferenceError|ERR_MODULE_NOT_FOUND|Transform failed)\b/;

/** Runs a suite in the repository at `options.root`. */
export async function runSuite(suite: string, options: RunFileOptions): Promise<SuiteResult> {
  const env = { ...process.env, ...(suite === SIMULATOR ? SEEDS : {}) };
  const file = suite === SIMULATOR ? SIMULATION : testFile(suite, options.root);
  const { problem, isHung, totals, output } = await runFile(file, { ...options, env });
  const found = suite === SIMULATOR ? seedOf(output) : `${totals.failed} failed`;
  const failure = problem === undefined || isHung ? problem : (found ?? problem);
  return { failure, isBroken: failure !== undefined && BROKEN.test(output), output };
}

function testFile(path: string, root: string) {
  return { path, limitMs: limitOf(path, readFileSync(join(root, path), "utf8")) };
}

/** The first seed that failed. */
function seedOf(output: string): string | undefined {
  const [, seed] = /^ *SEED=(\d+)/m.exec(output) ?? [];
  return seed === undefined ? undefined : `seed ${seed}`;
}
