import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Digest } from "../../src/core/protocol/ids.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { Database } from "../../src/store/sqlite/sqlite.ts";
import { execIn } from "./databases.ts";
import { backUp } from "../../src/store/backup.ts";
import { LEDGER_KIND } from "../../src/store/ledger/ledger_tables.ts";
import { readOutbox } from "../../src/store/outbox/outbox_reader.ts";
import { OUTBOX_KIND } from "../../src/store/outbox/outbox_tables.ts";
import type { SqliteKind } from "../../src/store/sqlite/sqlite_kind.ts";
import { openSqliteOutbox } from "../../src/store/outbox/sqlite_outbox.ts";
import { openSqliteLedger } from "../../src/store/ledger/sqlite_ledger.ts";
import { SmallDisk } from "../fixtures/small_disk.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { OUTBOX_TO_DAMAGE } from "./damage_fixture.ts";
import { faultOf, testId } from "./faults.ts";
import { holderProcess } from "./holder_process.ts";
import { LEDGER_ID, mostLiked, valueOf } from "./ledger/ledger_fixture.ts";
import { OUTBOX_ID, SERVER_ID } from "./outbox/outbox_fixture.ts";
import { setLikes } from "./ledger/ledger_fixture.ts";

const NOW_MS = 1_700_000_000_000;
const ITEMS = 20_000;
/** Fewer than the steps of a backup of ITEMS items. */
const WRITES = 4;
/** The byte of SQLite's header that tells whether the file needs a log. */
const VERSION_OFFSET = 18;
const WITHOUT_LOG = 1;
const OPTIONS = { nowUnixMs: NOW_MS, codec: recordCodec };

test("backUp() copies one commit when the ledger is written meanwhile", async () => {
  await using folder = temporaryFolder();
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to", "deep")];
  const ledger = openLedger(from, 1);
  const fingerprint = testId(0xf);
  await valueOf(ledger, (transaction) => {
    for (let item = 0; item < ITEMS; item++) {
      transaction.addLikes(`video/${item}/${"x".repeat(100)}`, 7n);
    }
    const totalLikes = BigInt(ITEMS) * 7n;
    transaction.setMeta({ version: 1, totalLikes, totalVersion: 1, asOfMs: 5, fingerprint });
  });
  let reported = 0;
  const copying = backUp(from, LEDGER_KIND, to, {
    ...OPTIONS,
    onProgress(copiedBytes, totalBytes) {
      assert.ok(copiedBytes >= reported && copiedBytes <= totalBytes);
      reported = copiedBytes;
    },
  });
  for (let write = 0; write < WRITES; write++) {
    await valueOf(ledger, (transaction) => {
      const meta = transaction.meta();
      const { version, totalLikes } = meta;
      setLikes(transaction, `late/${write}`, 3n);
      const next = { version: version + 1, totalLikes: totalLikes + 3n };
      transaction.setMeta({ ...meta, ...next, totalVersion: next.version, asOfMs: 6 });
    });
  }
  const copied = await copying;
  assert.ok(reported > 0, "progress is reported");
  assert.is((await ledger.load()).meta.version, 1 + WRITES);
  await ledger.close();
  const path = join(to, "ledger.sqlite");
  const totalLikes = BigInt(ITEMS) * 7n;
  const { size: bytes } = lstatSync(path);
  assert.equal(copied, { kind: "ledger", path, bytes, id: LEDGER_ID, version: 1, totalLikes });
  assert.equal(readdirSync(to), ["ledger.sqlite"]);
  assert.is(lstatSync(path).mode & 0o777, 0o600);
  // A file that needs no log can be opened on a read-only disk.
  assert.is(readFileSync(path)[VERSION_OFFSET], WITHOUT_LOG);
  assert.is(lstatSync(to).mode & 0o777, 0o700);
  const copy = openLedger(to, 2);
  const { meta } = await copy.load();
  assert.equal(meta, { version: 1, totalLikes, totalVersion: 1, asOfMs: 5, fingerprint });
  const items = await mostLiked(copy, 2 * ITEMS);
  assert.is(items.length, ITEMS);
  assert.is(
    items.reduce((sum, { likes }) => sum + likes, 0n),
    totalLikes,
  );
  await copy.close();
});

test("backUp() names the way out when the store is locked, or no folder can be made", async () => {
  await using folder = temporaryFolder();
  await openLedger(folder.path, 1).close();
  const file = join(folder.path, "file");
  writeFileSync(file, "");
  const nowhere = () => backUp(folder.path, LEDGER_KIND, join(file, "to"), OPTIONS);
  assert.match((await faultOf("store_unusable", nowhere)).message, /ENOTDIR.*check both folders/);
  const holder = new Database(join(folder.path, "ledger.sqlite"));
  holder.pragma("locking_mode = EXCLUSIVE");
  holder.exec("UPDATE ledger SET version = version");
  const to = join(folder.path, "to");
  const { message } = await faultOf("store_busy", () =>
    backUp(folder.path, LEDGER_KIND, to, OPTIONS),
  );
  assert.match(message, "another program has locked it; end that program");
  holder.close();
});

test("backUp() marks the copy, not the store, until the ledger has recorded the copy", async () => {
  await using folder = temporaryFolder();
  const to = join(folder.path, "to");
  await openLedger(folder.path, 1).close();
  await backUp(folder.path, LEDGER_KIND, to, OPTIONS);
  const marks: (number | undefined)[] = [];
  for (const [path, generation] of [
    [to, 2],
    [to, 3],
    [folder.path, 4],
  ] as const) {
    const ledger = openLedger(path, generation);
    marks.push(await valueOf(ledger, (transaction) => transaction.copiedMs()));
    if (generation === 3) await valueOf(ledger, (transaction) => transaction.clearCopied());
    await ledger.close();
  }
  const cleared = openLedger(to, 5);
  marks.push(await valueOf(cleared, (transaction) => transaction.copiedMs()));
  await cleared.close();
  assert.equal(marks, [NOW_MS, NOW_MS, undefined, undefined]);
});

test("backUp() marks the copy of an outbox until an incarnation begins in it", async () => {
  await using folder = temporaryFolder();
  const to = join(folder.path, "to");
  openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID).close();
  await backUp(folder.path, OUTBOX_KIND, to, OPTIONS);
  const copiedMs = (): unknown => {
    const database = new Database(join(to, "outbox.sqlite"), { isReadOnly: true });
    const found = database.prepare("SELECT copied_ms FROM outbox").pluck().get();
    database.close();
    return found;
  };
  assert.is(copiedMs(), BigInt(NOW_MS));
  const outbox = openSqliteOutbox(to, SERVER_ID, OUTBOX_ID);
  assert.is(copiedMs(), BigInt(NOW_MS), "opening does not clear the mark");
  await outbox.write([{ type: "mint", incarnation: testId(7) }]);
  outbox.close();
  assert.is(copiedMs(), null);
});

test("backUp() copies an outbox while its process holds it, and after it was killed", async () => {
  await using folder = temporaryFolder();
  await using holder = await holderProcess(folder.path);
  // Its records are not events: the real codec would refuse them.
  const codec = { ...recordCodec, digest: digestOfTests, decode: eventsOfTests };
  for (const name of ["running", "killed"]) {
    const to = join(folder.path, name);
    if (name === "killed") await holder.kill();
    const copied = await backUp(folder.path, OUTBOX_KIND, to, { ...OPTIONS, codec });
    const { size: bytes } = lstatSync(copied.path);
    const whose = { kind: "outbox", id: OUTBOX_ID, serverId: SERVER_ID } as const;
    const path = join(to, "outbox.sqlite");
    assert.equal(copied, { ...whose, path, bytes, events: 2, likes: 20n });
    assert.equal(readOutbox(to), readOutbox(folder.path));
  }
});

test("backUp() refuses to overwrite a file, and leaves it unchanged", async () => {
  await using folder = temporaryFolder();
  await openLedger(folder.path, 1).close();
  for (const [name, text] of [
    ["ledger.sqlite", /".*ledger.sqlite" already exists; name a folder without one/],
    [
      "ledger.sqlite.new",
      /another backup is running, or one was interrupted: then remove that file/,
    ],
  ] as const) {
    const to = join(folder.path, `with ${name}`);
    mkdirSync(to);
    writeFileSync(join(to, name), "mine");
    await refusal(folder.path, LEDGER_KIND, to, text);
    assert.is(readFileSync(join(to, name), "utf8"), "mine");
    assert.equal(readdirSync(to), [name]);
  }
  await refusal(folder.path, LEDGER_KIND, folder.path, /already exists; name a folder without one/);
});

test("backUp() leaves nothing behind when there is no store, or one of another version", async () => {
  await using folder = temporaryFolder();
  const to = join(folder.path, "to");
  const from = join(folder.path, "from");
  mkdirSync(from);
  await refusal(
    from,
    OUTBOX_KIND,
    to,
    /^Cannot back up the outbox of ".*from": it does not exist; name/,
  );
  mkdirSync(join(from, "outbox.sqlite"));
  await refusal(from, OUTBOX_KIND, to, /it is not a regular file; name the data folder/);
  openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID).close();
  execIn(join(folder.path, "outbox.sqlite"), "PRAGMA user_version = 0");
  await faultOf("store_older", () => backUp(folder.path, OUTBOX_KIND, to, OPTIONS));
  execIn(join(folder.path, "ledger.sqlite"), "CREATE TABLE recipes (name TEXT)");
  await refusal(folder.path, LEDGER_KIND, to, /it is another program's database/);
  assert.not.ok(existsSync(to));
});

test("backUp() refuses a damaged store, and leaves nothing behind", async () => {
  await using folder = temporaryFolder();
  await OUTBOX_TO_DAMAGE.fill(folder.path);
  const file = join(folder.path, OUTBOX_TO_DAMAGE.file);
  const whole = readFileSync(file);
  const outer = join(folder.path, "to");
  const to = join(outer, "monday");
  await backUp(folder.path, OUTBOX_KIND, join(folder.path, "whole"), OPTIONS);
  const turned = Buffer.from(whole);
  const offset = turned.lastIndexOf("video/17");
  turned[offset] = (turned[offset] ?? 0) ^ 1;
  const damages: readonly (readonly [Buffer, RegExp])[] = [
    [turned, /it is damaged: .* have another digest than the one stored; stop that role/],
    [whole.subarray(0, whole.length - 8_192), /it is damaged: .*; stop that role/],
    [Buffer.from("likes\n".repeat(1_000)), /it is damaged: .*SQLITE_NOTADB/],
    [Buffer.alloc(0), /it is damaged: it has no tables/],
  ];
  for (const [bytes, text] of damages) {
    for (const suffix of ["-wal", "-shm"]) rmSync(file + suffix, { force: true });
    writeFileSync(file, bytes);
    await refusal(folder.path, OUTBOX_KIND, to, text);
    assert.not.ok(existsSync(outer));
  }
});

test("backUp() refuses a ledger whose schema has changed", async () => {
  await using folder = temporaryFolder();
  await openLedger(folder.path, 1).close();
  execIn(join(folder.path, "ledger.sqlite"), "DROP TABLE items");
  const to = join(folder.path, "to");
  await refusal(
    folder.path,
    LEDGER_KIND,
    to,
    /it is damaged: the definition of items has changed; stop/,
  );
});

test("backUp() leaves nothing behind when it is aborted, or the disk is full", async () => {
  await using folder = temporaryFolder();
  const ledger = openLedger(folder.path, 1);
  await valueOf(ledger, (transaction) => {
    for (let item = 0; item < ITEMS; item++) {
      transaction.addLikes(`${"v".repeat(99)}${item}`, 1n);
    }
  });
  await ledger.close();
  const to = join(folder.path, "to");
  const bug = new TypeError("ended");
  const onProgress = () => {
    throw bug;
  };
  const options = { ...OPTIONS, onProgress };
  const thrown = await backUp(folder.path, LEDGER_KIND, to, options).catch(
    (error: unknown) => error,
  );
  assert.is(thrown, bug);
  assert.not.ok(existsSync(to));
  const disk = SmallDisk.mount(join(folder.path, "disk"), 1);
  if (disk === undefined) return;
  await using _ = disk;
  const error = await faultOf("disk_full", () =>
    backUp(folder.path, LEDGER_KIND, disk.path, OPTIONS),
  );
  assert.match(error.message, "the disk is full; free some space");
  assert.equal(readdirSync(disk.path), []);
});

test.run();

function openLedger(folder: string, generation: number) {
  const ids = { ledgerIdIfNew: LEDGER_ID, generation: testId(generation) };
  return openSqliteLedger(folder, ids, NOW_MS);
}

async function refusal(folder: string, kind: SqliteKind, to: string, text: RegExp): Promise<void> {
  const { message } = await faultOf("store_unusable", () => backUp(folder, kind, to, OPTIONS));
  assert.match(message, text);
}

/** What the fixture's `append` adds. */
function digestOfTests(_previous: Digest, firstSequence: number): Digest {
  return testId(0xd00 + firstSequence);
}

function eventsOfTests() {
  return [{ itemId: "cat", change: { kind: "add", likes: 10n } }] as const;
}
