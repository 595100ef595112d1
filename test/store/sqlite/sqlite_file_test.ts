/** How a store handles errors of SQLite, on a database that fails on demand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SqliteError } from "../../../src/store/sqlite/sqlite.ts";
import type { Database } from "../../../src/store/sqlite/sqlite.ts";
import { OUTBOX_KIND } from "../../../src/store/outbox/outbox_tables.ts";
import { SqliteFile } from "../../../src/store/sqlite/sqlite_file.ts";
import { faultOf } from "../faults.ts";

const CHANGED = { value: 1, changed: true };
const IO_ERROR = new SqliteError("disk I/O error", "SQLITE_IOERR_FSYNC");
const FULL = new SqliteError("database or disk is full", "SQLITE_FULL");

/** The error that each statement throws. */
type Failing = Readonly<Record<string, Error>>;

/** A file whose database has a long log, and whose statements throw the errors in `failing`. */
function file(failing: Failing = {}, database: Partial<Database> = {}): SqliteFile {
  const run = (sql: string) => () => {
    const error = failing[sql];
    if (error !== undefined) throw error;
    return { log: 1_000_000n };
  };
  const fake = {
    inTransaction: false,
    prepare: (sql: string) => ({ run: run(sql), get: run(sql) }),
    pragma: (sql: string) => run(sql)(),
    close: () => {},
    ...database,
  } as unknown as Database;
  const lock = { release: () => {} };
  return new SqliteFile("outbox.sqlite", OUTBOX_KIND, { database: fake, lock, uncleanEnd: false });
}

test("transact() fails the store when a checkpoint fails", async () => {
  const store = file({ "wal_checkpoint(PASSIVE)": IO_ERROR });
  const { message } = await faultOf("store_failed", () => store.transact(() => CHANGED));
  assert.match(message, "disk I/O error (SQLITE_IOERR_FSYNC)");
  await faultOf("store_failed", () => store.transact(() => CHANGED));
  await faultOf("store_failed", () => store.read(() => 1));
});

test("transact() skips the checkpoint when there is no space for it", () => {
  const store = file({ "wal_checkpoint(PASSIVE)": FULL });
  for (const _ of [1, 2])
    assert.equal(
      store.transact(() => CHANGED),
      { type: "done", value: 1 },
    );
});

test("transact() fails the store when a commit or a rollback fails", async () => {
  const begun = { inTransaction: true };
  const commit = file({ COMMIT: IO_ERROR });
  await faultOf("store_failed", () => commit.transact(() => CHANGED));
  for (const ROLLBACK of [IO_ERROR, new Error("gone")]) {
    // As if the work had opened the transaction: none may be open before.
    const store = file({ ROLLBACK }, begun);
    Object.defineProperty(store.database, "inTransaction", { value: false, writable: true });
    const work = () => {
      Object.assign(store.database, begun);
      throw FULL;
    };
    const { message } = await faultOf("store_failed", () => store.transact(work));
    assert.match(message, ROLLBACK.message);
  }
});

test("transact() returns disk_full on a full disk, and rethrows an error of its work", () => {
  const store = file({ COMMIT: FULL });
  assert.equal(
    store.transact(() => CHANGED),
    { type: "disk_full" },
  );
  const bug = new Error("a bug");
  const broken = () =>
    store.transact(() => {
      throw bug;
    });
  assert.throws(broken, (error: unknown) => error === bug);
  assert.equal(
    store.transact(() => ({ value: 2, changed: false })),
    { type: "done", value: 2 },
  );
});

test("transact() returns store_busy for a write lock, and fails when BEGIN fails", async () => {
  const busy = new SqliteError("database is locked", "SQLITE_BUSY");
  assert.equal(
    file({ "BEGIN IMMEDIATE": busy }).transact(() => CHANGED),
    { type: "store_busy" },
  );
  const broken = file({ "BEGIN IMMEDIATE": IO_ERROR });
  await faultOf("store_failed", () => broken.transact(() => CHANGED));
});

test("read() fails the store when SQLite fails, but not when its work has a bug", async () => {
  const store = file();
  const bug = new Error("a bug");
  const fail = (error: Error) => () =>
    store.read(() => {
      throw error;
    });
  assert.throws(fail(bug), (error: unknown) => error === bug);
  assert.is(
    store.read(() => 1),
    1,
  );
  await faultOf("store_failed", fail(IO_ERROR));
  await faultOf("store_failed", () => store.read(() => 1));
});

test.run();
