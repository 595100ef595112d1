/** Memory of a process, as the kernel tells it. */
import { readFileSync } from "node:fs";

/** Returns the value of a field of a process's status, in MB. */
export function statusMb(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
  if (kib === undefined) throw new Error(`Cannot read ${name} of process ${pid}`);
  return (Number(kib) * 1_024) / 1e6;
}

/** Returns the memory of a process that it shares with no other, in MB. */
export function ownMb(pid: number): number {
  return statusMb(pid, "RssAnon");
}
