/** A table that leaves out columns until it fits its terminal, and rows that matter least. */
import { styleText } from "node:util";
import { columnsMost } from "../text/escape.ts";
import { textTable } from "./text_table.ts";

/** What a word is painted with when it is good, in between, or bad. */
export type Color = "green" | "yellow" | "red";

/** A column of rows of one kind. */
export interface FittingColumn<Row> {
  readonly title: string;
  readonly align: "left" | "right";
  readonly cell: (row: Row) => string;
  /** The colour of its cell. */
  readonly color?: (row: Row) => Color;
}

/** The first column names the row: it stays, and is cut where there is no room for it. */
export interface FittingShape<Row> {
  readonly columns: readonly FittingColumn<Row>[];
  /** Titles of what goes first where the terminal is narrow. */
  readonly droppedFirst: readonly string[];
}

/** Draws titles and `rows` at most `width` wide. Returns the lines; none where there is no room. */
export function fittingTable<Row>(
  shape: FittingShape<Row>,
  rows: readonly Row[],
  { width, color }: { readonly width: number; readonly color: boolean },
): string[] {
  const { columns, gap } = layout(shape, rows, width);
  const room = width - tableWidth(columns.slice(1), rows, gap) - gap;
  if (room < 1) return [];
  const sized = columns.map((column, index) => {
    const most = widthOf(column, rows);
    return { ...column, width: index === 0 ? Math.min(room, most) : most };
  });
  const cells = rows.map((row) => {
    return columns.map((column) => {
      const text = column.cell(row);
      return color && column.color !== undefined ? paint(text, column.color(row)) : text;
    });
  });
  return textTable(sized, cells, gap);
}

/** The `rowsMax` most urgent rows, in their old order, so that rows do not jump about. */
export function mostUrgent<Row>(
  rows: readonly Row[],
  rowsMax: number,
  urgency: (one: Row, other: Row) => number,
): readonly Row[] {
  const chosen = new Set(rows.toSorted(urgency).slice(0, rowsMax));
  return rows.filter((row) => chosen.has(row));
}

/** Colours text. The caller knows its terminal; by itself styleText would look at stdout. */
export function paint(text: string, color: Color): string {
  return styleText(color, text, { validateStream: false });
}

/** The columns that fit, in their order, and the space between them. */
function layout<Row>(
  { columns, droppedFirst }: FittingShape<Row>,
  rows: readonly Row[],
  width: number,
): { readonly columns: readonly FittingColumn<Row>[]; readonly gap: number } {
  for (let dropped = 0; dropped <= droppedFirst.length; dropped++) {
    const kept = without(columns, droppedFirst.slice(0, dropped));
    const gap = [2, 1].find((space) => tableWidth(kept, rows, space) <= width);
    if (gap !== undefined) return { columns: kept, gap };
  }
  return { columns: without(columns, droppedFirst), gap: 1 };
}

function without<Row>(
  columns: readonly FittingColumn<Row>[],
  titles: readonly string[],
): readonly FittingColumn<Row>[] {
  return columns.filter(({ title }) => !titles.includes(title));
}

function tableWidth<Row>(
  columns: readonly FittingColumn<Row>[],
  rows: readonly Row[],
  gap: number,
): number {
  const widths = columns.map((column) => widthOf(column, rows));
  return widths.reduce((sum, width) => sum + width, gap * (columns.length - 1));
}

function widthOf<Row>({ title, cell }: FittingColumn<Row>, rows: readonly Row[]): number {
  return Math.max(title.length, ...rows.map((row) => columnsMost(cell(row))));
}
