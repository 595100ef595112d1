/** A part of the terminal that is drawn again and again, and stays when the command ends. */
import { stripVTControlCharacters } from "node:util";
import { createLogUpdate } from "log-update";
import { countBar } from "../src/cli/progress.ts";
import { awayText, statusTable } from "../src/cli/status_text.ts";
import { terminalSize } from "../src/cli/terminal.ts";
import type { Status } from "../src/core/primary/status.ts";
import { monotonicMs } from "../src/monotonic.ts";

/** Goes up one row, and empties it. tmux keeps what is taken away at once, above the screen. */
const ERASE_ROW_ABOVE = "\u001b[A\u001b[2K";
/** Lines of a screen that are not rows of the table: headline, titles, what is said below. */
const LINES_AROUND = 10;
/** Between two drawings of a bar. */
const BAR_INTERVAL_MS = 100;

/** Draws on a terminal; on anything else `isLive` is false. */
export class LiveScreen {
  readonly #stream: NodeJS.WriteStream;
  readonly #update: ReturnType<typeof createLogUpdate>;
  /** What is drawn, and how wide the terminal was. */
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

  /** The status as a table that fits. */
  statusText(status: Status): string {
    const rowsMax = Math.max(3, this.rows - LINES_AROUND);
    return statusTable(status, { columns: this.columns, color: this.hasColor, rowsMax });
  }

  /** What takes the place of the table while the primary does not answer. */
  awayText(status: Status, silentMs: number, reason: string | undefined): string {
    return awayText(status, silentMs, { columns: this.columns, color: this.hasColor, reason });
  }

  /** Draws how many of all are done, as a bar, and not too often; undefined where nobody looks. */
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

  /** Takes away what is drawn. */
  clear(): void {
    if (!this.isLive) return;
    this.#eraseNarrowed();
    this.#update.clear();
  }

  /** Leaves what is drawn, and goes on below it. */
  done(): void {
    this.#drawn = { text: "", columns: 0 };
    this.#update.done();
  }

  /**
   * Takes away what was drawn on a wider terminal. Most of them break its lines anew, so that it has
   * more rows than log-update knows of, and the uppermost would stay.
   */
  #eraseNarrowed(): void {
    const { text, columns: before } = this.#drawn;
    if (text === "" || this.columns >= before) return;
    const rows = rowsOf(text, before, this.columns);
    this.#stream.write(`\r${ERASE_ROW_ABOVE.repeat(rows)}`);
    this.done();
  }
}

/** The stream as log-update sees it: with a size also where the terminal does not know its own. */
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

/** Rows that a text takes on a terminal of `columns` after it was drawn on one of `before`. */
function rowsOf(text: string, before: number, columns: number): number {
  const lines = stripVTControlCharacters(text).split("\n");
  return lines.reduce((rows, line) => {
    const length = line.match(/./gu)?.length ?? 0;
    const [full, rest] = [Math.floor(length / before), length % before];
    const broken = full * Math.ceil(before / columns) + Math.ceil(rest / columns);
    return rows + Math.max(1, broken);
  }, 0);
}
