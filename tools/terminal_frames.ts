/** What a terminal showed, moment by moment, from the bytes that a program wrote to it. */
import xterm from "@xterm/headless";

/** Bytes of a program, and when they came. */
export interface Written {
  /** Since the start of the recording. */
  readonly atMs: number;
  readonly text: string;
}

/** Characters in a row that look alike. */
export interface Run {
  /** Column of the first character, from 0. */
  readonly column: number;
  readonly text: string;
  /** One of the 16 colours of a terminal; undefined for that of plain text. */
  readonly color: number | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
}

/** The screen at a moment: its lines from the top, each in runs; empty ones at the end are left out. */
export interface Frame {
  readonly atMs: number;
  readonly lines: readonly (readonly Run[])[];
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** A screen that is drawn in several writes is shown once these have gone by without another one. */
const SETTLED_MS = 60;

/** The frames that differ, each at its time. */
export async function terminalFrames(
  written: readonly Written[],
  { columns, rows }: ScreenSize,
): Promise<Frame[]> {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const frames: Frame[] = [];
  for (const [index, { atMs, text }] of written.entries()) {
    await new Promise<void>((resolve) => terminal.write(text, resolve));
    const nextMs = written[index + 1]?.atMs ?? Infinity;
    if (nextMs - atMs < SETTLED_MS) continue;
    const lines = linesOf(terminal, rows);
    if (JSON.stringify(frames.at(-1)?.lines) !== JSON.stringify(lines))
      frames.push({ atMs, lines });
  }
  terminal.dispose();
  return frames;
}

function linesOf(terminal: xterm.Terminal, rows: number): (readonly Run[])[] {
  const buffer = terminal.buffer.active;
  const lines = Array.from({ length: rows }, (_, row) => {
    return runsOf(buffer.getLine(buffer.viewportY + row));
  });
  return lines.slice(0, lines.findLastIndex((runs) => runs.length > 0) + 1);
}

/** Blanks end a run where the look changes, and are left out at the end of the line. */
function runsOf(line: xterm.IBufferLine | undefined): Run[] {
  const runs: Run[] = [];
  for (let column = 0; column < (line?.length ?? 0); column++) {
    const cell = line?.getCell(column);
    if (cell === undefined) break;
    const color = cell.isFgPalette() ? cell.getFgColor() : undefined;
    const look = { color, bold: cell.isBold() !== 0, dim: cell.isDim() !== 0 };
    const text = cell.getChars() === "" ? " " : cell.getChars();
    const last = runs.at(-1);
    if (last === undefined || !looksLike(last, look)) runs.push({ column, text, ...look });
    else runs[runs.length - 1] = { ...last, text: last.text + text };
  }
  const shown = runs.map((run) => ({ ...run, text: run.text.trimEnd() }));
  return shown.filter(({ text }) => text !== "");
}

function looksLike(run: Run, look: Pick<Run, "color" | "bold" | "dim">): boolean {
  return run.color === look.color && run.bold === look.bold && run.dim === look.dim;
}
