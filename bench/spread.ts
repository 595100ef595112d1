/** The spread over several runs. */

/** The spread of one quantity over several runs. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/** Returns the median, minimum and maximum of `values`. Throws RangeError when empty. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = ascending(values);
  const last = sorted.length - 1;
  const lower = at(sorted, Math.floor(last / 2));
  const upper = at(sorted, Math.ceil(last / 2));
  return { median: (lower + upper) / 2, min: at(sorted, 0), max: at(sorted, last), runs: last + 1 };
}

function ascending(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError("Cannot rank no values: measure something first");
  return value;
}
