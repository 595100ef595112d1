/**
 * Runs one file of tests in a process of its own, and trusts nothing that it says by itself.
 *
 * uvu exits with 0 when a hook throws, when nothing calls `.run()` and when no test was found, and
 * it has no limit for a test. So a file has passed only if it ended in time with exit code 0,
 * printed totals with at least one test and none failed, and left no process behind. It is started
 * in a process group of its own, so that all of it can be killed and nothing else is.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { LEFTOVER_WAIT_MS, OUTPUT_CHARACTERS_MAX } from "./expected.ts";
import type { TestFile } from "./find_files.ts";
import { isGroupAlive, killGroup } from "./process_group.ts";
import { parseTotals } from "./totals.ts";
import type { Totals } from "./totals.ts";

const POLL_MS = 50;

/** How a file ended. */
export interface FileResult {
  readonly path: string;
  /** Why it failed; undefined when it passed. */
  readonly problem: string | undefined;
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
  /** Ends the process early; the file then has failed. */
  readonly signal?: AbortSignal;
}

/** Runs `file` and judges it. Its processes are gone when this is done. */
export async function runFile(file: TestFile, options: RunFileOptions): Promise<FileResult> {
  const { root, signal } = options;
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["--import", "tsx", file.path], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: withoutColor(process.env),
  });
  const group = child.pid;
  if (group === undefined) throw new Error(`Cannot start ${process.execPath} for ${file.path}`);
  const kill = (): void => killGroup(group);
  signal?.addEventListener("abort", kill);
  const read = collectOutput(child);
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    kill();
  }, file.limitMs);
  const closed = once(child, "close").then(() => true);
  const ended = await waitForExit(child);
  clearTimeout(timer);
  const isEmpty = await groupEnds(group, hung ? 0 : LEFTOVER_WAIT_MS);
  // A process that left the group may still hold the output.
  const isClosed = await Promise.race([closed, pause(LEFTOVER_WAIT_MS, false, { ref: false })]);
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  signal?.removeEventListener("abort", kill);
  const totals = parseTotals(read());
  const problem = hung
    ? `hung: it was not done after ${file.limitMs / 1_000} s`
    : (ended ?? problemOf(totals) ?? (isEmpty && isClosed ? undefined : "left processes behind"));
  return {
    path: file.path,
    problem,
    totals: judge(totals, problem),
    durationMs: performance.now() - startedMs,
    output: read(),
  };
}

/** Tests that a terminal would colour are read here as text. */
function withoutColor(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _dropped, ...rest } = env;
  return rest;
}

/** Gives what was printed so far, at most its last OUTPUT_CHARACTERS_MAX. */
function collectOutput(child: ChildProcess): () => string {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARACTERS_MAX);
    });
  }
  return () => output;
}

/** Gives what is wrong with the way in which the process ended; undefined for exit code 0. */
async function waitForExit(child: ChildProcess): Promise<string | undefined> {
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  if (code === 0) return undefined;
  return code === null ? `was ended by ${signal}` : `exited with ${code}`;
}

/** Waits until no process of the group is left, then kills what is. False when something was. */
async function groupEnds(group: number, waitMs: number): Promise<boolean> {
  const untilMs = performance.now() + waitMs;
  while (isGroupAlive(group) && performance.now() < untilMs) await pause(POLL_MS);
  const ended = !isGroupAlive(group);
  killGroup(group);
  while (isGroupAlive(group)) await pause(POLL_MS);
  return ended;
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
