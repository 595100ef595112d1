/** What is run against a mutant: the simulator over a range of seeds, and files of tests. */
import { SILENCE_MAX_MS } from "../runner/expected.ts";
import { runFiles } from "../runner/run_file.ts";
import type { RunFileOptions } from "../runner/run_file.ts";
import { runProcess } from "../runner/run_process.ts";

/** Names the simulator among the suites; every other suite is the path of a file of tests. */
export const SIMULATOR = "simulator";

/** What the simulator runs. */
const SIMULATION = ["test/simulator/main.ts", "--seeds", "100", "--first-seed", "1", "--jobs", "1"];

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

/** The first seed that failed, as it is printed for the command that replays it. */
function seedOf(output: string): string | undefined {
  const [, seed] = /--seed (\d+)/.exec(output) ?? [];
  return seed === undefined ? undefined : `seed ${seed}`;
}
