/** What a store is opened on, and what it is not: links, pipes, what is empty or half there. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { chmodSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openSqliteOutbox } from "../../../src/store/outbox/sqlite_outbox.ts";
import { execIn } from "../databases.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { faultOf, testId } from "../faults.ts";
import { OUTBOX_ID, SERVER_ID, append } from "../outbox/outbox_fixture.ts";

const MAKE_PIPE = "mkfifo";
const NAMES = ["outbox.lock", "outbox.sqlite", "outbox.sqlite-shm", "outbox.sqlite-wal"];

test("openSqliteOutbox() makes files for this user alone, and keeps others to that", async () => {
  await using folder = temporaryFolder();
  const before = process.umask(0);
  const outbox = open(folder.path);
  process.umask(before);
  const made = readdirSync(folder.path).toSorted();
  assert.equal(made, NAMES, "no journal lies beside the lock");
  for (const name of made) assert.is(modeOf(join(folder.path, name)), 0o600, name);
  outbox.close();
  const path = join(folder.path, "outbox.sqlite");
  for (const name of ["outbox.sqlite", "outbox.lock"]) chmodSync(join(folder.path, name), 0o644);
  open(folder.path).close();
  assert.is(modeOf(path), 0o600);
  assert.is(modeOf(join(folder.path, "outbox.lock")), 0o600);
});

test("openSqliteOutbox() refuses what is not a file, for its database and for its lock", async () => {
  for (const name of ["outbox.sqlite", "outbox.lock"]) {
    await using folder = temporaryFolder();
    const path = join(folder.path, name);
    const remove = (): void => renameSync(path, join(folder.path, "removed"));
    mkdirSync(path);
    await expectUnusable(folder.path, "it is not a file");
    remove();
    execFileSync(MAKE_PIPE, [path]);
    await expectUnusable(folder.path, "it is not a file");
    rmSync(path);
    symlinkSync(join(folder.path, "nowhere"), path);
    await expectUnusable(folder.path, "it is a symbolic link");
    assert.not.ok(lstatSync(join(folder.path, "nowhere"), { throwIfNoEntry: false }));
  }
});

test("openSqliteOutbox() refuses a database that is empty, or away from its log", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "outbox.sqlite");
  writeFileSync(path, "");
  await expectUnusable(folder.path, "it is damaged: it is empty; put a copy");
  rmSync(path);
  execIn(path, "VACUUM");
  await expectUnusable(folder.path, "it is damaged: it has no tables");
  rmSync(path);
  writeFileSync(`${path}-wal`, "frames");
  await expectUnusable(folder.path, "its log is there, but its database is not");
  assert.not.ok(lstatSync(path, { throwIfNoEntry: false }));
});

test("openSqliteOutbox() makes the outbox anew when a process died while making it", async () => {
  await using folder = temporaryFolder();
  writeFileSync(join(folder.path, "outbox.sqlite.new"), "half of");
  writeFileSync(join(folder.path, "outbox.sqlite.new-journal"), "a database");
  open(folder.path).close();
  assert.equal(readdirSync(folder.path).toSorted(), ["outbox.lock", "outbox.sqlite"]);
});

test("makeDatabase() makes the new name last before anything is written to the database", async () => {
  await using folder = temporaryFolder();
  const done: string[] = [];
  const { renameSync: rename, openSync: openFile, fsyncSync: sync } = fs;
  const opened = new Map<number, string>();
  fs.renameSync = (from, to) => {
    rename(from, to);
    done.push(`renamed to ${String(to)}`);
  };
  fs.openSync = (path, ...rest) => {
    const descriptor = openFile(path, ...rest);
    opened.set(descriptor, String(path));
    return descriptor;
  };
  fs.fsyncSync = (descriptor) => {
    sync(descriptor);
    done.push(`synced ${opened.get(descriptor)}`);
  };
  syncBuiltinESMExports();
  try {
    open(folder.path).close();
  } finally {
    Object.assign(fs, { renameSync: rename, openSync: openFile, fsyncSync: sync });
    syncBuiltinESMExports();
  }
  assert.equal(done, [`renamed to ${join(folder.path, "outbox.sqlite")}`, `synced ${folder.path}`]);
});

test("openSqliteOutbox() refuses a lock that is no database", async () => {
  await using folder = temporaryFolder();
  writeFileSync(join(folder.path, "outbox.lock"), "something else ".repeat(100));
  await expectUnusable(folder.path, "file is not a database (SQLITE_NOTADB)");
});

test("transact() moves the log into the database when the log is long", async () => {
  await using folder = temporaryFolder();
  const outbox = open(folder.path);
  const incarnation = testId(1);
  const path = join(folder.path, "outbox.sqlite");
  await outbox.write([{ type: "mint", incarnation }]);
  const before = lstatSync(path).size;
  for (let sequence = 1; sequence <= 60; sequence++) {
    await outbox.write([append(incarnation, [sequence, sequence], { bytes: 100_000 })]);
  }
  assert.ok(lstatSync(path).size > before + 3_000_000, `${lstatSync(path).size}`);
  assert.ok(lstatSync(`${path}-wal`).size < 5_000_000, `${lstatSync(`${path}-wal`).size}`);
  outbox.close();
});

test("openSqliteOutbox() refuses a database that lacks an index", async () => {
  await using folder = temporaryFolder();
  open(folder.path).close();
  execIn(join(folder.path, "outbox.sqlite"), "DROP INDEX outbox_guard");
  await expectUnusable(folder.path, "it is damaged: outbox_guard is not as it was made");
});

async function expectUnusable(folder: string, text: string): Promise<void> {
  const { message } = await faultOf("store_unusable", () => open(folder));
  assert.ok(message.startsWith("Cannot open the outbox"), message);
  assert.ok(message.includes(text), message);
}

function open(folder: string) {
  return openSqliteOutbox(folder, SERVER_ID, OUTBOX_ID);
}

function modeOf(path: string): number {
  return lstatSync(path).mode & 0o777;
}

test.run();
