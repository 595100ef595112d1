/**
 * What both SQLite stores share: one process at a time, a disk that is told to sync, and errors that
 * say whether the store can go on.
 *
 * The lock (process_lock.ts) is on a small database beside the data. Locking the data itself would
 * shut out `sqlite3`, with which a person looks inside.
 *
 * `synchronous=FULL` is set on every open and read back: better-sqlite3 reopens a WAL database with
 * NORMAL, and in a power-cut trial that lost acknowledged commits.
 *
 * A full disk leaves the transaction undone and the store usable, and so does somebody else's write
 * lock, which shows before anything was touched. After any other error it is
 * unknown what the disk holds, and the store refuses everything until it is opened again. A failed
 * automatic checkpoint is no such error: it leaves the log whole and is repeated from it.
 */
// tidy: no test because both stores are tested on it
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { assert } from "../assert.ts";
import type { TransactionOutcome } from "../core/ledger.ts";
import { LikesError } from "../errors.ts";
import { Doubt } from "./doubt.ts";
import { makeFolder } from "./make_folder.ts";
import { takeProcessLock } from "./process_lock.ts";
import type { ProcessLock } from "./process_lock.ts";
import { databasePath, openFailure, pragma, recognise } from "./sqlite_kind.ts";
import type { SqliteKind } from "./sqlite_kind.ts";

/** Pages of the log that start a checkpoint: 4 MiB, little to read again after a crash. */
const WAL_PAGES_MAX = 1_000;
/** Bytes of the log that stay on the disk after a burst. */
const WAL_BYTES_KEPT_MAX = 64 * 1024 * 1024;
/** How long a write waits for a person's `sqlite3` that is writing. */
const BUSY_WAIT_MAX_MS = 1_000;
/** What `PRAGMA synchronous` reads as when it is FULL. */
const SYNCHRONOUS_FULL = 2n;

/** How a database is opened. */
export interface SqliteOptions {
  /** Pages of 4 KiB that it may grow to, as on a disk of that size; at least what it has. */
  readonly pagesMax?: number;
}

/** What the work of a transaction gives: its value, and whether there is anything to commit. */
export interface Worked<T> {
  readonly value: T;
  readonly changed: boolean;
}

/** An open database of this process, with its lock. */
export class SqliteFile {
  readonly path: string;
  readonly database: Database.Database;
  readonly #kind: SqliteKind;
  readonly #lock: ProcessLock;
  readonly #doubt: Doubt;
  readonly #begin: Database.Statement<[]>;
  readonly #commit: Database.Statement<[]>;
  readonly #rollback: Database.Statement<[]>;

  constructor(
    path: string,
    kind: SqliteKind,
    { database, lock }: { database: Database.Database; lock: ProcessLock },
  ) {
    this.path = path;
    this.database = database;
    this.#kind = kind;
    this.#lock = lock;
    this.#doubt = new Doubt(`the ${kind.name} ${JSON.stringify(path)}`);
    this.#begin = database.prepare<[]>("BEGIN IMMEDIATE");
    this.#commit = database.prepare<[]>("COMMIT");
    this.#rollback = database.prepare<[]>("ROLLBACK");
  }

  /** Runs what belongs to opening. When it throws, the file is closed and the lock is free. */
  whileOpening<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.close();
      throw openFailure(error, this.path, this.#kind);
    }
  }

  /**
   * Runs `work` in one transaction and syncs it, or rolls it back when it changed nothing. Refused
   * when there is no space, or when somebody else is writing. Throws what `work` throws, rolled
   * back, and LikesError `store_in_doubt` after any other error of SQLite.
   */
  transact<T>(work: () => Worked<T>): TransactionOutcome<T> {
    this.#doubt.throwIfEntered();
    assert(!this.database.inTransaction, "one transaction runs at a time");
    try {
      if (!this.#began()) return { type: "refused" };
      const { value, changed } = work();
      (changed ? this.#commit : this.#rollback).run();
      return { type: "done", value };
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** False when somebody else is writing, such as a person with `sqlite3`: nothing was touched. */
  #began(): boolean {
    try {
      this.#begin.run();
      return true;
    } catch (error) {
      if (error instanceof Database.SqliteError && error.code === "SQLITE_BUSY") return false;
      throw error;
    }
  }

  /** Runs reads. An error of SQLite puts the store in doubt: LikesError `store_in_doubt`. */
  read<T>(work: () => T): T {
    this.#doubt.throwIfEntered();
    try {
      return work();
    } catch (error) {
      throw error instanceof Database.SqliteError ? this.#enterDoubt(error) : error;
    }
  }

  /** Closes the database and frees the lock. Harmless when it is closed. */
  close(): void {
    this.database.close();
    this.#lock.release();
  }

  /** Undoes a transaction that failed: refused when the disk was full, else it throws. */
  #fail(error: unknown): { readonly type: "refused" } {
    const fromSqlite = error instanceof Database.SqliteError;
    if (fromSqlite && error.code !== "SQLITE_FULL") throw this.#enterDoubt(error);
    try {
      // SQLite undoes some failed transactions by itself.
      if (this.database.inTransaction) this.#rollback.run();
    } catch (rollbackError) {
      throw this.#enterDoubt(rollbackError);
    }
    if (!fromSqlite) throw error;
    return { type: "refused" };
  }

  #enterDoubt(error: unknown): LikesError {
    if (!(error instanceof Database.SqliteError)) return this.#doubt.enter(error);
    return this.#doubt.enter(error, `${error.message} (${error.code})`);
  }
}

/**
 * Opens `<folder>/<name>.sqlite` for this process alone, and makes what does not exist: the folder
 * (mode 0700), the file, its tables, and what `create` puts in them, in one transaction. Throws
 * LikesError `store_locked`, `store_newer`, `store_unusable` or `disk_full`.
 */
export function openSqliteFile(
  folder: string,
  kind: SqliteKind,
  { create, options }: { create: (database: Database.Database) => void; options: SqliteOptions },
): SqliteFile {
  const path = databasePath(folder, kind);
  let lock: ProcessLock | undefined;
  let database: Database.Database | undefined;
  try {
    makeFolder(dirname(path));
    lock = takeLock(path, kind);
    database = new Database(path, { timeout: BUSY_WAIT_MAX_MS });
    prepareDatabase(database, path, { kind, create, options });
    return new SqliteFile(path, kind, { database, lock });
  } catch (error) {
    database?.close();
    lock?.release();
    throw openFailure(error, path, kind);
  }
}

function takeLock(path: string, kind: SqliteKind): ProcessLock {
  const lock = takeProcessLock(join(dirname(path), `${kind.name}.lock`));
  if (lock !== undefined) return lock;
  throw new LikesError(
    "store_locked",
    `Cannot open the ${kind.name} ${JSON.stringify(path)}: another process holds it; ` +
      `stop that process, or name another folder`,
  );
}

function prepareDatabase(
  database: Database.Database,
  path: string,
  {
    kind,
    create,
    options,
  }: {
    kind: SqliteKind;
    create: (database: Database.Database) => void;
    options: SqliteOptions;
  },
): void {
  database.defaultSafeIntegers(true);
  database.pragma("trusted_schema = OFF");
  // A file of somebody else is recognised before anything is written to it.
  const found = recognise(database, path, kind);
  const journal = database.pragma("journal_mode = WAL", { simple: true });
  if (journal !== "wal") {
    throw new LikesError(
      "store_unusable",
      `Cannot open the ${kind.name} ${JSON.stringify(path)}: its file system holds no write-ahead ` +
        `log; name a folder on a local disk`,
    );
  }
  database.pragma("synchronous = FULL");
  // Where a sync does not reach the disk by itself (macOS); elsewhere these do nothing.
  database.pragma("fullfsync = ON");
  database.pragma("checkpoint_fullfsync = ON");
  database.pragma("foreign_keys = ON");
  database.pragma(`wal_autocheckpoint = ${WAL_PAGES_MAX}`);
  database.pragma(`journal_size_limit = ${WAL_BYTES_KEPT_MAX}`);
  if (options.pagesMax !== undefined) database.pragma(`max_page_count = ${options.pagesMax}`);
  if (found === "new") {
    database
      .transaction(() => {
        database.exec(kind.schema);
        create(database);
        database.pragma(`application_id = ${kind.applicationId}`);
        database.pragma(`user_version = ${kind.schemaVersion}`);
      })
      .immediate();
  }
  const synchronous = pragma(database, "synchronous");
  assert(synchronous === SYNCHRONOUS_FULL, `synchronous is FULL and not ${synchronous}`);
}
