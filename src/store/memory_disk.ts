/**
 * What the disks of the memory stores share. A disk outlives the store that is opened on it, as a
 * file outlives its process: a crash is a store that is dropped, a restored copy is a cloned disk.
 */

/**
 * How a write ends that does not succeed: `refused` as on a full disk; in doubt as after an I/O
 * error, whether the disk `lost` what was written or `kept` it.
 */
export type DiskFault = "disk_full" | "in_doubt_lost" | "in_doubt_kept";

/** A disk whose next write can be made to fail. */
export abstract class MemoryDisk {
  #fault: DiskFault | undefined;

  /** Makes the next write that changes something end with `fault`; the one after it succeeds. */
  failNext(fault: DiskFault): void {
    this.#fault = fault;
  }

  /** For the store on this disk: the fault of the write that is about to end, if it has one. */
  takeFault(): DiskFault | undefined {
    const fault = this.#fault;
    this.#fault = undefined;
    return fault;
  }
}
