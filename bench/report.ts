/** Prints figures for people and for programs. */
import type { Aim, Figure, FigureResult, Row, Unit } from "./figure.ts";
import { isMet } from "./figure.ts";
import { spreadOf } from "./spread.ts";

const DIGITS_FROM = 100;

/** Returns three significant digits, or all of a larger number: `1.86`, `214`, `412,000`. */
export function numberText(value: number, unit: Unit): string {
  if (unit.endsWith("/s")) return (Math.round(value / 100) * 100).toLocaleString("en-US");
  return value >= DIGITS_FROM ? value.toFixed(0) : value.toPrecision(3);
}

/** Returns e.g. `under 25 ms: met`; empty without an aim. */
export function aimText(row: Row): string {
  if (row.aim === undefined) return "";
  return `${boundText(row.aim, row.unit)}: ${isMet(row) === true ? "met" : "MISSED"}`;
}

function boundText({ is, bound }: Aim, unit: Unit): string {
  return `${is} ${bound.toLocaleString("en-US")} ${unit}`;
}

/** Returns the cells of a row: name, median, minimum, maximum, unit, aim. */
function cellsOf(row: Row): string[] {
  const { median, min, max } = spreadOf(row.values);
  const numbers = [median, min, max].map((value) => numberText(value, row.unit));
  return [row.name, ...numbers, row.unit, aimText(row)];
}

const TITLES = ["", "median", "min", "max", "", "aim"];

/** Returns a figure for people, in the Markdown of bench/README.md. */
export function figureMarkdown({ name, title }: Figure, result: FigureResult): string {
  const cells = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
  return [
    `### ${name}: ${title}`,
    "",
    `Settings: ${settingsText(result)}.`,
    "",
    cells(TITLES),
    "|---|---:|---:|---:|---|---|",
    ...result.rows.map((row) => cells(cellsOf(row))),
    "",
    `Checked: ${result.checked.join("; ")}.`,
    "",
  ].join("\n");
}

/** Returns a figure as a JSON object for programs. */
export function figureJson({ name, title }: Figure, result: FigureResult): object {
  const rows = result.rows.map((row) => ({ ...row, ...spreadOf(row.values), met: isMet(row) }));
  return { figure: name, title, settings: result.settings, rows, checked: result.checked };
}

function settingsText({ settings }: FigureResult): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value.toLocaleString("en-US")}`)
    .join(", ");
}
