/**
 * The base of the memory stores' disks. A disk outlives the store opened on it, as a file outlives
 * its process. A test crashes a store by dropping it, and restores a copy by cloning its disk.
 */

/**
 * How a failed write ends: refused, as on a full disk; or in doubt, as after an I/O error. In
 * doubt, the disk either lost the write or kept it.
 */
export type DiskFault = "disk_full" | "in_doubt_lost" | "in_doubt_kept";

/** A disk whose next write can be made to fail. */
export abstract class MemoryDisk {
  #fault: DiskFault | undefined;

  /** Makes the next write that changes something fail with `fault`. The one after it succeeds. */
  failNext(fault: DiskFault): void {
    this.#fault = fault;
  }

  /** For the store on this disk. Returns the fault of the current write, if any, and clears it. */
  takeFault(): DiskFault | undefined {
    const fault = this.#fault;
    this.#fault = undefined;
    return fault;
  }
}
