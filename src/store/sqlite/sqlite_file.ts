/**
 * The open database file under both SQLite stores. One process opens it at a time, and an error
 * says whether the store is still usable. sqlite_setup.ts creates and configures the database.
 *
 * The lock (process_lock.ts) is on a small database beside the data. A lock on the data itself
 * would keep people from inspecting it with `sqlite3`.
 *
 * After a full disk (disk_space.ts), the transaction is rolled back and the store stays usable. The
 * same holds for another program's write lock, which is found before anything changes. SQLite
 * blocks the thread while it waits for that lock, so a serving role waits only briefly. After any
 * other error the contents of the disk are unknown, and the store refuses every call until it is
 * opened again.
 *
 * This file runs the checkpoints, because SQLite hides errors of automatic ones. A checkpoint that
 * finds no space is repeated later: the log still holds everything. Any other error fails the
 * store.
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
import { databasePath, pragma } from "./sqlite_kind.ts";
import type { SqliteKind } from "./sqlite_kind.ts";
import { expectDatabaseFile, makeDatabase, prepareDatabase } from "./sqlite_setup.ts";
import type { MakeOptions } from "./sqlite_setup.ts";

export type { SqliteOptions } from "./sqlite_setup.ts";

/** How long opening waits for a person's `sqlite3` that is writing: no call waits yet. */
const BUSY_OPENING_WAIT_MAX_MS = 1_000;

/** How a transaction ended. A failed one changed nothing. */
export type FileOutcome<T> =
  { readonly type: "done"; readonly value: T } | { readonly type: WriteFailure };

/** The result of a transaction's work: a value, and whether there is anything to commit. */
export interface WorkResult<T> {
  readonly value: T;
  readonly changed: boolean;
}

/** An open database of this process, with its lock. */
export class SqliteFile {
  readonly path: string;
  readonly database: Database;
  /** Whether the previous process did not close the database. */
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
   * Runs the last part of opening, and ends it: later writes wait only BUSY_WAIT_MAX_MS for a lock.
   * When `work` throws, closes the database and releases the lock.
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
   * Runs `work` in one transaction and syncs it, or rolls it back when it changed nothing. Returns
   * `disk_full` when there is no space, `store_busy` when another program is writing. Rethrows an
   * error of `work` after a rollback. Throws LikesError `store_failed` after any other error of
   * SQLite.
   */
  transact<T>(work: () => WorkResult<T>): FileOutcome<T> {
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

  /** A number that changes when another connection, such as a person's `sqlite3`, commits. */
  get foreignChanges(): bigint {
    return pragma(this.database, "data_version");
  }

  /** Moves committed pages from the log to the database, once the log is long enough. */
  #checkpoint(): void {
    if ((this.#logState.get()?.log ?? 0n) < this.#kind.logPagesMax) return;
    try {
      this.database.pragma("wal_checkpoint(PASSIVE)");
    } catch (error) {
      if (!this.#isFull(error)) throw this.#failStore(error);
    }
  }

  /**
   * Moves all committed pages to the database, and empties the log: it may hold erased bytes. Leaves
   * that to a later checkpoint when another program reads, or when the disk is full.
   */
  emptyLog(): void {
    try {
      this.database.pragma("wal_checkpoint(TRUNCATE)");
    } catch (error) {
      const isBusy = error instanceof SqliteError && BUSY.test(error.code);
      if (!isBusy && !this.#isFull(error)) throw this.#failStore(error);
    }
  }

  /** Begins a transaction. Returns false when another program is writing, such as `sqlite3`. */
  #began(): boolean {
    try {
      this.#begin.run();
      return true;
    } catch (error) {
      if (error instanceof SqliteError && BUSY.test(error.code)) return false;
      throw error;
    }
  }

  /** Runs reads. After an error of SQLite, throws LikesError `store_failed`. */
  read<T>(work: () => T): T {
    this.#failed.throwIfFailed();
    try {
      return work();
    } catch (error) {
      throw error instanceof SqliteError ? this.#failStore(error) : error;
    }
  }

  /** Runs a write beside the database. After any error, throws LikesError `store_failed`. */
  sync(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw this.#failStore(error);
    }
  }

  /** Marks the store as failed because damage was read. Returns the LikesError to throw. */
  damage(found: string): LikesError {
    return this.#failed.failDamaged(found);
  }

  /** Closes the database and releases the lock. Does nothing when closed. */
  close(): void {
    this.database.close();
    this.#lock.release();
  }

  /** Rolls back a failed transaction. Returns `disk_full` when that was the reason, else throws. */
  #fail(error: unknown): { readonly type: "disk_full" } {
    const fromSqlite = error instanceof SqliteError;
    if (fromSqlite && !this.#isFull(error)) throw this.#failStore(error);
    try {
      // SQLite rolls back some failed transactions by itself.
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
 * Opens `<folder>/<name>.sqlite` for this process alone. Creates what is missing: the folder (mode
 * 0700), the file (0600), its tables, and the rows that `create` adds. Throws LikesError
 * `store_locked`, `store_busy`, `store_older`, `store_newer`, `store_unusable` (damaged, or no
 * store of this kind) or `disk_full`.
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
