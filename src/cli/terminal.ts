/** How much room there is to draw. */

const COLUMNS_DEFAULT = 100;
const ROWS_DEFAULT = 24;

/** Returns how wide and high a terminal is. One that says 0, as on a serial line, does not know. */
export function terminalSize(stream: { readonly columns?: number; readonly rows?: number }): {
  readonly columns: number;
  readonly rows: number;
} {
  return { columns: stream.columns || COLUMNS_DEFAULT, rows: stream.rows || ROWS_DEFAULT };
}
