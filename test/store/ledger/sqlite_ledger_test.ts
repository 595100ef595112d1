import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CommitOutcome } from "../../../src/core/ledger/ledger.ts";
import { guardTables } from "../../../src/store/sqlite/guard_tables.ts";
import { LEDGER_KIND, prepareLedger } from "../../../src/store/ledger/ledger_tables.ts";
import { OUTBOX_KIND } from "../../../src/store/outbox/outbox_tables.ts";
import { openSqliteLedger } from "../../../src/store/ledger/sqlite_ledger.ts";
import { Database } from "../../../src/store/sqlite/sqlite.ts";
import { becomes } from "../../fixtures/eventually.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { faultOf, testId } from "../faults.ts";
import { acceptLedger } from "./ledger_acceptance.ts";
import {
  NOTHING_BESIDE,
  givenLikes,
  LEDGER_ID,
  commit,
  likesOf,
  mostLiked,
  setLikes,
} from "./ledger_fixture.ts";
import { NOW_MS, sqliteFixture, tamper } from "./sqlite_fixture.ts";

acceptLedger(test, () => sqliteFixture(openSqliteLedger));

test("openSqliteLedger() refuses while the ledger is open, and opens it once closed", async () => {
  await using folder = temporaryFolder();
  const ledger = openLedger(folder.path, 1);
  const error = await faultOf("store_locked", () => openLedger(folder.path, 2));
  assert.match(error.message, "Cannot open the ledger");
  await ledger.close();
  await openLedger(folder.path, 2).close();
});

test("openSqliteLedger() throws store_busy when another program holds the write lock", async () => {
  await using folder = temporaryFolder();
  await openLedger(folder.path, 1).close();
  const person = new Database(join(folder.path, "ledger.sqlite"));
  person.exec("BEGIN IMMEDIATE");
  const error = await faultOf("store_busy", () => openLedger(folder.path, 2));
  assert.match(error.message, "another program is writing to it; end that program");
  person.close();
  await openLedger(folder.path, 2).close();
});

test("openSqliteLedger() keeps the ledger's id when another is offered", async () => {
  await using folder = temporaryFolder();
  await openLedger(folder.path, 1).close();
  const ids = { ledgerIdIfNew: testId(0xff), generation: testId(2) };
  const ledger = openSqliteLedger(folder.path, ids, NOW_MS);
  assert.is((await ledger.load()).ledgerId, LEDGER_ID);
  await ledger.close();
});

test("openSqliteLedger() refuses when the file is an outbox, or lacks a table", async () => {
  await using folder = temporaryFolder();
  const { applicationId } = OUTBOX_KIND;
  tamper(folder.path, `PRAGMA application_id = ${applicationId}; PRAGMA user_version = 1`);
  await faultOf("store_unusable", () => openLedger(folder.path, 1));
  await using other = temporaryFolder();
  await openLedger(other.path, 1).close();
  tamper(other.path, "DROP TABLE items");
  await faultOf("store_unusable", () => openLedger(other.path, 2));
});

test("an opening that has ended says why, and what to do", async () => {
  await using fixture = sqliteFixture(openSqliteLedger);
  const broken = await fixture.open(testId(1));
  await fixture.breakDisk();
  const inDoubt = await broken.transact([], (ledger) => setLikes(ledger, "cat", 1n));
  assert.match(reasonOf(inDoubt), /^Cannot keep using the ledger ".*": .*the disk failed.*open/);
  await faultOf("store_failed", () => broken.load());
  const older = await fixture.open(testId(2));
  await fixture.supersede(testId(3));
  const superseded = await older.transact([], () => undefined);
  assert.match(reasonOf(superseded), /^Cannot write the ledger ".*": a newer opening has taken/);
});

test("transact() writes nothing to the log when its work sets nothing", async () => {
  await using folder = temporaryFolder();
  const ledger = openLedger(folder.path, 1);
  const log = join(folder.path, "ledger.sqlite-wal");
  const before = statSync(log).size;
  await ledger.transact([], (transaction) => givenLikes(transaction, "cat"));
  assert.is(statSync(log).size, before);
  await ledger.transact([], (transaction) => setLikes(transaction, "cat", 1n));
  assert.ok(statSync(log).size > before);
  await ledger.close();
});

test("a page waits until another program has written, if likes are to be folded", async () => {
  await using folder = temporaryFolder();
  const ledger = openLedger(folder.path, 1);
  await commit(ledger, { a: 3n, b: 2n, c: 1n });
  assert.is((await mostLiked(ledger, 9)).length, 3);
  const person = new Database(join(folder.path, "ledger.sqlite"));
  person.exec("BEGIN IMMEDIATE");
  assert.is((await mostLiked(ledger, 9)).length, 3, "nothing is to be folded");
  person.exec("COMMIT");
  await commit(ledger, { b: 5n, d: 4n });
  person.exec("BEGIN IMMEDIATE");
  const page = { type: "page", order: "most_liked", after: undefined, limit: 9 } as const;
  assert.equal(await ledger.counts(page, NOTHING_BESIDE), { type: "store_busy" });
  assert.equal(await likesOf(ledger, "b", "d"), [
    { itemId: "b", likes: 5n },
    { itemId: "d", likes: 4n },
  ]);
  person.close();
  const items = await mostLiked(ledger, 9);
  assert.equal(
    items.map(({ itemId, likes }) => `${itemId} ${likes}`),
    ["b 5", "d 4", "a 3", "c 1"],
  );
  await ledger.close();
});

test("a ledger folds in its first pause what an earlier opening has left", async () => {
  await using folder = temporaryFolder();
  const first = openLedger(folder.path, 1);
  await commit(first, { a: 3n });
  await first.close();
  const second = openLedger(folder.path, 2);
  assert.is(second.intakeRows, 1);
  await becomes("an empty intake", () => second.intakeRows === 0);
  assert.equal(await likesOf(second, "a"), [{ itemId: "a", likes: 3n }]);
  await second.close();
});

test("a fold whose disk fails ends the opening, and loses nothing", async () => {
  await using folder = temporaryFolder();
  const ledger = openLedger(folder.path, 1);
  await commit(ledger, { a: 3n });
  tamper(
    folder.path,
    "CREATE TRIGGER break BEFORE INSERT ON items BEGIN SELECT RAISE(ABORT, 'the disk failed'); END",
  );
  assert.is(ledger.fold(9), "ended");
  const page = { type: "page", order: "item_id", after: undefined, limit: 9 } as const;
  assert.match(reasonOf(await ledger.counts(page, NOTHING_BESIDE)), "disk failed");
  assert.is((await ledger.transact([], (all) => all.addLikes("a", 1n))).type, "in_doubt");
  await ledger.close();
  tamper(folder.path, "DROP TRIGGER break");
  const again = openLedger(folder.path, 2);
  assert.equal(await mostLiked(again, 9), [{ itemId: "a", likes: 3n }]);
  await again.close();
});

test("prepareLedger() reads every page along an index, without a sort or a scan", () => {
  const { planOf, named, mostLiked, equallyLiked, lessLiked, itemsAfter } = planned();
  assert.ok(planOf(named).includes("SEARCH items USING PRIMARY KEY (item_id=?)"));
  assert.ok(planOf(named).includes("SEARCH intake USING PRIMARY KEY (run=? AND item_id=?)"));
  // The first page begins at the start of the index: the scan skips no row.
  assert.equal(planOf(mostLiked), ["SCAN items USING COVERING INDEX items_by_likes"]);
  assert.equal(planOf(equallyLiked), [
    "SEARCH items USING COVERING INDEX items_by_likes (likes=? AND item_id>?)",
  ]);
  assert.equal(planOf(lessLiked), ["SEARCH items USING COVERING INDEX items_by_likes (likes<?)"]);
  assert.equal(planOf(itemsAfter), ["SEARCH items USING PRIMARY KEY (item_id>?)"]);
});

test("prepareLedger() reads no row that an earlier report or decision has left", () => {
  const { planOf, head, incarnationsIn, trouble, troublesOf, wasDecided } = planned();
  const byState = "incarnations_by_state (outbox_id=? AND state=?)";
  assert.equal(planOf(incarnationsIn), [`SEARCH incarnations USING INDEX ${byState}`]);
  const search = "SEARCH troubles USING";
  assert.equal(planOf(trouble), [`${search} INTEGER PRIMARY KEY (rowid=?)`]);
  const ofOutbox = `${search} INDEX troubles_undecided (outbox_id=?)`;
  assert.equal(planOf(troublesOf), [ofOutbox, "USE TEMP B-TREE FOR ORDER BY"]);
  const name = "outbox_id=? AND incarnation=? AND kind=? AND first_sequence=? AND last_sequence>?";
  assert.equal(planOf(wasDecided), [`${search} COVERING INDEX troubles_decided (${name})`]);
  const undecided = "SCAN troubles USING COVERING INDEX troubles_undecided";
  assert.ok(planOf(head).includes(undecided), "the whole index is counted");
});

test.run();

/** Returns the statements of a ledger, and SQLite's query plan for each. */
function planned() {
  const database = new Database(":memory:");
  database.exec(LEDGER_KIND.schema);
  guardTables(database, LEDGER_KIND);
  function planOf({ sql }: { readonly sql: string }): readonly string[] {
    const explained = database.prepare<[], { readonly detail: string }>(
      `EXPLAIN QUERY PLAN ${sql.replaceAll("?", "1")}`,
    );
    return explained.all().map(({ detail }) => detail);
  }
  return { planOf, ...prepareLedger(database) };
}

function openLedger(folder: string, generation: number, options = {}) {
  const ids = { ledgerIdIfNew: LEDGER_ID, generation: testId(generation) };
  return openSqliteLedger(folder, ids, NOW_MS, options);
}

function reasonOf(outcome: CommitOutcome<unknown>): string {
  return "reason" in outcome ? outcome.reason : "";
}
