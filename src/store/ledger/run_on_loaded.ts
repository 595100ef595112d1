/** Runs the rules of one transaction on loaded rows. */
import { assert } from "../../assert.ts";
import type { LedgerNeed } from "../../core/ledger/ledger_needs.ts";
import { LedgerTransaction } from "../../core/ledger/ledger_transaction.ts";
import type { WriteSet } from "../../core/ledger/ledger_transaction.ts";
import { Loaded, Miss } from "../../core/ledger/loaded_rows.ts";
import type { LedgerHead } from "../../core/ledger/loaded_rows.ts";
import { checkWriteSet } from "./check_write_set.ts";

/** The most runs of one work. The rules miss far fewer rows. */
export const RUNS_MAX = 10_000;

/** The committed rows. They do not change during a transaction. */
export interface CommittedRows {
  readonly head: LedgerHead;
  /** Loads the rows that `need` names. */
  load(loaded: Loaded, need: LedgerNeed): void;
}

/** A finished run: the value of the work, and what it set; undefined when it set nothing. */
export interface Ran<T> {
  readonly value: T;
  readonly writeSet: WriteSet | undefined;
}

/**
 * Runs `work` once. Returns the need of the row that it missed, if any. Asserts that all numbers that
 * it set can be stored. Throws what it throws.
 */
export function runOnce<T>(
  loaded: Loaded,
  work: (ledger: LedgerTransaction) => T,
): Ran<T> | { readonly missed: LedgerNeed } {
  const ledger = new LedgerTransaction(loaded);
  try {
    const value = work(ledger);
    const { writeSet } = ledger;
    if (writeSet !== undefined) checkWriteSet(writeSet);
    return { value, writeSet };
  } catch (error) {
    if (error instanceof Miss) return { missed: error.need };
    throw error;
  }
}

/**
 * Runs `work` on the rows of `needs`, and again after loading each row that it misses. For a store
 * that does not wait for its rows.
 */
export function runOnLoaded<T>(
  rows: CommittedRows,
  needs: readonly LedgerNeed[],
  work: (ledger: LedgerTransaction) => T,
): Ran<T> {
  const loaded = new Loaded(rows.head);
  for (const need of needs) rows.load(loaded, need);
  for (let runs = 1; ; runs++) {
    assert(runs <= RUNS_MAX, "work is pure, and its needs name most rows that it reads");
    const ran = runOnce(loaded, work);
    if (!("missed" in ran)) return ran;
    rows.load(loaded, ran.missed);
  }
}
