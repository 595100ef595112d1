/** The size of a terminal. */

const COLUMNS_DEFAULT = 100;
const ROWS_DEFAULT = 24;

/** Returns the size of a terminal, or a default. A serial line reports 0 for unknown. */
export function terminalSize(stream: { readonly columns?: number; readonly rows?: number }): {
  readonly columns: number;
  readonly rows: number;
} {
  return { columns: stream.columns || COLUMNS_DEFAULT, rows: stream.rows || ROWS_DEFAULT };
}
