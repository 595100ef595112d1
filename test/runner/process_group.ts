/**
 * Whether processes live, and an end to a whole group of them.
 *
 * A process that has ended stays as a zombie until its parent asks for it. In a container the
 * parent of an orphan is process 1, which may take seconds over it, or never ask at all. A zombie
 * runs nothing and holds nothing, so here it does not count as alive. Where there is no /proc
 * (macOS), it does.
 */
import { readdirSync, readFileSync } from "node:fs";

interface ProcessState {
  readonly group: number;
  readonly isZombie: boolean;
}

/** Whether the process runs. */
export function isAlive(pid: number): boolean {
  if (!signal(pid, 0)) return false;
  return readState(pid)?.isZombie !== true;
}

/** Whether a process of the group runs. */
export function isGroupAlive(group: number): boolean {
  if (!signal(-group, 0)) return false;
  const states = listProcesses().map(readState);
  if (states.length === 0) return true;
  return states.some((state) => state?.group === group && !state.isZombie);
}

/** Processes with `text` in their command line; none where there is no /proc. */
export function processesNaming(text: string): readonly number[] {
  return listProcesses().filter((pid) => commandLine(pid).includes(text));
}

/** Kills every process of the group. Nothing happens when there is none. */
export function killGroup(group: number): void {
  signal(-group, "SIGKILL");
}

/** Whether there was something to signal. */
function signal(target: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, name);
  } catch (error) {
    if (isCode(error, "ESRCH")) return false;
    throw error;
  }
}

/** All processes; none where there is no /proc. */
function listProcesses(): number[] {
  try {
    const names = readdirSync("/proc");
    return names.filter((name) => /^\d+$/.test(name)).map(Number);
  } catch (error) {
    if (isCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** Empty when there is no such process any more, and for a zombie. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ESRCH")) return "";
    throw error;
  }
}

/** Reads `pid (name) state ppid pgrp …`. The name may hold anything, so from its last bracket. */
function readState(pid: number): ProcessState | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { group: Number(group), isZombie: state === "Z" || state === "X" };
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ESRCH")) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
