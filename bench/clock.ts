/**
 * Returns fractional milliseconds of the machine's monotonic clock (CLOCK_MONOTONIC). All processes
 * of a machine share it, so times of different processes can be subtracted.
 */
export function preciseMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
