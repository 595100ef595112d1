/**
 * A transaction in steps: rows are loaded, the rules run on them, and what they set is written. The
 * steps need not be in one thread.
 */
import { assert } from "../../assert.ts";
import type { CommitOutcome, OpeningEnd, ReadOutcome } from "../../core/ledger/ledger.ts";
import type { LedgerNeed } from "../../core/ledger/ledger_needs.ts";
import type { LedgerTransaction, WriteSet } from "../../core/ledger/ledger_transaction.ts";
import { Loaded } from "../../core/ledger/loaded_rows.ts";
import type { LedgerHead, LoadedNeed } from "../../core/ledger/loaded_rows.ts";
import { RUNS_MAX, runOnce } from "./run_on_loaded.ts";
import type { Ran } from "./run_on_loaded.ts";

/** What a closed store answers. Its caller no longer waits for the answer. */
export const CLOSED: OpeningEnd = {
  type: "in_doubt",
  reason: "Cannot use the ledger: it is closed",
};

/** Loaded rows, and a number that changes when another program writes the file. */
export interface LoadedAt {
  readonly head: LedgerHead;
  readonly entries: readonly LoadedNeed[];
  readonly changes: bigint;
}

/** A store whose transactions have steps. */
export interface StepStore {
  /** Loads the committed rows of `needs`. */
  loadRows(needs: readonly LedgerNeed[]): Promise<ReadOutcome<LoadedAt>>;
  /**
   * Commits a write set that was made from rows loaded at `changes`. Returns false when another
   * program has written meanwhile: the rules must then run again.
   */
  writeSet(set: WriteSet, changes: bigint): Promise<CommitOutcome<boolean>>;
}

/** Runs `work` as LedgerStore's `transact` does. */
export async function transactInSteps<T>(
  store: StepStore,
  needs: readonly LedgerNeed[],
  work: (ledger: LedgerTransaction) => T,
): Promise<CommitOutcome<T>> {
  for (let runs = 1; ; runs++) {
    assert(runs <= RUNS_MAX, "other programs write the file rarely");
    const read = await run(store, needs, work);
    if (read.type !== "done") return read;
    const { value, writeSet, changes } = read.value;
    if (writeSet === undefined) return { type: "done", value };
    const outcome = await store.writeSet(writeSet, changes);
    if (outcome.type !== "done") return outcome;
    if (outcome.value) return { type: "done", value };
  }
}

/** Runs `work` on loaded rows, and again until it misses none. */
async function run<T>(
  store: StepStore,
  needs: readonly LedgerNeed[],
  work: (ledger: LedgerTransaction) => T,
): Promise<ReadOutcome<Ran<T> & { readonly changes: bigint }>> {
  let first: { readonly loaded: Loaded; readonly changes: bigint } | undefined;
  let missing = needs;
  for (let runs = 1; ; runs++) {
    assert(runs <= RUNS_MAX, "work is pure, and its needs name most rows that it reads");
    const read = await store.loadRows(missing);
    if (read.type !== "done") return read;
    const { head, entries, changes } = read.value;
    first ??= { loaded: new Loaded(head), changes };
    first.loaded.add(entries);
    const ran = runOnce(first.loaded, work);
    if (!("missed" in ran)) return { type: "done", value: { ...ran, changes: first.changes } };
    missing = [ran.missed];
  }
}
