/** Persons that are forgotten in a ledger on a disk. */
import { appendFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { PersonId } from "../../../src/core/protocol/ids.ts";
import { openSqliteLedger } from "../../../src/store/ledger/sqlite_ledger.ts";
import type { LedgerOptions, SqliteLedger } from "../../../src/store/ledger/sqlite_ledger.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { testId } from "../faults.ts";
import { LEDGER_ID, valueOf } from "./ledger_fixture.ts";

const ADA = testId(0xada0_0001);
const BOB = testId(0xb0b0_0002);
const STATE = { revision: 3, reaction: 2, likes: 4 };
const ITEMS = Array.from({ length: 300 }, (_, index) => `item-${index}`);
const KEPT = { itemId: "item-0", reaction: 2, likes: 4 };

function open(folder: string, opening: number, options: LedgerOptions = {}): SqliteLedger {
  const ids = { ledgerIdIfNew: LEDGER_ID, generation: testId(opening) };
  return openSqliteLedger(folder, ids, 1_000, options);
}

/** Lets both persons like all items, in several commits. Folds some of them. */
async function like(ledger: SqliteLedger): Promise<void> {
  for (const half of [ITEMS.slice(0, 150), ITEMS.slice(150)]) {
    await valueOf(ledger, (transaction) => {
      for (const itemId of half) {
        for (const person of [ADA, BOB]) transaction.setRegister(person, itemId, STATE);
      }
    });
    ledger.fold(200);
  }
}

function forget(ledger: SqliteLedger, person: PersonId): Promise<void> {
  return valueOf(ledger, (transaction) => {
    assert.is(transaction.registersOf(person)?.size, ITEMS.length);
    transaction.forget({ person, withdraw: false, kept: [KEPT] });
  });
}

function registers(ledger: SqliteLedger, person: PersonId): Promise<number | undefined> {
  return valueOf(ledger, (transaction) => transaction.registersOf(person)?.size);
}

/** Returns the files of a folder that contain a person's bytes. */
function filesWith(folder: string, person: PersonId): readonly string[] {
  const bytes = Buffer.from(person, "hex");
  return readdirSync(folder).filter((name) => {
    const content = readFileSync(join(folder, name));
    return content.includes(bytes) || content.includes(person);
  });
}

test("no byte of a forgotten person stays in any file, and others stay", async () => {
  await using folder = temporaryFolder();
  const ledger = open(folder.path, 1);
  await like(ledger);
  assert.ok(filesWith(folder.path, ADA).length > 0);
  await forget(ledger, ADA);
  assert.equal(filesWith(folder.path, ADA), [], "while it is open");
  assert.is(await registers(ledger, BOB), ITEMS.length);
  const dropped = await valueOf(ledger, (transaction) => transaction.register(ADA, "item-1"));
  assert.is(dropped, undefined, "a set that comes late finds the person forgotten");
  await ledger.close();
  assert.equal(filesWith(folder.path, ADA), [], "after it is closed");
  const again = open(folder.path, 2);
  assert.equal([await registers(again, ADA), await registers(again, BOB)], [undefined, 300]);
  assert.equal((await again.load()).toForget, []);
  await again.close();
});

test("a ledger that is restored from a copy names whom it has to forget again", async () => {
  await using folder = temporaryFolder();
  await using backup = temporaryFolder();
  const ledger = open(folder.path, 1);
  await like(ledger);
  await ledger.close();
  cpSync(join(folder.path, "ledger.sqlite"), join(backup.path, "ledger.sqlite"));
  const later = open(folder.path, 2);
  await forget(later, ADA);
  await valueOf(later, (transaction) => {
    transaction.forget({ person: testId(0xe7e), withdraw: true, kept: [] });
  });
  await later.close();
  for (const name of ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"]) {
    rmSync(join(folder.path, name), { force: true });
  }
  cpSync(join(backup.path, "ledger.sqlite"), join(folder.path, "ledger.sqlite"));
  // As if a crash had cut off the newest line.
  appendFileSync(join(folder.path, "persons.forgotten"), "0123");
  const restored = open(folder.path, 3);
  const { toForget } = await restored.load();
  assert.equal(toForget, [{ person: ADA, withdraw: false }]);
  assert.is(await registers(restored, ADA), ITEMS.length, "its rule decides what stays");
  const other = await valueOf(restored, (transaction) => transaction.register(testId(0xe7e), "a"));
  assert.is(other, undefined, "a person without registers is forgotten at once");
  await forget(restored, ADA);
  await restored.close();
  const again = open(folder.path, 4);
  assert.equal((await again.load()).toForget, []);
  await again.close();
});

test("an opening adds to the list what a crash kept from it", async () => {
  await using folder = temporaryFolder();
  const ledger = open(folder.path, 1);
  await like(ledger);
  await forget(ledger, ADA);
  await ledger.close();
  const list = join(folder.path, "persons.forgotten");
  const before = readFileSync(list, "utf8").trim();
  assert.match(before, /^[0-9a-f]{32} keep$/);
  rmSync(list);
  await open(folder.path, 2).close();
  assert.is(readFileSync(list, "utf8").trim(), before);
});

test("a list that cannot be written ends the opening before anyone is told", async () => {
  await using folder = temporaryFolder();
  const ledger = open(folder.path, 1);
  await like(ledger);
  mkdirSync(join(folder.path, "persons.forgotten"));
  const outcome = await ledger.transact([{ type: "registers_of", person: ADA }], (transaction) => {
    transaction.forget({ person: ADA, withdraw: false, kept: [KEPT] });
  });
  assert.is(outcome.type, "in_doubt");
  rmSync(join(folder.path, "persons.forgotten"), { recursive: true });
  await ledger.close();
  const again = open(folder.path, 2);
  assert.is(await registers(again, ADA), undefined, "the next opening lists the person");
  assert.match(readFileSync(join(folder.path, "persons.forgotten"), "utf8"), "keep");
  await again.close();
});

test("a full disk forgets nobody, and lists nobody", async () => {
  await using folder = temporaryFolder();
  const before = open(folder.path, 1);
  await like(before);
  await before.close();
  const ledger = open(folder.path, 2, { pagesMax: 1 });
  const { type } = await ledger.transact([{ type: "registers_of", person: ADA }], (transaction) => {
    transaction.forget({ person: ADA, withdraw: false, kept: [KEPT] });
    for (let index = 0; index < 10_000; index++) transaction.addLikes(`new-${index}`, 1n);
  });
  assert.is(type, "disk_full");
  assert.is(await registers(ledger, ADA), ITEMS.length);
  await valueOf(ledger, (transaction) => {
    transaction.forget({ person: BOB, withdraw: true, kept: [] });
  });
  const list = readFileSync(join(folder.path, "persons.forgotten"), "utf8").trim();
  assert.match(list, /^[0-9a-f]{32} withdraw$/, "Bob alone");
  await ledger.close();
  const again = open(folder.path, 3);
  assert.equal((await again.load()).toForget, []);
  assert.equal([await registers(again, ADA), await registers(again, BOB)], [300, undefined]);
  await again.close();
});

test.run();
