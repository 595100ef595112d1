/**
 * What both SQLite stores share: one process at a time, and errors that say whether the store can go
 * on. How a database is set up is in sqlite_setup.ts.
 *
 * The lock (process_lock.ts) is on a small database beside the data. Locking the data itself would
 * shut out `sqlite3`, with which a person looks inside.
 *
 * A full disk (disk_space.ts) leaves the transaction undone and the store usable, and so does
 * somebody else's write lock, which shows before anything was touched. SQLite waits for that lock
 * without giving the thread back, so a role that serves waits for it a moment only. After any other
 * error it is unknown what the disk holds, and the store refuses everything until it is opened
 * again. Checkpoints are made here, because SQLite keeps the errors of its automatic ones to itself:
 * one that has no space is repeated from the log, which is whole, and any other error is an error of
 * the store.
 */
import { lstatSync } from "node:fs";
import { dirname, join } from "node:path";
import { assert } from "../../assert.ts";
import type { WriteFailure } from "../../core/protocol/write_failure.ts";
import { LikesError } from "../../errors.ts";
import { isFull } from "./disk_space.ts";
import { Database, SqliteError } from "./sqlite.ts";
import type { Statement } from "./sqlite.ts";
import { FailedStore } from "./failed_store.ts";
import { BUSY_WAIT_MAX_MS } from "../../limits.ts";
import { makeFolder } from "../make_folder.ts";
import { takeProcessLock } from "./process_lock.ts";
import type { ProcessLock } from "./process_lock.ts";
import { BUSY, openFailure } from "./sqlite_failures.ts";
import { databasePath } from "./sqlite_kind.ts";
import type { SqliteKind } from "./sqlite_kind.ts";
import { expectDatabaseFile, makeDatabase, prepareDatabase } from "./sqlite_setup.ts";
import type { MakeOptions } from "./sqlite_setup.ts";

export type { SqliteOptions } from "./sqlite_setup.ts";

/** Pages of the log that start a checkpoint: 4 MiB, little to read again after a crash. */
const WAL_PAGES_MAX = 1_000;
/** How long an opening waits for a person's `sqlite3` that is writing: nobody is served yet. */
const BUSY_OPENING_WAIT_MAX_MS = 1_000;

/** How a transaction ended. After a failure nothing was changed. */
export type FileOutcome<T> =
  { readonly type: "done"; readonly value: T } | { readonly type: WriteFailure };

/** What the work of a transaction returns: its value, and whether there is anything to commit. */
export interface Worked<T> {
  readonly value: T;
  readonly changed: boolean;
}

/** An open database of this process, with its lock. */
export class SqliteFile {
  readonly path: string;
  readonly database: Database;
  /** Whether the process that had it before did not close it. */
  readonly uncleanEnd: boolean;
  readonly #kind: SqliteKind;
  readonly #lock: ProcessLock;
  readonly #failed: FailedStore;
  readonly #begin: Statement<[], unknown>;
  readonly #commit: Statement<[], unknown>;
  readonly #rollback: Statement<[], unknown>;
  readonly #logState: Statement<[], { readonly log: bigint }>;

  constructor(
    path: string,
    kind: SqliteKind,
    { database, lock, uncleanEnd }: { database: Database; lock: ProcessLock; uncleanEnd: boolean },
  ) {
    this.path = path;
    this.uncleanEnd = uncleanEnd;
    this.database = database;
    this.#kind = kind;
    this.#lock = lock;
    this.#failed = new FailedStore(`the ${kind.name} ${JSON.stringify(path)}`);
    this.#begin = database.prepare<[]>("BEGIN IMMEDIATE");
    this.#commit = database.prepare<[]>("COMMIT");
    this.#rollback = database.prepare<[]>("ROLLBACK");
    this.#logState = database.prepare("PRAGMA wal_checkpoint(NOOP)");
  }

  /**
   * Runs what belongs to opening, and ends it: from here on a write hardly waits. When it throws, the
   * file is closed and the lock is free.
   */
  whileOpening<T>(work: () => T): T {
    try {
      const value = work();
      this.database.pragma(`busy_timeout = ${BUSY_WAIT_MAX_MS}`);
      return value;
    } catch (error) {
      this.close();
      throw openFailure(error, this.path, this.#kind);
    }
  }

  /**
   * Runs `work` in one transaction and syncs it, or rolls it back when it changed nothing. Refused
   * when there is no space, busy when somebody else is writing. Throws what `work` throws, rolled
   * back, and LikesError `store_failed` after any other error of SQLite.
   */
  transact<T>(work: () => Worked<T>): FileOutcome<T> {
    this.#failed.throwIfFailed();
    assert(!this.database.inTransaction, "one transaction runs at a time");
    try {
      if (!this.#began()) return { type: "store_busy" };
      const { value, changed } = work();
      (changed ? this.#commit : this.#rollback).run();
      if (changed) this.#checkpoint();
      return { type: "done", value };
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Moves what was committed from the log to the database, once the log is long enough. */
  #checkpoint(): void {
    if ((this.#logState.get()?.log ?? 0n) < WAL_PAGES_MAX) return;
    try {
      this.database.pragma("wal_checkpoint(PASSIVE)");
    } catch (error) {
      if (!this.#isFull(error)) throw this.#failStore(error);
    }
  }

  /** False when somebody else is writing, such as a person with `sqlite3`: nothing was touched. */
  #began(): boolean {
    try {
      this.#begin.run();
      return true;
    } catch (error) {
      if (error instanceof SqliteError && BUSY.test(error.code)) return false;
      throw error;
    }
  }

  /** Runs reads. An error of SQLite puts the store in doubt: LikesError `store_failed`. */
  read<T>(work: () => T): T {
    this.#failed.throwIfFailed();
    try {
      return work();
    } catch (error) {
      throw error instanceof SqliteError ? this.#failStore(error) : error;
    }
  }

  /** Puts the store in doubt because of what was read: the LikesError `store_failed` to throw. */
  damage(found: string): LikesError {
    return this.#failed.failDamaged(found);
  }

  /** Closes the database and frees the lock. Harmless when it is closed. */
  close(): void {
    this.database.close();
    this.#lock.release();
  }

  /** Undoes a transaction that failed: refused when the disk was full, else it throws. */
  #fail(error: unknown): { readonly type: "disk_full" } {
    const fromSqlite = error instanceof SqliteError;
    if (fromSqlite && !this.#isFull(error)) throw this.#failStore(error);
    try {
      // SQLite undoes some failed transactions by itself.
      if (this.database.inTransaction) this.#rollback.run();
    } catch (rollbackError) {
      throw this.#failStore(rollbackError);
    }
    if (!fromSqlite) throw error;
    return { type: "disk_full" };
  }

  #isFull(error: unknown): boolean {
    return error instanceof SqliteError && isFull(error, this.path);
  }

  #failStore(error: unknown): LikesError {
    if (!(error instanceof SqliteError)) return this.#failed.fail(error);
    return this.#failed.fail(error, `${error.message} (${error.code})`);
  }
}

/**
 * Opens `<folder>/<name>.sqlite` for this process alone, and makes what does not exist: the folder
 * (mode 0700), the file (0600), its tables, and what `create` puts in them. Throws LikesError
 * `store_locked`, `store_busy`, `store_older`, `store_newer`, `store_unusable` (damaged, or no store of
 * this kind) or `disk_full`.
 */
export function openSqliteFile(folder: string, kind: SqliteKind, make: MakeOptions): SqliteFile {
  const path = databasePath(folder, kind);
  let lock: ProcessLock | undefined;
  let database: Database | undefined;
  try {
    makeFolder(dirname(path));
    lock = takeLock(path, kind);
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) makeDatabase(path, kind, make);
    const uncleanEnd = expectDatabaseFile(path, kind);
    database = new Database(path, { busyWaitMs: BUSY_OPENING_WAIT_MAX_MS });
    prepareDatabase(database, path, { kind, options: make.options, uncleanEnd });
    return new SqliteFile(path, kind, { database, lock, uncleanEnd });
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
