import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { rankOf, registerKey } from "../../../src/core/protocol/register.ts";
import { openWorkerLedger } from "../../../src/store/ledger/worker_ledger.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { assertionOf, faultOf, testId } from "../faults.ts";
import { acceptLedger } from "./ledger_acceptance.ts";
import { NOTHING_BESIDE, PERSON, givenLikes, LEDGER_ID } from "./ledger_fixture.ts";
import { NOW_MS, sqliteFixture, tamper } from "./sqlite_fixture.ts";

acceptLedger(test, () => sqliteFixture(openWorkerLedger));

test("openWorkerLedger() refuses while the ledger is open, and opens it once closed", async () => {
  await using folder = temporaryFolder();
  const ledger = await openLedger(folder.path, 1);
  const error = await faultOf("store_locked", () => openLedger(folder.path, 2));
  assert.match(error.message, "Cannot open the ledger");
  await ledger.close();
  await (await openLedger(folder.path, 2)).close();
  const nowhere = join("/dev/null", "nowhere");
  await faultOf("store_unusable", () => openLedger(nowhere, 3));
});

test("transact() runs its work again when another program has written meanwhile", async () => {
  await using folder = temporaryFolder();
  const ledger = await openLedger(folder.path, 1);
  let runs = 0;
  const keys = [registerKey(PERSON, "cat")];
  const register = `(x'${PERSON}', 'cat', ${rankOf({ revision: 5, reaction: 1, likes: 1 })})`;
  const outcome = await ledger.transact([{ type: "registers", keys }], (transaction) => {
    if (runs++ === 0) {
      tamper(folder.path, "INSERT INTO items VALUES ('cat', 5)");
      tamper(folder.path, `INSERT INTO registers VALUES ${register}`);
    }
    const before = givenLikes(transaction, "cat");
    transaction.addLikes("cat", before);
    return before;
  });
  assert.equal([outcome, runs], [{ type: "done", value: 5n }, 2]);
  const read = await ledger.counts({ type: "named", itemIds: ["cat"] }, NOTHING_BESIDE);
  assert.equal(read.type === "done" && read.value.counts, [{ itemId: "cat", likes: 10n }]);
  await ledger.close();
});

test("close() waits for a commit that is under way, and ends one between its steps", async () => {
  await using folder = temporaryFolder();
  for (let run = 0; run < 10; run++) {
    const ledger = await openLedger(folder.path, run);
    const outcomes = Array.from({ length: 4 }, () => {
      return ledger.transact([], (transaction) => transaction.addLikes("cat", 1n));
    });
    await ledger.close();
    for (const { type } of await Promise.all(outcomes)) {
      assert.ok(["done", "in_doubt"].includes(type), type);
    }
  }
});

test("calls reject with the error of the thread when it has a bug", async () => {
  await using folder = temporaryFolder();
  const ledger = await openLedger(folder.path, 1);
  const wrong = ledger.loadRows([{ type: "nonsense" } as never]);
  const beside = ledger.counts({ type: "named", itemIds: ["cat"] }, NOTHING_BESIDE);
  await assertionOf("unexpected", () => wrong);
  await beside.catch(() => {});
  await assertionOf("unexpected", () => ledger.transact([], () => 1));
  await ledger.close();
});

test("a closed ledger answers that it is in doubt, and load() throws", async () => {
  await using folder = temporaryFolder();
  const ledger = await openLedger(folder.path, 1);
  await Promise.all([ledger.close(), ledger.close()]);
  const read = await ledger.counts({ type: "named", itemIds: ["cat"] }, NOTHING_BESIDE);
  assert.is(read.type, "in_doubt");
  const outcome = await ledger.transact([], (transaction) => transaction.addLikes("cat", 1n));
  assert.is(outcome.type, "in_doubt");
  await faultOf("store_failed", () => ledger.load());
});

test.run();

function openLedger(folder: string, generation: number) {
  const ids = { ledgerIdIfNew: LEDGER_ID, generation: testId(generation) };
  return openWorkerLedger(folder, ids, NOW_MS);
}
