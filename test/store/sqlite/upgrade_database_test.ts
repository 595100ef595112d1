/** Stores of version 1 are opened: nothing is lost, and what they are then is what a new one is. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { NO_EVENTS } from "../../../src/core/protocol/messages.ts";
import { VERIFY_ROWS_BYTES_MAX } from "../../../src/limits.ts";
import { recordCodec } from "../../../src/format/record_codec.ts";
import { Database } from "../../../src/store/sqlite/sqlite.ts";
import { readOutbox } from "../../../src/store/outbox/outbox_reader.ts";
import { OUTBOX_KIND } from "../../../src/store/outbox/outbox_tables.ts";
import { openSqliteLedger } from "../../../src/store/ledger/sqlite_ledger.ts";
import { openSqliteOutbox } from "../../../src/store/outbox/sqlite_outbox.ts";
import { upgradeDatabase } from "../../../src/store/sqlite/upgrade_database.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { faultOf, testId } from "../faults.ts";
import { LEDGER_ID, MEMBER, OUTBOX, ROW, mostLiked, valueOf } from "../ledger/ledger_fixture.ts";
import { OUTBOX_ID, SERVER_ID, acknowledge, incarnationWith } from "../outbox/outbox_fixture.ts";
import { makeLedger1, makeOutbox1 } from "../version_1_fixture.ts";

const NOW_MS = 1_700_000_000_000;
const [OLD, PARKED, NEW] = [testId(1), testId(2), testId(3)];
const TRIMMED = { sequence: 7, digest: testId(0xd7), likes: 2n ** 53n + 7n };
const BYTES = recordCodec.encode({ itemId: "cat", change: { kind: "add", likes: 5n } });
const LAST = {
  sequence: 8,
  digest: recordCodec.digest(TRIMMED.digest, 8, BYTES),
  likes: TRIMMED.likes + 5n,
};

const OUTBOX_ROWS = `
  INSERT INTO outbox VALUES (1, '${OUTBOX_ID}', '${SERVER_ID}', 'member', '${LEDGER_ID}',
    '${testId(9)}', 12, 40, 9007199254740993, 111, 22, 33);
  INSERT INTO incarnations VALUES
    (4, '${OLD}', 7, '${TRIMMED.digest}', ${TRIMMED.likes}, NULL, NULL),
    (6, '${PARKED}', 0, '${PARKED}', 0, 'gap', '1 to 4 are gone'),
    (9, '${NEW}', 0, '${NEW}', 0, NULL, NULL);
  INSERT INTO records VALUES
    (4, 8, 8, '${LAST.digest}', ${LAST.likes}, x'${Buffer.from(BYTES).toString("hex")}');
`;

const LEDGER_ROWS = `
  INSERT INTO ledger VALUES (1, '${LEDGER_ID}', 12, 9007199254740993, 11, ${NOW_MS});
  INSERT INTO members VALUES
    (3, '${OUTBOX}', '${MEMBER.serverId}', '${MEMBER.address}', 'member', 9007199254740993),
    (5, '${testId(0xb)}', 'ams-1', '127.0.0.1:2', 'left', 4);
  INSERT INTO incarnations VALUES
    (2, '${OLD}', '${OUTBOX}', 4, '${ROW.digest}', 'closed'),
    (7, '${PARKED}', '${OUTBOX}', 5, '${ROW.digest}', 'parked'),
    (8, '${NEW}', '${OUTBOX}', 9007199254740990, '${ROW.digest}', 'open');
  INSERT INTO generations VALUES (1, '${testId(0x91)}', 1, ${NOW_MS});
  INSERT INTO troubles VALUES (3, '${OUTBOX}', '${PARKED}', 'gap', '1 to 4 are gone', ${NOW_MS});
  INSERT INTO items VALUES ('cat', 9007199254740990), ('dog', 3);
`;

test("upgradeDatabase() keeps everything of an outbox of version 1", async () => {
  await using folder = temporaryFolder();
  makeOutbox1(folder.path, OUTBOX_ROWS);
  const outbox = openOutbox(folder.path);
  const parked = { kind: "gap", incarnation: PARKED, detail: "1 to 4 are gone" } as const;
  assert.equal(await outbox.load(), {
    outboxId: OUTBOX_ID,
    serverId: SERVER_ID,
    membership: "member",
    seen: { ledgerId: LEDGER_ID, generation: testId(9), version: 12 },
    isRedelivering: false,
    incarnations: [
      incarnationWith(OLD, { trimmed: TRIMMED, acknowledged: TRIMMED, last: LAST }),
      incarnationWith(PARKED, { parked: { ...parked, ...NO_EVENTS } }),
      incarnationWith(NEW, {}),
    ],
    purged: { events: 40, likes: 2n ** 53n + 1n },
    mark: undefined,
    bytes: outbox.state.bytes,
    retainedBytes: 0,
  });
  assert.ok(outbox.state.bytes > 0);
  assert.equal((await outbox.read(OLD, 7, 100, 100)).end, LAST);
  await outbox.write([acknowledge(OLD, 8), { type: "close", incarnation: OLD }]);
  outbox.close();
  const again = openOutbox(folder.path);
  assert.ok(again.state.incarnations[0]?.closed);
  again.close();
  await using fresh = temporaryFolder();
  openOutbox(fresh.path).close();
  assert.equal(schemaOf(folder.path, "outbox"), schemaOf(fresh.path, "outbox"));
});

test("upgradeDatabase() keeps everything of a ledger of version 1", async () => {
  await using folder = temporaryFolder();
  makeLedger1(folder.path, LEDGER_ROWS);
  const ledger = openLedger(folder.path);
  const trouble = {
    number: 3,
    outboxId: OUTBOX,
    incarnation: PARKED,
    kind: "gap",
    ...NO_EVENTS,
    detail: "1 to 4 are gone",
    sinceMs: NOW_MS,
    doubtfulAsOf: undefined,
  } as const;
  const likes = 2n ** 53n + 1n;
  assert.equal(await ledger.load(), {
    ledgerId: LEDGER_ID,
    generation: testId(0x92),
    meta: { version: 12, totalLikes: likes, totalVersion: 11, asOfMs: NOW_MS },
    members: [{ ...MEMBER, appliedLikes: likes }],
    troubles: [trouble],
  });
  const rows = await valueOf(ledger, (transaction) => [
    transaction.copiedMs(),
    transaction.member(testId(0xb))?.state,
    transaction.incarnation(NEW),
    transaction.incarnationsIn(OUTBOX, "closed", 9),
    transaction.generation(testId(0x91)),
    transaction.addTrouble({ ...trouble, kind: "digest_differs" })?.number,
  ]);
  const row = { ...ROW, incarnation: NEW, appliedSequence: 2 ** 53 - 2 };
  const generation = { generation: testId(0x91), firstVersion: 1, lastVersion: 12 };
  assert.equal(rows, [undefined, "left", row, [OLD], generation, 4]);
  assert.equal(mostLiked(ledger, 9).length, 2);
  ledger.close();
  await using fresh = temporaryFolder();
  openLedger(fresh.path).close();
  assert.equal(schemaOf(folder.path, "ledger"), schemaOf(fresh.path, "ledger"));
});

test("upgradeDatabase() is reached when version 1 is too large for every look", async () => {
  await using folder = temporaryFolder();
  // Its id is in the table and in the index by likes.
  const large = `INSERT INTO items VALUES (hex(zeroblob(${VERIFY_ROWS_BYTES_MAX / 4 + 1})), 1)`;
  makeLedger1(folder.path, LEDGER_ROWS + large);
  const ledger = openLedger(folder.path);
  assert.is((await ledger.load()).troubles.length, 1);
  ledger.close();
});

test("upgradeDatabase() leaves version 1 whole when it fails, or the machine does", async () => {
  await using folder = temporaryFolder();
  const crashed = join(folder.path, "crashed");
  mkdirSync(crashed);
  makeOutbox1(folder.path, OUTBOX_ROWS);
  const before = schemaOf(folder.path, "outbox");
  const database = new Database(join(folder.path, "outbox.sqlite"));
  database.pragma("journal_mode = WAL");
  database.pragma("cache_size = 1"); // so that pages are written before the commit
  const exec = database.exec.bind(database);
  database.exec = (sql) => {
    exec(sql);
    if (sql !== OUTBOX_KIND.upgrades.get(1n)?.fill) return;
    for (const name of ["outbox.sqlite", "outbox.sqlite-wal"]) {
      copyFileSync(join(folder.path, name), join(crashed, name));
    }
    throw new Error("the machine stopped");
  };
  assert.throws(() => upgradeDatabase(database, OUTBOX_KIND), "the machine stopped");
  database.close();
  assert.ok(existsSync(join(crashed, "outbox.sqlite")));
  for (const path of [folder.path, crashed]) {
    assert.equal(schemaOf(path, "outbox"), before);
    const outbox = openOutbox(path);
    assert.equal(outbox.state.purged, { events: 40, likes: 2n ** 53n + 1n });
    assert.is(outbox.state.incarnations.length, 3);
    outbox.close();
  }
});

test("upgradeDatabase() is not reached when a number of version 1 was turned", async () => {
  await using folder = temporaryFolder();
  makeOutbox1(folder.path, OUTBOX_ROWS);
  const path = join(folder.path, "outbox.sqlite");
  const bytes = readFileSync(path);
  const likes = Buffer.alloc(8);
  likes.writeBigInt64BE(2n ** 53n + 1n);
  const offset = bytes.indexOf(likes);
  bytes[offset + 7] = 2;
  writeFileSync(path, bytes);
  const { message } = await faultOf("store_unusable", () => openOutbox(folder.path));
  assert.match(message, "it is damaged: integrity_check(1)");
  const database = new Database(path);
  assert.is(database.pragma("user_version"), 1n);
  database.close();
});

test("readOutbox() is undecided when the outbox is of version 1", async () => {
  await using folder = temporaryFolder();
  makeOutbox1(folder.path, OUTBOX_ROWS);
  const { message } = await faultOf("undecided", () => readOutbox(folder.path));
  assert.match(message, "found version 1, which a start of its role brings to 2");
  openOutbox(folder.path).close();
  assert.is(readOutbox(folder.path).events, 48);
});

test.run();

function openOutbox(folder: string) {
  return openSqliteOutbox(folder, SERVER_ID, OUTBOX_ID, { codec: recordCodec });
}

function openLedger(folder: string) {
  const ids = { ledgerIdIfNew: LEDGER_ID, generation: testId(0x92) };
  return openSqliteLedger(folder, ids, NOW_MS);
}

/** What made the tables and indexes of a store, in any order, and its version. */
function schemaOf(folder: string, name: string): readonly unknown[] {
  const database = new Database(join(folder, `${name}.sqlite`));
  const made = database.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").all();
  const version = database.pragma("user_version");
  database.close();
  return [...made, version];
}
