import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Database } from "../../src/store/sqlite/sqlite.ts";
import { execIn } from "../store/databases.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder, firstOf } from "./audit_fixture.ts";
import { LEDGER, OUTBOX, TOTAL, makeStores } from "./stores_fixture.ts";

test("AuditedFile finds the damage when a table and its index differ", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  const path = join(folder.path, LEDGER);
  const bytes = readFileSync(path);
  // Flips a bit of the likes of `ü`, 1,000,000, in the row but not in the index.
  const at = bytes.indexOf(Buffer.from([0xc3, 0xbc, 0x0f, 0x42, 0x40]));
  assert.ok(at > 0);
  bytes[at + 4] = 0x41;
  writeFileSync(path, bytes);
  const { what, found } = firstOf(auditFolder(folder.path));
  assert.is(what, "the store is damaged");
  assert.match(found, /index/);
});

test("AuditedFile finds the damage when a page is overwritten", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  const path = join(folder.path, OUTBOX);
  const bytes = readFileSync(path);
  // The page of the schema, after the 100 bytes that SQLite needs to open the file.
  bytes.fill(0xff, 100, 1_000);
  writeFileSync(path, bytes);
  const { serverId, what, found } = firstOf(auditFolder(folder.path));
  assert.equal([serverId, what], ["fra-1", "the store is damaged"]);
  assert.match(found, /malformed/);
});

test("AuditedFile is undecided and names the file when it is no store", async () => {
  for (const [make, why] of [
    [
      (path: string) => writeFileSync(path, "no database, but some text in a file"),
      /not a database/,
    ],
    [(path: string) => writeFileSync(path, ""), /it is empty; restore a backup/],
    [(path: string) => symlinkSync("/dev/zero", path), /it is a symbolic link/],
    [(path: string) => mkdirSync(path), /it is not a regular file/],
    [(path: string) => execIn(path, "CREATE TABLE a (b)"), /is not a likes outbox/],
  ] as const) {
    await using folder = temporaryFolder();
    makeStores(folder.path);
    mkdirSync(join(folder.path, "other"));
    make(join(folder.path, "other", "outbox.sqlite"));
    const report = auditFolder(folder.path);
    assert.is(report.outcome, "undecided");
    assert.match(report.missing.first[0]?.what ?? "", why);
    assert.match(report.missing.first[0]?.what ?? "", /other\/outbox.sqlite" cannot be read: /);
  }
});

test("AuditedFile is undecided when a store has another version or other tables", async () => {
  for (const [sql, why] of [
    [
      "PRAGMA user_version = 0",
      /it has schema version 0, and this build reads only 1; use the build/,
    ],
    [
      "PRAGMA user_version = 2",
      /it has schema version 2, and this build reads only 1; use the build/,
    ],
    ["DROP TABLE records", /it has no table records/],
    ["ALTER TABLE records DROP COLUMN likes", /no such column: likes/],
    ["ALTER TABLE records RENAME TO r; CREATE VIEW records AS SELECT * FROM r", /no table records/],
  ] as const) {
    await using folder = temporaryFolder();
    makeStores(folder.path);
    execIn(join(folder.path, OUTBOX), sql);
    const report = auditFolder(folder.path);
    assert.is(report.outcome, "undecided", sql);
    assert.match(report.missing.first[0]?.what ?? "", why);
  }
});

test("AuditedFile reads what is committed and changes nothing when a role runs", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  const path = join(folder.path, LEDGER);
  const running = new Database(path);
  running.prepare("UPDATE ledger SET total_likes = total_likes + 1").run();
  running.exec("BEGIN IMMEDIATE; UPDATE ledger SET total_likes = 0");
  assert.is(firstOf(auditFolder(folder.path)).found, String(TOTAL + 1n));
  running.exec("ROLLBACK");
  running.prepare("UPDATE ledger SET total_likes = total_likes - 1").run();
  assert.is(auditFolder(folder.path).outcome, "exact");
  running.close();
});

test("AuditedFile reads the log and leaves it in place when a crash left one", async () => {
  await using folder = temporaryFolder();
  await using crashed = temporaryFolder();
  makeStores(folder.path);
  const running = new Database(join(folder.path, OUTBOX));
  running.exec("DELETE FROM records WHERE ordinal = 2; PRAGMA wal_autocheckpoint = 0");
  running.exec("UPDATE incarnations SET acknowledged_sequence = 0 WHERE ordinal = 2");
  for (const name of ["primary", "fra-1", "fra-2"]) {
    mkdirSync(join(crashed.path, name));
    for (const file of readdirSync(join(folder.path, name))) {
      if (file.endsWith("-shm")) continue;
      copyFileSync(join(folder.path, name, file), join(crashed.path, name, file));
    }
  }
  running.close();
  const left = (suffix: string) => readFileSync(join(crashed.path, OUTBOX + suffix));
  const before = [left(""), left("-wal")];
  assert.ok((before[1]?.length ?? 0) > 0);
  assert.match(firstOf(auditFolder(crashed.path)).what ?? "", /acknowledged/);
  assert.equal([left(""), left("-wal")], before);
});

test.run();
