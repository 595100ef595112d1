/** A figure: quantities with their runs and aims, and the checks made along the way. */
import { spreadOf } from "./spread.ts";

/** A unit of measure. 1 MB is 1,000,000 bytes. */
export type Unit = "µs" | "ms" | "s" | "MB" | "x" | "events/s" | "calls/s";

/** The aim for a quantity. */
export interface Aim {
  readonly is: "under" | "over";
  readonly bound: number;
}

/** One quantity, measured once per run. */
export interface Row {
  readonly name: string;
  readonly unit: Unit;
  /** One value per run, in order. */
  readonly values: readonly number[];
  readonly aim?: Aim;
}

/** The result of a figure. */
export interface FigureResult {
  /** The chosen parameters: counts, rates, durations. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly rows: readonly Row[];
  /** Checks that passed during the measurement. A failed check throws instead. */
  readonly checked: readonly string[];
}

/** Options of a measurement. */
export interface FigureOptions {
  /** A brief run shows that a figure works. It is too short for meaningful numbers. */
  readonly brief: boolean;
  /** A checkout of another commit, built, to compare with. */
  readonly other?: string | undefined;
  /** Prints progress for a person who waits. */
  readonly printProgress: (line: string) => void;
}

/** A figure to measure. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  /** Approximate duration, in seconds. */
  readonly seconds: number;
  /** Measures it. Throws when an event was lost, counted twice, or not observed. */
  readonly run: (options: FigureOptions) => Promise<FigureResult>;
}

/** Returns whether the median of a row meets its aim; undefined without an aim. */
export function isMet({ values, aim }: Row): boolean | undefined {
  if (aim === undefined) return undefined;
  const { median } = spreadOf(values);
  return aim.is === "under" ? median < aim.bound : median > aim.bound;
}

/** Throws unless `found` is `expected`: a faulty run has no figure. */
export function expectSame<T extends number | bigint | string>(
  what: string,
  found: T,
  expected: T,
): void {
  if (found === expected) return;
  throw new Error(`Cannot use what was measured: ${what} is ${found}, not ${expected}`);
}
