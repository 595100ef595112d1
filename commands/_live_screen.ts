/** A part of the terminal that is redrawn, and remains when the command ends. */
import { stripVTControlCharacters } from "node:util";
import { createLogUpdate } from "log-update";
import { countBar } from "../src/cli/progress.ts";
import { awayText, statusTable } from "../src/cli/status_text.ts";
import { terminalSize } from "../src/cli/terminal.ts";
import type { Status } from "../src/core/primary/status.ts";
import { monotonicMs } from "../src/monotonic.ts";

/** Moves up one row and erases it. tmux keeps rows that are erased at once, above the screen. */
const ERASE_ROW_ABOVE = "\u001b[A\u001b[2K";
/** Lines of a screen besides the rows of the table: headline, titles, and the text below. */
const LINES_AROUND = 10;
/** Minimum time between two drawings of a bar. */
const BAR_INTERVAL_MS = 100;

/** Draws on a terminal; on anything else `isLive` is false. */
export class LiveScreen {
  readonly #stream: NodeJS.WriteStream;
  readonly #update: ReturnType<typeof createLogUpdate>;
  /** The text drawn last, and the terminal's width then. */
  #drawn = { text: "", columns: 0 };

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#update = createLogUpdate(sized(stream), { showCursor: true });
  }

  get isLive(): boolean {
    return this.#stream.isTTY;
  }

  get columns(): number {
    return terminalSize(this.#stream).columns;
  }

  get rows(): number {
    return terminalSize(this.#stream).rows;
  }

  get hasColor(): boolean {
    return this.isLive && !process.env["NO_COLOR"];
  }

  /** Returns the status as a table that fits the terminal. */
  statusText(status: Status): string {
    const rowsMax = Math.max(3, this.rows - LINES_AROUND);
    return statusTable(status, { columns: this.columns, color: this.hasColor, rowsMax });
  }

  /** Returns the text that replaces the table while the primary does not answer. */
  awayText(status: Status, silentMs: number, reason: string | undefined): string {
    return awayText(status, silentMs, { columns: this.columns, color: this.hasColor, reason });
  }

  /** Returns a function that draws progress as a bar, rate-limited; undefined off a terminal. */
  bar(noun: string): ((done: number, all: number) => void) | undefined {
    if (!this.isLive) return undefined;
    let drawnMs = -Infinity;
    return (done, all) => {
      const nowMs = monotonicMs();
      if (nowMs - drawnMs < BAR_INTERVAL_MS) return;
      drawnMs = nowMs;
      this.draw(countBar(done, all, noun, this.columns));
    };
  }

  draw(text: string): void {
    this.#eraseNarrowed();
    this.#update(text);
    this.#drawn = { text, columns: this.columns };
  }

  /** Erases the drawing. */
  clear(): void {
    if (!this.isLive) return;
    this.#eraseNarrowed();
    this.#update.clear();
  }

  /** Keeps the drawing, and continues below it. */
  done(): void {
    this.#drawn = { text: "", columns: 0 };
    this.#update.done();
  }

  /**
   * Erases a drawing made on a wider terminal. Most terminals rewrap its lines: it then has more
   * rows than log-update erases, and the top ones would remain.
   */
  #eraseNarrowed(): void {
    const { text, columns: before } = this.#drawn;
    if (text === "" || this.columns >= before) return;
    const rows = rowsOf(text, before, this.columns);
    this.#stream.write(`\r${ERASE_ROW_ABOVE.repeat(rows)}`);
    this.done();
  }
}

/** Returns the stream for log-update: with a size even when the terminal does not know its own. */
function sized(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  const drawn = {
    isTTY: stream.isTTY,
    get columns() {
      return terminalSize(stream).columns;
    },
    get rows() {
      return terminalSize(stream).rows;
    },
    write: (text: string) => stream.write(text),
  };
  return drawn as NodeJS.WriteStream;
}

/** Returns the rows of a text on a terminal of `columns` that was drawn at `before` columns. */
function rowsOf(text: string, before: number, columns: number): number {
  const lines = stripVTControlCharacters(text).split("\n");
  return lines.reduce((rows, line) => {
    const length = line.match(/./gu)?.length ?? 0;
    const [full, rest] = [Math.floor(length / before), length % before];
    const broken = full * Math.ceil(before / columns) + Math.ceil(rest / columns);
    return rows + Math.max(1, broken);
  }, 0);
}
