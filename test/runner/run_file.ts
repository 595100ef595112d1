/**
 * Runs one file of tests in a process of its own, and trusts nothing that it says by itself.
 *
 * uvu exits with 0 when a hook throws, when nothing calls `.run()` and when no test was found, and
 * it has no limit for a test. So a file has passed only if it ended in time with exit code 0,
 * printed totals with at least one test and none failed, and left no process behind.
 */
import type { TestFile } from "./find_files.ts";
import { runProcess } from "./run_process.ts";
import { parseTotals } from "./totals.ts";
import type { Totals } from "./totals.ts";

/** How a file ended. */
export interface FileResult {
  readonly path: string;
  /** Why it failed; undefined when it passed. */
  readonly problem: string | undefined;
  readonly isHung: boolean;
  /** At least one failed when there is a problem. */
  readonly totals: Totals;
  readonly durationMs: number;
  /** What it printed: the end of it. */
  readonly output: string;
}

/** How to run a file. */
export interface RunFileOptions {
  /** Folder that the file's path starts from, and the working folder of its process. */
  readonly root: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the process early; the file then has failed. */
  readonly signal?: AbortSignal;
}

/** Runs `file` and judges it. Its processes are gone when this is done. */
export async function runFile(file: TestFile, options: RunFileOptions): Promise<FileResult> {
  const { path, limitMs } = file;
  const ended = await runProcess([path], { ...options, limitMs });
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
