import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CommitOutcome, ReadOutcome } from "../../src/core/ledger/ledger.ts";
import type { Refusal } from "../../src/errors.ts";
import { PrimaryOpening } from "../../src/roles/primary_opening.ts";
import { LedgerDisk, MemoryLedger } from "../../src/store/ledger/memory_ledger.ts";
import { newId } from "../fixtures/delivery_peer.ts";

const REFUSAL: Refusal = { code: "reopening", message: "ended by a test" };
const REQUEST = {
  itemIds: [],
  pageSize: 0,
  pageToken: "",
  order: undefined,
  incarnations: [],
  registers: [],
};

test("a call to the store that is pending at the end of an opening is ignored", async () => {
  for (const settle of ["reject", "end"] as const) {
    const store = new PendingLedger(new LedgerDisk(newId()), newId());
    const reported: unknown[] = [];
    const opening = new PrimaryOpening(store, await store.load(), {
      notice: () => {},
      ended: (reason) => reported.push(reason),
      failed: (error) => reported.push(error),
    });
    opening.count(REQUEST, () => {});
    const request = { type: "resolve", troubleNumber: 1, reason: "" } as const;
    opening.decide(request, () => {});
    await new Promise((resolve) => setImmediate(resolve));
    assert.is(store.pending.length, 2, "a read and a commit are pending");
    await opening.end(REFUSAL);
    for (const call of store.pending) call[settle]();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(reported, []);
  }
});

test.run();

interface PendingCall {
  readonly reject: () => void;
  readonly end: () => void;
}

/** A ledger whose commits and reads end only when a test says so. */
class PendingLedger extends MemoryLedger {
  readonly pending: PendingCall[] = [];

  override transact<T>(): Promise<CommitOutcome<T>> {
    return this.#wait();
  }

  override counts(): Promise<ReadOutcome<never>> {
    return this.#wait();
  }

  #wait<Outcome>(): Promise<Outcome | { readonly type: "in_doubt"; readonly reason: string }> {
    return new Promise((resolve, reject) => {
      this.pending.push({
        reject: () => reject(new Error("the store is closed")),
        end: () => resolve({ type: "in_doubt", reason: "the store is closed" }),
      });
    });
  }
}
