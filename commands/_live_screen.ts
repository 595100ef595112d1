/** A part of the terminal that is drawn again and again, and stays when the command ends. */
import { createLogUpdate } from "log-update";
import { countBar } from "../src/cli/progress.ts";
import { awayText, statusTable } from "../src/cli/status_text.ts";
import type { Status } from "../src/core/status.ts";
import { monotonicMs } from "../src/monotonic.ts";

const COLUMNS_DEFAULT = 100;
const ROWS_DEFAULT = 24;
/** Lines of a screen that are not rows of the table: banner, headline, titles, bar. */
const LINES_AROUND = 10;
/** Between two drawings of a bar. */
const BAR_INTERVAL_MS = 100;

/** Draws on a terminal; on anything else `isLive` is false. */
export class LiveScreen {
  readonly #stream: NodeJS.WriteStream;
  readonly #update: ReturnType<typeof createLogUpdate>;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#update = createLogUpdate(stream, { showCursor: true });
  }

  get isLive(): boolean {
    return this.#stream.isTTY;
  }

  get columns(): number {
    return this.#stream.columns ?? COLUMNS_DEFAULT;
  }

  /** The status as a table that fits. */
  statusText(status: Status): string {
    const rowsMax = Math.max(3, (this.#stream.rows ?? ROWS_DEFAULT) - LINES_AROUND);
    return statusTable(status, { columns: this.columns, color: this.#hasColor, rowsMax });
  }

  /** What takes the place of the table while the primary does not answer. */
  awayText(status: Status, silentMs: number, reason: string | undefined): string {
    return awayText(status, silentMs, { columns: this.columns, color: this.#hasColor, reason });
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
    this.#update(text);
  }

  /** Takes away what is drawn. */
  clear(): void {
    if (this.isLive) this.#update.clear();
  }

  /** Leaves what is drawn, and goes on below it. */
  done(): void {
    this.#update.done();
  }

  get #hasColor(): boolean {
    return this.isLive && !process.env["NO_COLOR"];
  }
}
