/** What came of the trials, for people: a line a Node. */
import { formatDuration } from "../src/text/duration.ts";
import { textTable } from "../src/cli/text_table.ts";
import type { TextColumn } from "../src/cli/text_table.ts";
import type { Totals } from "../test/runner/totals.ts";

const TOTALS = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;
const GAP = 2;

/** What came of the trial of one Node. */
export interface NodeTrial {
  /** As asked for: `26`. */
  readonly wanted: string;
  /** The version that it was: `v26.10.0`; empty when it never ran. */
  readonly version: string;
  /** Undefined when the suite did not get to its end. */
  readonly totals: Totals | undefined;
  /** Why it failed, if it did. */
  readonly problem: string | undefined;
  readonly installMs: number;
  readonly suiteMs: number;
}

/** Reads the closing line of the suite, the last one of `lines`; undefined when there is none. */
export function totalsOf(lines: readonly string[]): Totals | undefined {
  const found = TOTALS.exec(lines.findLast((line) => TOTALS.test(line)) ?? "");
  if (found === null) return undefined;
  const [passed = 0, failed = 0, skipped = 0] = found.slice(1).map(Number);
  return { passed, failed, skipped };
}

/** Whether the suite ran to its end and nothing failed. */
export function hasPassed({ totals, problem }: NodeTrial): boolean {
  return problem === undefined && totals !== undefined && totals.failed === 0;
}

/** Draws the trials: version, totals, durations, and what was wrong. Returns the lines. */
export function trialTable(trials: readonly NodeTrial[]): string[] {
  const rows = trials.map(({ wanted, version, totals, problem, installMs, suiteMs }) => [
    version === "" ? wanted : version,
    String(totals?.passed ?? "-"),
    String(totals?.failed ?? "-"),
    String(totals?.skipped ?? "-"),
    formatDuration(installMs),
    formatDuration(suiteMs),
    problem ?? "",
  ]);
  const titles = ["Node", "passed", "failed", "skipped", "npm ci", "npm test", ""];
  const columns = titles.map((title, index): TextColumn => {
    const width = Math.max(title.length, 1, ...rows.map((row) => row[index]?.length ?? 0));
    return { title, align: index === 0 || title === "" ? "left" : "right", width };
  });
  return textTable(columns, rows, GAP);
}
