/**
 * The primary's ledger in SQLite, in a thread of its own: disk and B-trees do not stop the event
 * loop. The rules run in the primary's thread, on rows that the other thread has loaded.
 */
import { Worker } from "node:worker_threads";
import type {
  CommitOutcome,
  CountsReadOutcome,
  CountsSelection,
  LedgerSnapshot,
  LedgerStore,
  OpeningEnd,
  ReadBeside,
  ReadOutcome,
} from "../../core/ledger/ledger.ts";
import type { LedgerNeed } from "../../core/ledger/ledger_needs.ts";
import type { LedgerTransaction, WriteSet } from "../../core/ledger/ledger_transaction.ts";
import type { GenerationId, LedgerId } from "../../core/protocol/ids.ts";
import { LikesError, refused } from "../../errors.ts";
import type { Refusal } from "../../errors.ts";
import type { LedgerOptions } from "./sqlite_ledger.ts";
import { CLOSED, transactInSteps } from "./transact_in_steps.ts";
import type { LoadedAt, StepStore } from "./transact_in_steps.ts";

/** What the thread opens. */
export interface WorkerOptions {
  readonly folder: string;
  readonly ids: { readonly ledgerIdIfNew: LedgerId; readonly generation: GenerationId };
  readonly nowUnixMs: number;
  readonly options: LedgerOptions;
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
      readonly beside: ReadBeside;
    }
  | { readonly type: "close" };

/** A question with the id of its answer. */
export type LedgerCall = Question & { readonly id: number };

interface Answer {
  readonly id: number;
  readonly answer: unknown;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
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
  options: LedgerOptions = {},
): Promise<WorkerLedger> {
  const workerData: WorkerOptions = { folder, ids, nowUnixMs, options };
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MAX_MB };
  const worker = new Worker(WORKER, { workerData, resourceLimits });
  const refusal = await new Promise<Refusal | undefined>((resolve, reject) => {
    worker.once("message", ({ refusal: found }: OpenedLedger) => resolve(found));
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("The ledger's thread ended before it had opened")));
  });
  if (refusal === undefined) return new WorkerLedger(worker);
  await worker.terminate();
  throw refused(refusal);
}

/** An open ledger. An error in its thread is a bug: every call then rejects with it. */
export class WorkerLedger implements LedgerStore, StepStore {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  #closing: Promise<void> | undefined;
  /** The error that has ended the thread. */
  #failure: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#exited = new Promise((resolve) => worker.once("exit", () => resolve()));
    worker.on("message", ({ id, answer }: Answer) => this.#take(id)?.resolve(answer));
    worker.on("messageerror", (error) => this.#fail(error));
    worker.on("error", (error) => this.#fail(error));
    void this.#exited.then(() => this.#onExit());
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

  counts(selection: CountsSelection, beside: ReadBeside): Promise<CountsReadOutcome> {
    return this.#ask({ type: "counts", selection, beside });
  }

  /** Answers the calls that the thread has begun, and closes the file. */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#worker.postMessage({ type: "close", id: ++this.#id } satisfies LedgerCall);
      this.#closing = this.#exited;
    }
    return this.#closing;
  }

  /** Asks the thread. Rejects with the error that has ended it. */
  #ask<T>(question: Question): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      // A transaction may be between its steps.
      if (this.#closing !== undefined) return resolve(CLOSED as T);
      const id = ++this.#id;
      this.#waiting.set(id, { resolve: (answer) => resolve(answer as T), reject });
      this.#worker.postMessage({ ...question, id });
    });
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #onExit(): void {
    if (this.#closing === undefined) this.#fail(new Error("The ledger's thread ended by itself"));
    for (const id of this.#waiting.keys()) this.#take(id)?.resolve(CLOSED);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const id of this.#waiting.keys()) this.#take(id)?.reject(this.#failure);
  }
}
