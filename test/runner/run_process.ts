/**
 * Runs Node on a TypeScript program in a process group of its own. So all of it can be killed, and
 * nothing else is. Its processes are gone when this is done.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { LEFTOVER_WAIT_MS, OUTPUT_CHARACTERS_MAX } from "./expected.ts";
import { isGroupAlive, killGroup } from "./process_group.ts";

const POLL_MS = 50;

/** How to run a program. */
export interface RunProcessOptions {
  /** The working folder of the process. */
  readonly root: string;
  /** A process that prints nothing for so long hangs, and is killed. */
  readonly silenceMaxMs: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the process early. */
  readonly signal?: AbortSignal;
}

/** How a process ended. */
export interface ProcessResult {
  /** What is wrong with its end; undefined when it ended in time, with 0, and left nothing. */
  readonly problem: string | undefined;
  readonly isHung: boolean;
  readonly durationMs: number;
  /** What it printed: the end of it. */
  readonly output: string;
}

/** Runs the program `args[0]` with the rest of `args`. */
export async function runProcess(
  args: readonly string[],
  { root, silenceMaxMs, env = process.env, signal }: RunProcessOptions,
): Promise<ProcessResult> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["--import", "tsx", ...args], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: withoutColor(env),
  });
  const group = child.pid;
  if (group === undefined) throw new Error(`Cannot start ${process.execPath} for ${args[0]}`);
  const kill = (): void => killGroup(group);
  signal?.addEventListener("abort", kill);
  let isHung = false;
  const timer = setTimeout(() => {
    isHung = true;
    kill();
  }, silenceMaxMs);
  const read = collectOutput(child, () => timer.refresh());
  const closed = once(child, "close").then(() => true);
  const ended = await waitForExit(child);
  clearTimeout(timer);
  const isEmpty = await groupEnds(group, isHung ? 0 : LEFTOVER_WAIT_MS);
  // A process that left the group may still hold the output.
  const isClosed = await Promise.race([closed, pause(LEFTOVER_WAIT_MS, false, { ref: false })]);
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  signal?.removeEventListener("abort", kill);
  const left = isEmpty && isClosed ? undefined : "left processes behind";
  const problem = isHung
    ? `hung: it printed nothing for ${silenceMaxMs / 1_000} s`
    : (ended ?? left);
  return { problem, isHung, durationMs: performance.now() - startedMs, output: read() };
}

/** Tests that a terminal would colour are read here as text. */
function withoutColor(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _dropped, ...rest } = env;
  return rest;
}

/** Returns what was printed so far, at most its last OUTPUT_CHARACTERS_MAX. */
function collectOutput(child: ChildProcess, onOutput: () => void): () => string {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARACTERS_MAX);
      onOutput();
    });
  }
  return () => output;
}

/** Returns what is wrong with the end of the process; undefined for exit code 0. */
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
