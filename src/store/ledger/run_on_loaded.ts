/** Runs the rules of one transaction on loaded rows, for a store that need not wait for its rows. */
import { assert } from "../../assert.ts";
import type { LedgerNeed } from "../../core/ledger/ledger_needs.ts";
import { LedgerTransaction } from "../../core/ledger/ledger_transaction.ts";
import type { WriteSet } from "../../core/ledger/ledger_transaction.ts";
import { Loaded, Miss } from "../../core/ledger/loaded_rows.ts";
import type { LedgerHead } from "../../core/ledger/loaded_rows.ts";

/** The most runs of one work. The rules miss far fewer rows. */
const RUNS_MAX = 10_000;

/** The committed rows. They do not change during a transaction. */
export interface CommittedRows {
  readonly head: LedgerHead;
  /** Loads the rows that `need` names. */
  load(loaded: Loaded, need: LedgerNeed): void;
}

/**
 * Runs `work` on the rows of `needs`, and again after loading each row that it misses. Returns its
 * value, and what it set; undefined when it set nothing. Throws what `work` throws.
 */
export function runOnLoaded<T>(
  rows: CommittedRows,
  needs: readonly LedgerNeed[],
  work: (ledger: LedgerTransaction) => T,
): { readonly value: T; readonly writeSet: WriteSet | undefined } {
  const loaded = new Loaded(rows.head);
  for (const need of needs) rows.load(loaded, need);
  for (let runs = 1; ; runs++) {
    assert(runs <= RUNS_MAX, "work is pure, and its needs name most rows that it reads");
    const ledger = new LedgerTransaction(loaded);
    try {
      return { value: work(ledger), writeSet: ledger.writeSet };
    } catch (error) {
      if (!(error instanceof Miss)) throw error;
      rows.load(loaded, error.need);
    }
  }
}
