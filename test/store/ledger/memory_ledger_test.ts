import { test } from "uvu";
import * as assert from "uvu/assert";
import { LedgerDisk, MemoryLedger } from "../../../src/store/ledger/memory_ledger.ts";
import { acceptLedger } from "./ledger_acceptance.ts";
import { DECISION, LEDGER_ID, MEMBER, ROW, TROUBLE, likesOf } from "./ledger_fixture.ts";
import type { LedgerFixture } from "./ledger_fixture.ts";
import { faultOf, testId } from "../faults.ts";

acceptLedger(test, makeFixture);

test("failNext() keeps what was in doubt on the disk when it is told so", async () => {
  const disk = new LedgerDisk(LEDGER_ID);
  disk.failNext("in_doubt_kept");
  const store = new MemoryLedger(disk, testId(1));
  await faultOf("store_failed", () => store.transact((ledger) => ledger.setItemLikes("cat", 1n)));
  const again = new MemoryLedger(disk, testId(2));
  assert.equal(likesOf(again, "cat"), [{ itemId: "cat", likes: 1n }]);
});

test("clone() stays as it was when the disk goes on", async () => {
  const disk = new LedgerDisk(LEDGER_ID);
  const store = new MemoryLedger(disk, testId(1));
  await store.transact((ledger) => ledger.setItemLikes("cat", 1n));
  disk.copiedMs = 7;
  const copy = disk.clone();
  disk.copiedMs = undefined;
  assert.is(copy.copiedMs, 7);
  await store.transact((ledger) => ledger.setItemLikes("cat", 2n));
  const restored = new MemoryLedger(copy, testId(2));
  assert.equal(likesOf(restored, "cat"), [{ itemId: "cat", likes: 1n }]);
  assert.is((await store.transact((ledger) => ledger.generation(testId(2)))).type, "done");
  assert.equal(likesOf(store, "cat"), [{ itemId: "cat", likes: 2n }]);
});

test("clone() takes every row of the ledger", async () => {
  const disk = new LedgerDisk(LEDGER_ID);
  const store = new MemoryLedger(disk, testId(1));
  await store.transact((ledger) => {
    ledger.setMember(MEMBER);
    ledger.setIncarnation(ROW);
    ledger.addTrouble(TROUBLE);
    ledger.addDecision(DECISION);
    ledger.addTrouble({ ...TROUBLE, kind: "second_incarnation" });
  });
  const copy = disk.clone();
  assert.equal(
    [copy.members, copy.incarnations, copy.troubles, copy.decidedTroubles, copy.decisions],
    [disk.members, disk.incarnations, disk.troubles, disk.decidedTroubles, disk.decisions],
  );
  assert.equal([copy.members.size, copy.incarnations.size, copy.decidedTroubles.size], [1, 1, 1]);
});

test.run();

function makeFixture(): LedgerFixture {
  const disk = new LedgerDisk(LEDGER_ID);
  return {
    open: (generation) => new MemoryLedger(disk, generation),
    openFull(generation) {
      disk.failNext("disk_full");
      return new MemoryLedger(disk, generation);
    },
    breakDisk() {
      disk.failNext("in_doubt_lost");
    },
    markCopied(copiedMs) {
      disk.copiedMs = copiedMs;
    },
    supersede(generation) {
      new MemoryLedger(disk, generation).close();
    },
    async [Symbol.asyncDispose]() {},
  };
}
