/** Reads the totals that uvu prints at the end of a file. */
import { stripVTControlCharacters } from "node:util";

/** The numbers of tests in a file. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const PATTERN = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm;

/** Reads uvu's totals, the last ones in the output; undefined when there are none. */
export function parseTotals(output: string): Totals | undefined {
  const last = [...stripVTControlCharacters(output).matchAll(PATTERN)].at(-1);
  if (last === undefined) return undefined;
  const [total, passed, skipped] = last.slice(1).map(Number);
  if (total === undefined || passed === undefined || skipped === undefined) return undefined;
  return { passed, failed: total - passed, skipped };
}

/** Returns the last line of a run, in the usual form of CI logs. */
export function totalsLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Adds the totals of files. */
export function sumTotals(all: readonly Totals[]): Totals {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of all) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}
