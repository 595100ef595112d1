/**
 * Milliseconds with their fractions by the machine's monotonic clock (CLOCK_MONOTONIC), which all
 * processes of one machine share: times of different processes may be subtracted.
 */
export function preciseMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
