/** Tables without borders, like those of `docker ps`: easy to read, copy and cut. */
import Table from "cli-table3";

/** Every border that cli-table3 would draw. */
const BORDERS =
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right " +
  "left left-mid mid mid-mid right right-mid";
const NO_BORDERS = Object.fromEntries(BORDERS.split(" ").map((name) => [name, ""]));

/** A column of a text table. */
export interface TextColumn {
  readonly title: string;
  readonly align: "left" | "right";
  /** Width in terminal columns; longer cells are cut with `…`. */
  readonly width: number;
}

/** Draws `rows` of escaped cells under the titles, the columns `gap` apart. Returns the lines. */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  gap: number,
): string[] {
  const table = new Table({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ align }) => align),
    colWidths: columns.map(({ width }) => width),
    chars: { ...NO_BORDERS, middle: " ".repeat(gap) },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  for (const row of rows) table.push([...row]);
  const lines = table.toString().split("\n");
  return lines.map((line) => line.trimEnd()).filter((line) => line !== "");
}
