/** Runs test files, a few at a time, and prints the result of each. */
import { FILES_AT_ONCE } from "./expected.ts";
import { findFiles, runsOf } from "./find_files.ts";
import type { TestFile, TestRun } from "./find_files.ts";
import { runFiles } from "./run_file.ts";
import type { FileResult } from "./run_file.ts";
import { sumTotals, totalsLine } from "./totals.ts";

/** Options of a test run. */
export interface RunTestsOptions {
  /** Folder of the repository: the working folder of every file. */
  readonly root: string;
  /** Folder under `root` in which the files are. */
  readonly folder: string;
  /** Parts of paths; empty for all files. */
  readonly filters: readonly string[];
  /** Fewer tests than this fail the run. Ignored with filters. */
  readonly testsMin: number;
  readonly print: (line: string) => void;
  /** Which of the files are run; all but the nightly ones when absent and nothing filters. */
  readonly wanted?: (file: TestFile) => boolean;
  /** A process that prints nothing for this long counts as hanging. */
  readonly silenceMaxMs?: number;
  /** Of every file; as here when absent. */
  readonly env?: NodeJS.ProcessEnv;
  /** Ends all processes early. */
  readonly signal?: AbortSignal;
}

/** Runs the tests, and prints the totals as the last line. Returns whether the run passed. */
export async function runTests(options: RunTestsOptions): Promise<boolean> {
  const { root, folder, filters, testsMin, print } = options;
  const { wanted = ({ isNightly }) => filters.length > 0 || !isNightly } = options;
  const files = (await findFiles(root, folder, filters)).filter(wanted);
  const results = await runAll(runsOf(files), options);
  const totals = sumTotals(results.map((result) => result.totals));
  const problems = results
    .filter((result) => result.problem !== undefined)
    .map((result) => `FAILED ${result.path}: ${result.problem}`);
  if (files.length === 0) {
    const wanted = filters.length === 0 ? "" : ` whose path contains ${filters.join(" or ")}`;
    problems.push(`Cannot find a test file in ${folder}/${wanted}`);
  }
  const ran = totals.passed + totals.failed;
  if (filters.length === 0 && ran < testsMin) {
    const where = "EXPECTED_TESTS_MIN in test/runner/expected.ts";
    problems.push(`Cannot accept ${ran} tests: at least ${testsMin} are expected (${where})`);
  }
  for (const problem of ["", ...problems]) print(problem);
  print(totalsLine(totals));
  return problems.length === 0;
}

/** Takes runs from the front until none is left, FILES_AT_ONCE at a time. */
async function runAll(
  runs: readonly TestRun[],
  { root, env = process.env, signal, silenceMaxMs, print }: RunTestsOptions,
): Promise<FileResult[]> {
  const options = {
    root,
    env,
    ...(signal === undefined ? {} : { signal }),
    ...(silenceMaxMs === undefined ? {} : { silenceMaxMs }),
  };
  const waiting = [...runs];
  const results: FileResult[] = [];
  const lane = async (): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      if (signal?.aborted === true) return;
      const result = await runFiles(run, options);
      results.push(result);
      for (const line of describe(result)) print(line);
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, lane));
  return results;
}

/** Returns one line for a passed run; for a failed one, also its output. */
function describe({ path, problem, totals, durationMs, output }: FileResult): string[] {
  const time = `${(durationMs / 1_000).toFixed(1)} s`;
  const skipped = totals.skipped === 0 ? "" : `, ${totals.skipped} skipped`;
  if (problem === undefined) return [`ok      ${path}  ${totals.passed} passed${skipped}  ${time}`];
  const printed = output.trim() === "" ? "(it printed nothing)" : output.trimEnd();
  return [`FAILED  ${path}  ${problem}  ${time}`, indent(printed)];
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
