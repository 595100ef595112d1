/** What a figure is: quantities with their runs, their aims, and what was checked on the way. */
import { spreadOf } from "./spread.ts";

/** What a quantity is counted in. MB are 1,000,000 bytes. */
export type Unit = "µs" | "ms" | "s" | "MB" | "x" | "events/s" | "calls/s";

/** What a quantity should be. */
export interface Aim {
  readonly is: "under" | "over";
  readonly bound: number;
}

/** One quantity, measured once a run. */
export interface Row {
  readonly name: string;
  readonly unit: Unit;
  /** Of the runs, in order. */
  readonly values: readonly number[];
  readonly aim?: Aim;
}

/** What a figure came to. */
export interface FigureResult {
  /** Everything that was chosen: counts, rates, durations. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly rows: readonly Row[];
  /** What was seen to be right while it was measured. What is wrong throws instead. */
  readonly checked: readonly string[];
}

/** How much is measured. A brief run shows that a figure works, and is too short to be one. */
export interface FigureOptions {
  readonly brief: boolean;
  /** Progress, for a person who waits. */
  readonly say: (line: string) => void;
}

/** Something that can be measured. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  /** How long it takes, about, in seconds. */
  readonly seconds: number;
  /** Measures it. Throws when something was lost, counted twice, or not seen. */
  readonly run: (options: FigureOptions) => Promise<FigureResult>;
}

/** Whether the median of a row meets its aim; undefined when it has none. */
export function isMet({ values, aim }: Row): boolean | undefined {
  if (aim === undefined) return undefined;
  const { median } = spreadOf(values);
  return aim.is === "under" ? median < aim.bound : median > aim.bound;
}

/** Throws unless `found` is `expected`: a figure of something that went wrong is none. */
export function expectSame<T extends number | bigint | string>(
  what: string,
  found: T,
  expected: T,
): void {
  if (found === expected) return;
  throw new Error(`Cannot use what was measured: ${what} is ${found}, and not ${expected}`);
}
