/** Writes what became of a load of likes, as text and as JSON. */
import { percentile } from "../percentile.ts";
import { countOf, formatCount } from "../text/numbers.ts";
import { textTable } from "./text_table.ts";

const PERCENTS = [50, 95, 99, 100];
const GAP = 3;
/** Digits of milliseconds that mean something. */
const DIGITS = 3;
const COLUMNS = [
  { title: "milliseconds", align: "left", width: 40 } as const,
  ...["p50", "p95", "p99", "max"].map((title) => ({ title, align: "right", width: 8 }) as const),
];

/** What became of the likes. Each add has one like. */
export interface Load {
  readonly accepted: number;
  readonly refused: number;
  /** Likes whose answer was lost: they may count or not. */
  readonly unknown: number;
  /** Likes of the items at the primary, in the end. */
  readonly counted: number;
  /** Accepted likes that no item counts, and likes beyond those that were accepted or unknown. */
  readonly missing: number;
  readonly doubled: number;
  /** From the first like to the last answer. */
  readonly tookMs: number;
  /** For each accepted like: from due to acknowledged. */
  readonly acceptedMs: readonly number[];
  /** For each like that was seen in a count: from acknowledged to that count. */
  readonly visibleMs: readonly number[];
  /** The first refusal, or the first failure of a call. */
  readonly reason: string | undefined;
}

/** Returns the lines of a load. `isSettled` means that the primary has nothing pending. */
export function loadText(load: Load, isSettled: boolean): readonly string[] {
  const { accepted, refused, unknown, missing, doubled } = load;
  const { acceptedMs, visibleMs, tookMs } = load;
  const rate = Math.round((accepted * 1_000) / Math.max(tookMs, 1));
  const given = [
    `${countOf(accepted, "like")} accepted, ${formatCount(rate)} a second`,
    `${formatCount(refused)} refused`,
    `${formatCount(unknown)} unknown`,
  ];
  const missingText = `${formatCount(missing)} ${isSettled ? "lost" : "not counted yet"}`;
  const rows = [
    ["from due to accepted", ...cells(acceptedMs)],
    ["from accepted to counted by the primary", ...cells(visibleMs)],
  ];
  return [
    given.join(", "),
    `${missingText}, ${formatCount(doubled)} counted twice`,
    "",
    ...textTable(COLUMNS, rows, GAP),
  ];
}

/** Returns the percentiles as an object of JSON; undefined without values. */
export function percentilesOf(values: readonly number[]): unknown {
  if (values.length === 0) return undefined;
  const [p50, p95, p99, max] = PERCENTS.map((percent) => rounded(percentile(values, percent)));
  return { p50, p95, p99, max };
}

function cells(values: readonly number[]): readonly string[] {
  if (values.length === 0) return PERCENTS.map(() => "-");
  return PERCENTS.map((percent) => String(rounded(percentile(values, percent))));
}

function rounded(valueMs: number): number {
  return Number(valueMs.toPrecision(DIGITS));
}
