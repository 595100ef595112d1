/** Percentiles of one run, and the spread over several. */

/** What several runs of the same gave. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/** The middle, the least and the greatest of `values`. Throws RangeError when there are none. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = ascending(values);
  const last = sorted.length - 1;
  const lower = at(sorted, Math.floor(last / 2));
  const upper = at(sorted, Math.ceil(last / 2));
  return { median: (lower + upper) / 2, min: at(sorted, 0), max: at(sorted, last), runs: last + 1 };
}

/**
 * The nearest-rank percentile: the least of `values` that at least `percent` of them do not exceed.
 * Of all values, none rounded; 100 is the greatest. Throws RangeError when there are none.
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = ascending(values);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return at(sorted, rank - 1);
}

function ascending(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError("Cannot rank no values: measure something first");
  return value;
}
