/** The files that a store opens, and those that it refuses: links, pipes, empty or partial ones. */
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

test("openSqliteOutbox() creates files for their owner only, and restricts old ones", async () => {
  await using folder = temporaryFolder();
  const before = process.umask(0);
  const outbox = open(folder.path);
  process.umask(before);
  const made = readdirSync(folder.path).toSorted();
  assert.equal(made, NAMES, "the lock has no journal file");
  for (const name of made) assert.is(modeOf(join(folder.path, name)), 0o600, name);
  outbox.close();
  const path = join(folder.path, "outbox.sqlite");
  for (const name of ["outbox.sqlite", "outbox.lock"]) chmodSync(join(folder.path, name), 0o644);
  open(folder.path).close();
  assert.is(modeOf(path), 0o600);
  assert.is(modeOf(join(folder.path, "outbox.lock")), 0o600);
});

test("openSqliteOutbox() refuses a database or lock that is not a regular file", async () => {
  for (const name of ["outbox.sqlite", "outbox.lock"]) {
    await using folder = temporaryFolder();
    const path = join(folder.path, name);
    const remove = (): void => renameSync(path, join(folder.path, "removed"));
    mkdirSync(path);
    await expectUnusable(folder.path, "it is not a regular file");
    remove();
    execFileSync(MAKE_PIPE, [path]);
    await expectUnusable(folder.path, "it is not a regular file");
    rmSync(path);
    symlinkSync(join(folder.path, "nowhere"), path);
    await expectUnusable(folder.path, "it is a symbolic link");
    assert.not.ok(lstatSync(join(folder.path, "nowhere"), { throwIfNoEntry: false }));
  }
});

test("openSqliteOutbox() refuses an empty database, and a log without a database", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "outbox.sqlite");
  writeFileSync(path, "");
  await expectUnusable(folder.path, "it is damaged: it is empty; restore a copy");
  rmSync(path);
  execIn(path, "VACUUM");
  await expectUnusable(folder.path, "it is damaged: it has no tables");
  rmSync(path);
  writeFileSync(`${path}-wal`, "frames");
  await expectUnusable(folder.path, "its log exists, but its database does not");
  assert.not.ok(lstatSync(path, { throwIfNoEntry: false }));
});

test("openSqliteOutbox() creates the outbox when a process died while creating it", async () => {
  await using folder = temporaryFolder();
  writeFileSync(join(folder.path, "outbox.sqlite.new"), "half of");
  writeFileSync(join(folder.path, "outbox.sqlite.new-journal"), "a database");
  open(folder.path).close();
  assert.equal(readdirSync(folder.path).toSorted(), ["outbox.lock", "outbox.sqlite"]);
});

test("makeDatabase() syncs the new name before anything is written to the database", async () => {
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

test("openSqliteOutbox() refuses a lock that is not a database", async () => {
  await using folder = temporaryFolder();
  writeFileSync(join(folder.path, "outbox.lock"), "something else ".repeat(100));
  await expectUnusable(folder.path, "file is not a database (SQLITE_NOTADB)");
});

test("transact() runs a checkpoint when the log is long", async () => {
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
  await expectUnusable(folder.path, "it is damaged: the definition of outbox_guard has changed");
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
