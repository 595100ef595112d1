/** A table that drops columns until it fits its terminal, and keeps the most urgent rows. */
import { styleText } from "node:util";
import { columnsMax } from "../text/escape.ts";
import { textTable } from "./text_table.ts";

/** The colours of good, middling and bad. */
export type Color = "green" | "yellow" | "red";

/** A column of a table of `Row`. */
export interface FittingColumn<Row> {
  readonly title: string;
  readonly align: "left" | "right";
  readonly cell: (row: Row) => string;
  /** Returns the colour of the cell. */
  readonly color?: (row: Row) => Color;
}

/** The columns. The first one names the row: it always stays, and is cut to fit. */
export interface FittingShape<Row> {
  readonly columns: readonly FittingColumn<Row>[];
  /** Titles of the columns to drop on a narrow terminal, first to last. */
  readonly droppedFirst: readonly string[];
}

/** Draws titles and `rows` at most `width` wide. Returns the lines; none when nothing fits. */
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

/** Returns the `rowsMax` most urgent rows in their original order, so that rows do not jump. */
export function mostUrgent<Row>(
  rows: readonly Row[],
  rowsMax: number,
  urgency: (one: Row, other: Row) => number,
): readonly Row[] {
  const chosen = new Set(rows.toSorted(urgency).slice(0, rowsMax));
  return rows.filter((row) => chosen.has(row));
}

/** Colours text always: the caller knows its terminal, whereas styleText would check stdout. */
export function paint(text: string, color: Color): string {
  return styleText(color, text, { validateStream: false });
}

/** Returns the columns that fit, in order, and the gap between them. */
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
  return Math.max(title.length, ...rows.map((row) => columnsMax(cell(row))));
}
