/** A machine of a simulated world: what outlives the processes on it, and befalls whichever runs. */
import type { DiskFault } from "../../src/store/memory_disk.ts";
import type { FaultKind } from "./faults.ts";

/** The weather of one machine: its disk, and its way to the primary. */
export class Machine {
  readonly name: string;
  /** How long its disk takes at most: once to begin, and once to tell of it. */
  diskMs: number;
  fullUntilMs = 0;
  busyUntilMs = 0;
  /** How the next sync fails. */
  syncFault: DiskFault | undefined;
  /** Until when nothing passes on the way to the primary, and back. */
  upUntilMs = 0;
  downUntilMs = 0;
  /** The fault by which nothing passes. */
  partition: FaultKind | undefined;
  /** Whether the next connection is refused. */
  isRefused = false;
  /** Its disk gives nothing back the next time that something is read. */
  isUnreadable = false;

  constructor(name: string, diskMs: number) {
    this.name = name;
    this.diskMs = diskMs;
  }

  /** How a write ends that begins now, if it does not succeed. */
  diskFault(nowMs: number): DiskFault | undefined {
    return nowMs < this.fullUntilMs ? "disk_full" : this.syncFault;
  }

  /** Takes back all that was wrong. */
  heal(diskMs: number): void {
    this.diskMs = diskMs;
    this.fullUntilMs = 0;
    this.busyUntilMs = 0;
    this.upUntilMs = 0;
    this.downUntilMs = 0;
    this.syncFault = undefined;
    this.isRefused = false;
    this.isUnreadable = false;
  }
}
