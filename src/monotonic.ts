/** The machine's monotonic clock, which all its processes share. */

/** Returns whole milliseconds since a fixed moment, the same for every process on this machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
