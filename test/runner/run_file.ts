/**
 * Runs files of tests in a process of their own, and trusts nothing that the process says by
 * itself.
 *
 * uvu exits with 0 when a hook throws, when nothing calls `.run()` and when no test was found, and
 * it has no limit for a test. So a run has passed only if it ended by itself with exit code 0,
 * printed totals with at least one test and none failed, and left no process behind.
 */
import { SILENCE_MAX_MS } from "./expected.ts";
import type { TestRun } from "./find_files.ts";
import { runProcess } from "./run_process.ts";
import { parseTotals } from "./totals.ts";
import type { Totals } from "./totals.ts";

/** How a run ended. */
export interface FileResult {
  /** The file, or the folder of several. */
  readonly path: string;
  /** Why it failed; undefined when it passed. */
  readonly problem: string | undefined;
  readonly isHung: boolean;
  /** At least one failed when there is a problem. */
  readonly totals: Totals;
  readonly durationMs: number;
  /** The end of the output. */
  readonly output: string;
}

/** Options of a run. */
export interface RunFileOptions {
  /** Folder that the paths start from, and the working folder of the process. */
  readonly root: string;
  /** SILENCE_MAX_MS when absent. */
  readonly silenceMaxMs?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the process early, which fails the file. */
  readonly signal?: AbortSignal;
}

/** Runs the files of `run` and judges them. Leaves no process running. */
export async function runFiles(run: TestRun, options: RunFileOptions): Promise<FileResult> {
  const { name: path, paths } = run;
  const args = paths.length === 1 ? paths : ["test/runner/run_suites.ts", ...paths];
  const ended = await runProcess(args, { silenceMaxMs: SILENCE_MAX_MS, ...options });
  const totals = parseTotals(ended.output);
  const problem = ended.problem ?? problemOf(totals);
  return { ...ended, path, problem, totals: judge(totals, problem) };
}

function problemOf(totals: Totals | undefined): string | undefined {
  if (totals === undefined) return "printed no totals";
  if (totals.failed > 0) return `${totals.failed} failed`;
  return totals.passed + totals.skipped === 0 ? "has no tests: does it call .run()?" : undefined;
}

/** A problem is a failure, whatever the totals say. */
function judge(totals: Totals | undefined, problem: string | undefined): Totals {
  const { passed, failed, skipped } = totals ?? { passed: 0, failed: 0, skipped: 0 };
  return { passed, failed: problem === undefined ? failed : Math.max(failed, 1), skipped };
}
