/** The thread of a SQLite ledger. `worker_ledger.ts` starts it, and is the only one to talk to it. */
import { parentPort, workerData } from "node:worker_threads";
import { assert, unreachable } from "../../assert.ts";
import { LikesError } from "../../errors.ts";
import type { LedgerSnapshot, OpeningEnd } from "../../core/ledger/ledger.ts";
import { inDoubt, openSqliteLedger } from "./sqlite_ledger.ts";
import type { SqliteLedger } from "./sqlite_ledger.ts";
import type { LedgerCall, OpenedLedger, WorkerOptions } from "./worker_ledger.ts";

const port = parentPort;
assert(port !== null, "this file runs as a worker");

const opened = open(workerData as WorkerOptions);
if (opened instanceof LikesError) {
  post({ refusal: { code: opened.code, message: opened.message } });
} else {
  post({ refusal: undefined });
  port.on("message", (call: LedgerCall) => void answer(opened, call));
}

function open({ folder, ids, nowUnixMs, options }: WorkerOptions): SqliteLedger | LikesError {
  try {
    return openSqliteLedger(folder, ids, nowUnixMs, options);
  } catch (error) {
    if (error instanceof LikesError) return error;
    throw error;
  }
}

function post(message: OpenedLedger): void {
  port?.postMessage(message);
}

/** Answers a call. An error is a bug, and ends the thread. */
async function answer(ledger: SqliteLedger, call: LedgerCall): Promise<void> {
  port?.postMessage({ id: call.id, answer: await answerOf(ledger, call) });
  if (call.type === "close") port?.close();
}

/** Returns the snapshot, or how the opening ended when it cannot be read. */
async function load(ledger: SqliteLedger): Promise<LedgerSnapshot | OpeningEnd> {
  try {
    return await ledger.load();
  } catch (error) {
    return inDoubt(error);
  }
}

function answerOf(ledger: SqliteLedger, call: LedgerCall): unknown {
  switch (call.type) {
    case "load":
      return load(ledger);
    case "load_rows":
      return ledger.loadRows(call.needs);
    case "write":
      return ledger.writeSet(call.set, call.changes);
    case "counts":
      return ledger.counts(call.selection, call.beside);
    case "close":
      return ledger.close();
    default:
      return unreachable(call);
  }
}
