/** Part of the acceptance suite of every LedgerStore: an attempt that fails leaves nothing. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { LedgerTransaction } from "../../../src/core/ledger/ledger_transaction.ts";
import { testId } from "../faults.ts";
import {
  BLOCK,
  givenLikes,
  DECISION,
  EMPTY_META,
  FIRST,
  INCARNATION,
  MEMBER,
  OUTBOX,
  ROW,
  TROUBLE,
  mostLiked,
  setLikes,
  valueOf,
} from "./ledger_fixture.ts";
import type { LedgerFixture } from "./ledger_fixture.ts";

const NEW_OUTBOX = testId(0xb);
const NEW_INCARNATION = testId(2);
const NEW_TROUBLE = { ...TROUBLE, kind: "second_incarnation" } as const;

/** Each kind of write, on a row that exists or on one that does not. */
const WRITES: Readonly<Record<string, (ledger: LedgerTransaction) => unknown>> = {
  "the ledger's row": (ledger) => ledger.setMeta({ ...EMPTY_META, version: 7, asOfMs: 7 }),
  "a member": (ledger) => ledger.setMember({ ...MEMBER, state: "left" }),
  "a new member": (ledger) => ledger.setMember({ ...MEMBER, outboxId: NEW_OUTBOX }),
  "an incarnation": (ledger) => ledger.setIncarnation({ ...ROW, appliedSequence: 7 }),
  "a new incarnation": (ledger) => ledger.setIncarnation({ ...ROW, incarnation: NEW_INCARNATION }),
  "a trouble": (ledger) => ledger.addTrouble(NEW_TROUBLE),
  "a decision": (ledger) => ledger.addDecision(DECISION),
  "the likes of an item": (ledger) => setLikes(ledger, "cat", 7n),
  "the likes of a new item": (ledger) => setLikes(ledger, "dog", 7n),
  "the operations of a client": (ledger) => ledger.setCountedOperations(BLOCK, 7n),
  "the record of a copy": (ledger) => ledger.clearCopied(),
};

/** Adds this part of the suite to `test`. */
export function acceptAttempts(test: Test, makeFixture: () => LedgerFixture): void {
  for (const [what, write] of Object.entries(WRITES)) {
    test(`attempt() leaves nothing of ${what} when it returns false`, async () => {
      await using fixture = makeFixture();
      const store = await fixture.open(FIRST);
      await valueOf(store, setRows);
      await fixture.markCopied(5);
      const before = await valueOf(store, rowsOf);
      const within = await valueOf(store, (ledger) => {
        ledger.addLikes("bird", 1n);
        ledger.attempt(() => {
          write(ledger);
          assert.not.equal(rowsOf(ledger), before, "the attempt reads what it has set");
          return false;
        });
        return rowsOf(ledger);
      });
      assert.equal(within, before, "in the same transaction");
      assert.equal(await valueOf(store, rowsOf), before, "after the commit");
      assert.equal(await mostLiked(store, 9), [
        { itemId: "bird", likes: 1n },
        { itemId: "cat", likes: 1n },
      ]);
      const next = await valueOf(store, (ledger) => [
        ledger.addTrouble({ ...TROUBLE, incarnation: NEW_INCARNATION })?.number,
        ledger.addDecision({ ...DECISION, trouble: undefined }).number,
      ]);
      assert.equal(next, [2, 1], "no number is used up");
    });
  }
}

function setRows(ledger: LedgerTransaction): void {
  ledger.setMember(MEMBER);
  ledger.setIncarnation(ROW);
  ledger.addTrouble(TROUBLE);
  setLikes(ledger, "cat", 1n);
}

/** Returns all that the transaction reads of the rows that WRITES sets. */
function rowsOf(ledger: LedgerTransaction) {
  return {
    meta: ledger.meta(),
    members: [ledger.member(OUTBOX), ledger.member(NEW_OUTBOX)],
    outboxCounts: [ledger.outboxCount("member"), ledger.outboxCount("left")],
    incarnations: [ledger.incarnation(INCARNATION), ledger.incarnation(NEW_INCARNATION)],
    open: ledger.incarnationsIn(OUTBOX, "open", 9),
    troubles: ledger.troublesOf(OUTBOX),
    trouble: ledger.trouble(1),
    troubleCount: ledger.troubleCount(),
    wasDecided: ledger.wasDecided(OUTBOX, TROUBLE),
    likes: [givenLikes(ledger, "cat"), givenLikes(ledger, "dog")],
    operations: ledger.countedOperations(BLOCK),
    copiedMs: ledger.copiedMs(),
  };
}
