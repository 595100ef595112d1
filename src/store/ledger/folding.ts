/**
 * When a ledger folds its intake: once it is too full, in a pause between commits, and before a read
 * that needs all likes among the items.
 *
 * A full intake folds twice what each commit appends. In a pause, each fold is as large as takes
 * FOLD_TARGET_MS. Commits and reads go on between two folds.
 */
import { performance } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import type { WriteFailure } from "../../core/protocol/write_failure.ts";
import {
  FOLD_GENTLE_ROWS,
  FOLD_GENTLE_ROWS_MIN,
  FOLD_PAUSE_MS,
  FOLD_ROWS_MIN,
  FOLD_TARGET_MS,
  INTAKE_ROWS_MAX,
  INTAKE_ROWS_MIN,
  INTAKE_ROWS_PER_PAGE,
} from "../../limits.ts";

/** How a fold ended. `ended` means that the opening is over: the next call says why. */
export type FoldOutcome = "folded" | "empty" | "ended" | WriteFailure;

/** The intake of a ledger, as its folding sees it. */
export interface Foldable {
  /** At least the number of rows in the intake. */
  readonly intakeRows: number;
  /** Pages of the file. */
  readonly pages: number;
  /** Folds about `rows` rows in a transaction. */
  fold(rows: number): FoldOutcome;
}

/** The folding of one open ledger. */
export class Folding {
  readonly #ledger: Foldable;
  /** Rows of a fold while the intake is full, or while a page waits. */
  #rows = FOLD_ROWS_MIN;
  /** Rows of a fold in a pause. */
  #gentleRows = FOLD_GENTLE_ROWS;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the next fold waits for nothing: a commit does not put it off. */
  #isDue = false;
  #all: Promise<WriteFailure | undefined> | undefined;
  #isClosed = false;

  constructor(ledger: Foldable) {
    this.#ledger = ledger;
  }

  /** The ledger was opened: an earlier opening may have left rows. */
  opened(): void {
    this.#foldAfterPause();
  }

  /** A commit has appended `rows` to the intake. */
  committed(rows: number): void {
    this.#rows = Math.max(FOLD_ROWS_MIN, rows * 2);
    if (this.#isFull) this.#foldSoon();
    else this.#foldAfterPause();
  }

  /**
   * Folds until the intake is empty, or the opening is over. Returns why it cannot. Calls that come
   * meanwhile share the result.
   */
  foldAll(): Promise<WriteFailure | undefined> {
    this.#all ??= this.#foldAll().finally(() => (this.#all = undefined));
    return this.#all;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #foldAll(): Promise<WriteFailure | undefined> {
    while (!this.#isClosed) {
      const outcome = this.#ledger.fold(this.#rows);
      if (outcome === "empty" || outcome === "ended") return undefined;
      if (outcome !== "folded") return outcome;
      await turn();
    }
    return undefined;
  }

  #foldSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#after(0);
  }

  #foldAfterPause(): void {
    if (!this.#isDue) this.#after(FOLD_PAUSE_MS);
  }

  #after(waitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), waitMs).unref();
  }

  /** A full intake is folded until it is no longer full; in a pause, until it is empty. */
  #run(): void {
    this.#isDue = false;
    const wasFull = this.#isFull;
    const outcome = wasFull ? this.#ledger.fold(this.#rows) : this.#foldGently();
    if (outcome !== "folded") return;
    if (wasFull && !this.#isFull) this.#foldAfterPause();
    else this.#foldSoon();
  }

  #foldGently(): FoldOutcome {
    const beganMs = performance.now();
    const outcome = this.#ledger.fold(this.#gentleRows);
    const tookMs = performance.now() - beganMs;
    const rows = tookMs > FOLD_TARGET_MS ? this.#gentleRows / 2 : this.#gentleRows;
    const grown = tookMs * 2 < FOLD_TARGET_MS ? rows * 2 : rows;
    this.#gentleRows = Math.min(FOLD_ROWS_MIN, Math.max(FOLD_GENTLE_ROWS_MIN, grown));
    return outcome;
  }

  get #isFull(): boolean {
    const { intakeRows, pages } = this.#ledger;
    const max = Math.min(pages * INTAKE_ROWS_PER_PAGE, INTAKE_ROWS_MAX);
    return intakeRows > Math.max(max, INTAKE_ROWS_MIN);
  }
}
