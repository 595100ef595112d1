/** The machine's monotonic clock, which all processes of one machine share. */

/** Whole milliseconds since some moment that is the same for every process on this machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
