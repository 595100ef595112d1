/** The behaviour of SQLite and its package that the stores rely on. */
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Database, SqliteError } from "../../../src/store/sqlite/sqlite.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { ROWS, filled, newDatabase, openFiles } from "../databases.ts";

const LARGEST = 2n ** 63n - 1n;

test("Database reads every integer as bigint, and binds each kind of value unchanged", () => {
  const database = new Database(":memory:");
  database.exec("CREATE TABLE t (a ANY, b INTEGER) STRICT");
  const add = database.prepare("INSERT INTO t VALUES (?, ?)");
  const read = database.prepare("SELECT *, typeof(a) AS type FROM t ORDER BY rowid DESC");
  for (const [value, found, type] of [
    [LARGEST, LARGEST, "integer"],
    [-LARGEST - 1n, -LARGEST - 1n, "integer"],
    ["video \u{1f44d}", "video \u{1f44d}", "text"],
    ["", "", "text"],
    [null, null, "null"],
    [new Uint8Array([0, 255]), new Uint8Array([0, 255]), "blob"],
    [new Uint8Array(0), new Uint8Array(0), "blob"],
    [new Uint8Array([1, 2, 3, 4]).subarray(1, 3), new Uint8Array([2, 3]), "blob"],
  ] as const) {
    add.run(value, 1);
    assert.equal(read.get(), { a: found, b: 1n, type });
  }
  assert.throws(() => add.run(LARGEST + 1n, 0), /too large/);
  assert.throws(() => add.run("video\0", 0), /each parameter has a value that can be bound/);
  database.exec("INSERT INTO t VALUES ('video' || char(0) || 'x', 1)");
  assert.equal(read.get(), { a: "video\0x", b: 1n, type: "text" });
  assert.is(database.pragma("user_version"), 0n);
  database.close();
});

test("Database stores a number beyond 32 bits exactly in an integer column", () => {
  const database = new Database(":memory:");
  database.exec("CREATE TABLE t (a INTEGER NOT NULL) STRICT");
  database.prepare("INSERT INTO t VALUES (?)").run(Number.MAX_SAFE_INTEGER);
  const [largest, below] = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1];
  const found = database.prepare("SELECT a FROM t WHERE a = ? AND a > ?").pluck();
  assert.equal(found.all(largest, below), [BigInt(largest)]);
  assert.equal(found.all(below, below), []);
  database.close();
});

test("Statement refuses to run when a parameter has no value, which would bind NULL", () => {
  const database = new Database(":memory:");
  database.exec("CREATE TABLE t (a INTEGER, b INTEGER) STRICT");
  const ordered = database.prepare<readonly unknown[]>("INSERT INTO t VALUES (?, ?)");
  const named = database.prepare<readonly unknown[]>("INSERT INTO t VALUES (@a, @b)");
  const refused = /each parameter has a value that can be bound/;
  for (const values of [[], [1], [1, undefined], [1, 2, 3]]) {
    assert.throws(() => ordered.run(...values), refused);
    assert.throws(() => ordered.all(...values), refused);
  }
  for (const row of [{}, { a: 1 }, { a: 1, b: undefined }]) {
    assert.throws(() => named.get(row), refused);
    assert.throws(() => [...named.iterate(row)], refused);
  }
  named.run({ a: 1, b: 2, c: "of no parameter" });
  assert.equal(database.prepare("SELECT * FROM t").all(), [{ a: 1n, b: 2n }]);
  database.close();
});

test("Database names the code of every error, however a statement was run", async () => {
  await using folder = temporaryFolder();
  const path = filled(join(folder.path, "damaged.sqlite"));
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xff, bytes.length / 2));
  const database = new Database(path);
  const rows = database.prepare("SELECT a FROM t");
  for (const run of [() => rows.all(), () => [...rows.iterate()]]) {
    assert.match(codeOf(run), /^SQLITE_CORRUPT/);
  }
  const sum = database.prepare("SELECT sum(length(a)) FROM t");
  assert.match(
    codeOf(() => sum.get()),
    /^SQLITE_CORRUPT/,
  );
  assert.match(
    codeOf(() => sum.run()),
    /^SQLITE_CORRUPT/,
  );
  database.close();
  const other = new Database(":memory:");
  other.exec("CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT");
  const add = other.prepare("INSERT INTO t VALUES (?)");
  add.run(1);
  assert.is(
    codeOf(() => add.run(1)),
    "SQLITE_CONSTRAINT_PRIMARYKEY",
  );
  assert.is(
    codeOf(() => other.exec("INSERT INTO t VALUES (1)")),
    "SQLITE_CONSTRAINT_PRIMARYKEY",
  );
  assert.is(
    codeOf(() => other.prepare("SELECT b FROM t")),
    "SQLITE_ERROR",
  );
  assert.is(
    codeOf(() => other.pragma("wal_checkpoint(")),
    "SQLITE_ERROR",
  );
  other.close();
});

test("Database opens only an existing file, by its exact path, and can be read-only", async () => {
  await using folder = temporaryFolder();
  const absent = join(folder.path, "absent.sqlite");
  for (const isReadOnly of [false, true]) {
    assert.is(
      codeOf(() => new Database(absent, { isReadOnly })),
      "SQLITE_CANTOPEN",
    );
  }
  assert.match(
    codeOf(() => new Database(folder.path)),
    /^SQLITE_CANTOPEN/,
  );
  assert.equal(readdirSync(folder.path), []);
  const path = join(folder.path, "a file?mode=memory&x#% %41 ü.sqlite");
  const database = newDatabase(path);
  database.exec("CREATE TABLE t (a)");
  database.close();
  assert.ok(statSync(path).size > 0);
  const reader = new Database(path, { isReadOnly: true });
  assert.is(
    codeOf(() => reader.exec("INSERT INTO t VALUES (1)")),
    "SQLITE_READONLY",
  );
  assert.equal(reader.prepare("SELECT * FROM t").all(), []);
  reader.close();
});

test("Database waits for a lock as long as busyWaitMs, then throws SQLITE_BUSY", async () => {
  await using folder = temporaryFolder();
  const path = filled(join(folder.path, "held.sqlite"));
  const holder = new Database(path);
  holder.exec("BEGIN IMMEDIATE");
  const other = new Database(path, { busyWaitMs: 0 });
  assert.is(
    codeOf(() => other.transaction(() => {})),
    "SQLITE_BUSY",
  );
  assert.not(other.inTransaction);
  holder.exec("ROLLBACK");
  assert.is(
    other.transaction(() => 7),
    7,
  );
  holder.close();
  other.close();
});

test("transaction() rolls back when its work throws, even if SQLite already did", () => {
  const database = new Database(":memory:");
  database.exec("CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT; INSERT INTO t VALUES (1)");
  const add = database.prepare("INSERT INTO t VALUES (?)");
  const bug = new Error("a bug");
  const failing = (last: () => void) => () =>
    database.transaction(() => {
      add.run(2);
      last();
    });
  const throwBug = (): void => {
    throw bug;
  };
  assert.throws(failing(throwBug), (error: unknown) => error === bug);
  assert.throws(
    failing(() => add.run(1)),
    /UNIQUE/,
  );
  assert.throws(
    failing(() => database.exec("INSERT OR ROLLBACK INTO t VALUES (1)")),
    /UNIQUE/,
  );
  assert.not(database.inTransaction);
  assert.equal(database.prepare("SELECT a FROM t").pluck().all(), [1n]);
  database.close();
});

test("iterate() lets other statements run in between, and ends when the loop is left", () => {
  const database = new Database(":memory:");
  database.exec("CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT");
  const add = database.prepare<[number]>("INSERT INTO t VALUES (?)");
  for (const value of [1, 2, 3]) add.run(value);
  const all = database.prepare<[], bigint>("SELECT a FROM t ORDER BY a").pluck();
  const read: bigint[] = [];
  for (const value of all.iterate()) {
    read.push(value);
    if (value < 10n) add.run(Number(value) + 10);
  }
  assert.equal(read, [1n, 2n, 3n, 11n, 12n, 13n]);
  for (const _ of all.iterate()) break;
  // While an iteration is at a row, the table cannot be dropped and no transaction can end.
  database.exec("DROP TABLE t");
  database.close();
});

test("close() closes the files even when statements and an iteration are open", async () => {
  await using folder = temporaryFolder();
  const path = filled(join(folder.path, "left.sqlite"));
  const database = new Database(path);
  assert.is(database.pragma("journal_mode = WAL"), "wal");
  const add = database.prepare("INSERT INTO t VALUES (?)");
  add.run("x");
  const rows = database.prepare("SELECT a FROM t").iterate();
  assert.not(rows.next().done);
  assert.ok(openFiles(folder.path).length > 0);
  database.close();
  assert.equal(openFiles(folder.path), []);
  assert.not(existsSync(`${path}-wal`), "the last connection to close runs a checkpoint");
  assert.throws(() => add.run("y"), /finalized/);
  assert.throws(() => rows.next(), /finalized/);
  database.close();
});

test("Database, its statements, iterations and copies survive every garbage collection", async () => {
  await using folder = temporaryFolder();
  const path = filled(join(folder.path, "collected.sqlite"));
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const statementOf = () =>
    new Database(path).prepare<[], bigint>("SELECT count(*) FROM t").pluck();
  const rowsOf = () => new Database(path).prepare("SELECT a FROM t").iterate();
  const copyOf = (to: string) => new Database(path).copyTo(to, 1, () => {});
  for (let round = 0; round < 20; round++) {
    const [statement, rows] = [statementOf(), rowsOf()];
    const to = join(folder.path, `copy-${round}.sqlite`);
    const copying = copyOf(to);
    new Database(path).prepare("SELECT 1").get();
    collect();
    await new Promise(setImmediate);
    collect();
    assert.is(statement.get(), BigInt(ROWS));
    assert.is([...rows].length, ROWS);
    await copying;
    assert.is(statSync(to).size, statSync(path).size);
  }
});

test("copyTo() rejects at once with its listener's error, and the source can be closed", async () => {
  await using folder = temporaryFolder();
  const path = filled(join(folder.path, "source.sqlite"));
  const database = new Database(path);
  const bug = new Error("ended");
  let calls = 0;
  const onPages = () => {
    calls++;
    throw bug;
  };
  const thrown = await database
    .copyTo(join(folder.path, "copy"), 1, onPages)
    .catch((error: unknown) => error);
  assert.is(thrown, bug);
  assert.is(calls, 1);
  database.close();
  database.close();
  while (openFiles(folder.path).length > 0) await new Promise(setImmediate);
  const copy = new Database(join(folder.path, "copy"), { isReadOnly: true });
  assert.is(
    copy.prepare("SELECT count(*) FROM t").pluck().get(),
    BigInt(ROWS),
    "the thread went on",
  );
  copy.close();
});

test("copyTo() names the code when the copy cannot be written", async () => {
  await using folder = temporaryFolder();
  const database = new Database(filled(join(folder.path, "source.sqlite")));
  const taken = join(folder.path, "taken");
  writeFileSync(taken, "no database ".repeat(1_000));
  for (const [to, code] of [
    [join(folder.path, "nowhere", "copy"), /^SQLITE_CANTOPEN/],
    [taken, /^SQLITE_NOTADB/],
  ] as const) {
    const error: unknown = await database
      .copyTo(to, 1, () => {})
      .catch((thrown: unknown) => thrown);
    assert.instance(error, SqliteError);
    assert.match((error as SqliteError).code, code);
  }
  database.close();
});

test.run();

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SqliteError) return error.code;
    throw error;
  }
  return "no error";
}
