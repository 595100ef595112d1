/**
 * When a ledger folds its intake: once it is too full, in a pause between commits, and before a read
 * that needs all likes among the items.
 *
 * A full intake folds a little more than each commit appends. Commits and reads go on between two
 * folds.
 */
import { setImmediate as turn } from "node:timers/promises";
import {
  FOLD_PAUSE_MS,
  FOLD_ROWS_MIN,
  INTAKE_ROWS_MAX,
  INTAKE_ROWS_MIN,
  INTAKE_ROWS_PER_PAGE,
} from "../../limits.ts";

/** What is folded. */
export interface Folded {
  /** At least the number of rows in the intake. */
  readonly intakeRows: number;
  /** Pages of the file. */
  readonly pages: number;
  /** Folds about `rows` rows in a transaction. Returns false when it could not. */
  fold(rows: number): boolean;
}

/** The folding of one open ledger. */
export class Folding {
  readonly #folded: Folded;
  #rows = FOLD_ROWS_MIN;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(folded: Folded) {
    this.#folded = folded;
  }

  /** A commit has appended `rows` to the intake. */
  committed(rows: number): void {
    this.#rows = Math.max(FOLD_ROWS_MIN, rows * 2);
    if (this.#folded.intakeRows > 0) this.#foldAfter(this.#isFull ? 0 : FOLD_PAUSE_MS);
  }

  /** Folds until the intake is empty. Returns false when it cannot. */
  async foldAll(): Promise<boolean> {
    while (this.#folded.intakeRows > 0) {
      if (this.#isClosed || !this.#folded.fold(this.#rows)) return false;
      await turn();
    }
    return !this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #foldAfter(waitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), waitMs).unref();
  }

  /** A full intake is folded until it is no longer full; in a pause, until it is empty. */
  #run(): void {
    const wasFull = this.#isFull;
    if (!this.#folded.fold(this.#rows) || this.#folded.intakeRows === 0) return;
    this.#foldAfter(wasFull && !this.#isFull ? FOLD_PAUSE_MS : 0);
  }

  get #isFull(): boolean {
    const { intakeRows, pages } = this.#folded;
    const max = Math.min(pages * INTAKE_ROWS_PER_PAGE, INTAKE_ROWS_MAX);
    return intakeRows > Math.max(max, INTAKE_ROWS_MIN);
  }
}
