/** A machine of a simulated world. It outlives its processes; its faults reach whichever runs. */
import type { DiskFault } from "../../src/store/memory_disk.ts";
import type { FaultKind } from "./faults.ts";

/** The faults of one machine: of its disk and of its network path to the primary. */
export class Machine {
  readonly name: string;
  /** The longest time its disk takes to begin a call, and again to report its outcome. */
  diskMs: number;
  fullUntilMs = 0;
  busyUntilMs = 0;
  /** How the next sync fails. */
  syncFault: DiskFault | undefined;
  /** Until when messages to the primary are blocked, and those from it. */
  upUntilMs = 0;
  downUntilMs = 0;
  /** The fault that blocks them. */
  partition: FaultKind | undefined;
  /** Whether the next connection is refused. */
  isRefused = false;
  /** Whether the next read of its disk fails. */
  isUnreadable = false;

  constructor(name: string, diskMs: number) {
    this.name = name;
    this.diskMs = diskMs;
  }

  /** Returns how a write that begins now fails, or undefined if it succeeds. */
  diskFault(nowMs: number): DiskFault | undefined {
    return nowMs < this.fullUntilMs ? "disk_full" : this.syncFault;
  }

  /** Ends all its faults. */
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
