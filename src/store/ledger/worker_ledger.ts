/**
 * The primary's ledger in SQLite, in a thread of its own: disk and B-trees do not stop the event
 * loop. The rules run in the primary's thread, on rows that the other thread has loaded.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type {
  CommitOutcome,
  CountsRead,
  CountsSelection,
  LedgerSnapshot,
  LedgerStore,
  OpeningEnd,
  ReadOutcome,
} from "../../core/ledger/ledger.ts";
import type { LedgerNeed } from "../../core/ledger/ledger_needs.ts";
import type { LedgerTransaction, WriteSet } from "../../core/ledger/ledger_transaction.ts";
import type { GenerationId, IncarnationId, LedgerId } from "../../core/protocol/ids.ts";
import { LikesError, messageOf, refused } from "../../errors.ts";
import type { Refusal } from "../../errors.ts";
import type { SqliteOptions } from "../sqlite/sqlite_file.ts";
import { transactInSteps } from "./transact_in_steps.ts";
import type { LoadedAt, StepStore } from "./transact_in_steps.ts";

/** What the thread opens. */
export interface WorkerOptions {
  readonly folder: string;
  readonly ids: { readonly ledgerIdIfNew: LedgerId; readonly generation: GenerationId };
  readonly nowUnixMs: number;
  readonly options: SqliteOptions;
}

/** The first message of the thread: why it could not open the ledger, if it could not. */
export interface OpenedLedger {
  readonly refusal: Refusal | undefined;
}

/** What the thread can be asked. */
type Question =
  | { readonly type: "load" }
  | { readonly type: "load_rows"; readonly needs: readonly LedgerNeed[] }
  | { readonly type: "write"; readonly set: WriteSet; readonly changes: bigint }
  | {
      readonly type: "counts";
      readonly selection: CountsSelection;
      readonly incarnations: readonly IncarnationId[];
    }
  | { readonly type: "close" };

/** A question with the id of its answer. */
export type LedgerCall = Question & { readonly id: number };

interface Answer {
  readonly id: number;
  readonly answer: unknown;
}

/** The compiled thread: a worker cannot run TypeScript. */
const WORKER = new URL(import.meta.resolve("#ledger-worker"));

/** The thread's new objects are short-lived rows. V8 would keep 48 MiB for them. */
const YOUNG_GENERATION_MAX_MB = 8;

/** Opens the ledger in `folder`, as `openSqliteLedger` does, in a thread of its own. */
export async function openWorkerLedger(
  folder: string,
  ids: WorkerOptions["ids"],
  nowUnixMs: number,
  options: SqliteOptions = {},
): Promise<WorkerLedger> {
  const workerData: WorkerOptions = { folder, ids, nowUnixMs, options };
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MAX_MB };
  const worker = new Worker(WORKER, { workerData, resourceLimits });
  const [{ refusal }] = (await once(worker, "message")) as [OpenedLedger];
  if (refusal === undefined) return new WorkerLedger(worker);
  await worker.terminate();
  throw refused(refusal);
}

/** An open ledger. */
export class WorkerLedger implements LedgerStore, StepStore {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #id = 0;
  /** Why the thread has ended; undefined while it runs. */
  #end: OpeningEnd | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", ({ id, answer }: Answer) => this.#answer(id, answer));
    worker.once("error", (error) => this.#ended(messageOf(error)));
    worker.once("exit", () => this.#ended("the ledger was closed"));
  }

  async load(): Promise<LedgerSnapshot> {
    const snapshot = await this.#ask<LedgerSnapshot | OpeningEnd>({ type: "load" });
    if ("type" in snapshot) throw new LikesError("store_failed", snapshot.reason);
    return snapshot;
  }

  transact<T>(
    needs: readonly LedgerNeed[],
    work: (ledger: LedgerTransaction) => T,
  ): Promise<CommitOutcome<T>> {
    return transactInSteps(this, needs, work);
  }

  loadRows(needs: readonly LedgerNeed[]): Promise<ReadOutcome<LoadedAt>> {
    return this.#ask({ type: "load_rows", needs });
  }

  writeSet(set: WriteSet, changes: bigint): Promise<CommitOutcome<boolean>> {
    return this.#ask({ type: "write", set, changes });
  }

  counts(
    selection: CountsSelection,
    incarnations: readonly IncarnationId[],
  ): Promise<ReadOutcome<CountsRead>> {
    return this.#ask({ type: "counts", selection, incarnations });
  }

  async close(): Promise<void> {
    if (this.#end !== undefined) return;
    const exited = once(this.#worker, "exit");
    await this.#ask({ type: "close" });
    await exited;
  }

  /** Asks the thread. Once it has ended, every answer is why. */
  #ask<T>(question: Question): Promise<T> {
    return new Promise((resolve) => {
      if (this.#end !== undefined) return resolve(this.#end as T);
      const id = ++this.#id;
      this.#waiting.set(id, (answer) => resolve(answer as T));
      this.#worker.postMessage({ ...question, id });
    });
  }

  #answer(id: number, answer: unknown): void {
    const done = this.#waiting.get(id);
    this.#waiting.delete(id);
    done?.(answer);
  }

  #ended(why: string): void {
    this.#end ??= {
      type: "in_doubt",
      reason: `Cannot keep using the ledger: its thread ended: ${why}`,
    };
    for (const id of this.#waiting.keys()) this.#answer(id, this.#end);
  }
}
