import { test } from "uvu";
import * as assert from "uvu/assert";
import { LedgerTransaction } from "../../../src/core/ledger/ledger_transaction.ts";
import { Loaded } from "../../../src/core/ledger/loaded_rows.ts";
import { NEW_LEDGER } from "../../../src/core/ledger/rows.ts";

const HEAD = { meta: NEW_LEDGER, copiedMs: undefined, troubleCount: 0 };
const LOADED = new Loaded({ ...HEAD, lastTroubleNumber: 0, lastDecisionNumber: 0 });

test("writeSet has one gain for each item of a commit", () => {
  const ledger = new LedgerTransaction(LOADED);
  for (const [itemId, gained] of [
    ["b", 1n],
    ["a", 2n],
    ["b", 3n],
  ] as const) {
    ledger.addLikes(itemId, gained);
  }
  const { likes = new Map() } = ledger.writeSet ?? {};
  assert.equal(Object.fromEntries(likes), { a: 2n, b: 4n });
});

test("writeSet is undefined when nothing was set, or all of it was undone", () => {
  const ledger = new LedgerTransaction(LOADED);
  assert.is(ledger.writeSet, undefined);
  ledger.attempt(() => {
    ledger.addLikes("a", 1n);
    return false;
  });
  assert.is(ledger.writeSet, undefined);
});

test.run();
