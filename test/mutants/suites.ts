/** The suites to run against a mutant: the simulator over a range of seeds, and test files. */
import { SILENCE_MAX_MS } from "../runner/expected.ts";
import { runFiles } from "../runner/run_file.ts";
import type { RunFileOptions } from "../runner/run_file.ts";
import { runProcess } from "../runner/run_process.ts";

/** The simulator's name as a suite. Every other suite is the path of a test file. */
export const SIMULATOR = "simulator";

/** The simulator's arguments. */
const SIMULATION = ["test/simulator/main.ts", "--seeds", "100", "--first-seed", "1", "--jobs", "1"];

/** How a suite ended. */
export interface SuiteResult {
  /** Why it failed; undefined when it passed. */
  readonly failure: string | undefined;
  /** Whether it failed before it could run, because the planted code does not compile. */
  readonly isBroken: boolean;
  readonly output: string;
}

const BROKEN = /\b(?:SyntaxError|ReferenceError|ERR_MODULE_NOT_FOUND|Transform failed)\b/;

/** Runs a suite in the repository at `options.root`. */
export async function runSuite(suite: string, options: RunFileOptions): Promise<SuiteResult> {
  const { failure, output } =
    suite === SIMULATOR ? await simulate(options) : await runTestFile(suite, options);
  return { failure, output, isBroken: failure !== undefined && BROKEN.test(output) };
}

type Ended = Pick<SuiteResult, "failure" | "output">;

async function simulate(options: RunFileOptions): Promise<Ended> {
  const { problem, isHung, output } = await runProcess(SIMULATION, {
    silenceMaxMs: SILENCE_MAX_MS,
    ...options,
  });
  return {
    failure: problem === undefined || isHung ? problem : (seedOf(output) ?? problem),
    output,
  };
}

async function runTestFile(path: string, options: RunFileOptions): Promise<Ended> {
  const run = { name: path, paths: [path] };
  const { problem, isHung, totals, output } = await runFiles(run, options);
  const failure = problem === undefined || isHung ? problem : `${totals.failed} failed`;
  return { failure, output };
}

/** Returns the first failed seed, from the printed replay command. */
function seedOf(output: string): string | undefined {
  const [, seed] = /--seed (\d+)/.exec(output) ?? [];
  return seed === undefined ? undefined : `seed ${seed}`;
}
