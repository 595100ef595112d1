import { test } from "uvu";
import * as assert from "uvu/assert";
import type { GenerationId } from "../../../src/core/protocol/ids.ts";
import { LedgerDisk, MemoryLedger } from "../../../src/store/ledger/memory_ledger.ts";
import type { LeaveOut } from "../../../src/store/ledger/memory_ledger.ts";
import { Random } from "../../simulator/random.ts";
import { acceptLedger } from "./ledger_acceptance.ts";
import { DECISION, LEDGER_ID, MEMBER, ROW, TROUBLE, likesOf, setLikes } from "./ledger_fixture.ts";
import type { LedgerFixture } from "./ledger_fixture.ts";
import { assertionOf, testId } from "../faults.ts";

const random = new Random(1);

// Needed rows are left out at random, to make the rules miss them and run again.
acceptLedger(test, () => makeFixture(() => random.chance(0.5)));

test("failNext() keeps a write in doubt on the disk when the fault is in_doubt_kept", async () => {
  const disk = new LedgerDisk(LEDGER_ID);
  disk.failNext("in_doubt_kept");
  const store = new MemoryLedger(disk, testId(1));
  const outcome = await store.transact([], (ledger) => setLikes(ledger, "cat", 1n));
  assert.is(outcome.type, "in_doubt");
  const again = new MemoryLedger(disk, testId(2));
  assert.equal(await likesOf(again, "cat"), [{ itemId: "cat", likes: 1n }]);
});

test("transact() asserts when its work is not pure and reads another row in each run", async () => {
  const store = new MemoryLedger(new LedgerDisk(LEDGER_ID), testId(1));
  let runs = 0;
  await assertionOf("work is pure", () =>
    store.transact([], (ledger) => ledger.member(testId(++runs))),
  );
});

test("clone() does not change when the disk does", async () => {
  const disk = new LedgerDisk(LEDGER_ID);
  const store = new MemoryLedger(disk, testId(1));
  await store.transact([], (ledger) => setLikes(ledger, "cat", 1n));
  disk.copiedMs = 7;
  const copy = disk.clone();
  disk.copiedMs = undefined;
  assert.is(copy.copiedMs, 7);
  await store.transact([], (ledger) => setLikes(ledger, "cat", 2n));
  const restored = new MemoryLedger(copy, testId(2));
  assert.equal(await likesOf(restored, "cat"), [{ itemId: "cat", likes: 1n }]);
  assert.is((await store.transact([], (ledger) => ledger.generation(testId(2)))).type, "done");
  assert.equal([disk.items.get("cat"), copy.items.get("cat")], [2n, 1n]);
});

test("clone() copies every row of the ledger", async () => {
  const disk = new LedgerDisk(LEDGER_ID);
  const store = new MemoryLedger(disk, testId(1));
  await store.transact([], (ledger) => {
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

function makeFixture(leaveOut: LeaveOut): LedgerFixture {
  const disk = new LedgerDisk(LEDGER_ID);
  const open = (generation: GenerationId) => new MemoryLedger(disk, generation, leaveOut);
  return {
    async open(generation) {
      return open(generation);
    },
    async openFull(generation) {
      disk.failNext("disk_full");
      return open(generation);
    },
    async breakDisk() {
      disk.failNext("in_doubt_lost");
    },
    async markCopied(copiedMs) {
      disk.copiedMs = copiedMs;
    },
    async supersede(generation) {
      await open(generation).close();
    },
    async [Symbol.asyncDispose]() {},
  };
}
