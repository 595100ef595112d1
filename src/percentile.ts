/** Percentiles of what was measured. */

/**
 * Returns the nearest-rank percentile: the smallest value that at least `percent` % of the values
 * do not exceed, not interpolated. 100 yields the maximum. Throws RangeError when empty.
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  const value = sorted[rank - 1];
  if (value === undefined) throw new RangeError("Cannot rank no values: measure something first");
  return value;
}
