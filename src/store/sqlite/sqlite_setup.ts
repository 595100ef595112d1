/**
 * Creates and configures the database of a store.
 *
 * A new database is created under a temporary name, synced, and then renamed. A crash therefore
 * never leaves an empty database. An empty one is damaged, and must not pass for a new outbox with
 * nothing to deliver.
 *
 * `synchronous=FULL` is set on every open and read back. The package reopens a WAL database with
 * NORMAL, which lost acknowledged commits in a power-cut test.
 */
import { lstatSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { assert } from "../../assert.ts";
import { LikesError } from "../../errors.ts";
import { Database } from "./sqlite.ts";
import { guardTables } from "./guard_tables.ts";
import { syncFolder } from "../make_folder.ts";
import { keepToOwner, makeOwnFile, checkKindOfFile } from "./own_file.ts";
import { damaged } from "./sqlite_failures.ts";
import { pragma, checkKind } from "./sqlite_kind.ts";
import type { SqliteKind } from "./sqlite_kind.ts";
import { verifyPages, verifySchema } from "./verify_database.ts";

/** Size to which the log file shrinks after a burst. */
const WAL_BYTES_KEPT_MAX = 64 * 1024 * 1024;
/** Page cache in KiB. SQLite's default of 2,000 slows down transactions of 1,000 items. */
const CACHE_KIB = 16_000;
/** The value of `PRAGMA synchronous` for FULL. */
const SYNCHRONOUS_FULL = 2n;

/** Options for opening a database. */
export interface SqliteOptions {
  /** Most pages of 4 KiB, to simulate a small disk. SQLite never goes below the current size. */
  readonly pagesMax?: number;
}

/** Options for creating a database. */
export interface MakeOptions {
  /** Adds the first rows to the new tables. */
  readonly create: (database: Database) => void;
  readonly options: SqliteOptions;
}

/** Creates a new database atomically. The caller holds the lock. */
export function makeDatabase(
  path: string,
  kind: SqliteKind,
  { create, options }: MakeOptions,
): void {
  if (logBytes(path) > 0) throw damaged(path, kind, "its log exists, but its database does not");
  const made = `${path}.new`;
  for (const suffix of ["", "-journal"]) rmSync(made + suffix, { force: true });
  makeOwnFile(made);
  const database = new Database(made);
  try {
    database.pragma("synchronous = FULL");
    if (options.pagesMax !== undefined) database.pragma(`max_page_count = ${options.pagesMax}`);
    database.transaction(() => {
      database.exec(kind.schema);
      guardTables(database, kind);
      create(database);
      database.pragma(`application_id = ${kind.applicationId}`);
      database.pragma(`user_version = ${kind.schemaVersion}`);
    });
  } finally {
    database.close();
  }
  renameSync(made, path);
  syncFolder(dirname(path));
}

/** Returns whether the previous process left a log. Throws when `path` cannot be a database. */
export function expectDatabaseFile(path: string, kind: SqliteKind): boolean {
  const found = lstatSync(path);
  const refusal = checkKindOfFile(found);
  if (refusal !== undefined) {
    throw new LikesError(
      "store_unusable",
      `Cannot open the ${kind.name} ${JSON.stringify(path)}: ${refusal}; name another folder`,
    );
  }
  if (found.size === 0) throw damaged(path, kind, "it is empty");
  return logBytes(path) > 0;
}

function logBytes(path: string): number {
  return lstatSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * Configures and verifies `database`. Throws LikesError when it is of another kind or version, or
 * damaged.
 */
export function prepareDatabase(
  database: Database,
  path: string,
  {
    kind,
    options,
    uncleanEnd,
  }: {
    readonly kind: SqliteKind;
    readonly options: SqliteOptions;
    readonly uncleanEnd: boolean;
  },
): void {
  database.pragma("trusted_schema = OFF");
  // Before any write: the file may be another program's.
  if (checkKind(database, path, kind) === "new") throw damaged(path, kind, "it has no tables");
  keepToOwner(path, lstatSync(path));
  const journal = database.pragma("journal_mode = WAL");
  if (journal !== "wal") {
    throw new LikesError(
      "store_unusable",
      `Cannot open the ${kind.name} ${JSON.stringify(path)}: its file system does not support a ` +
        `write-ahead log; name a folder on a local disk`,
    );
  }
  configure(database, options);
  database.pragma(`secure_delete = ${kind.erases ? "ON" : "OFF"}`);
  const found = verifySchema(database, kind) ?? verifyPages(database, kind, uncleanEnd);
  if (found !== undefined) throw damaged(path, kind, found);
}

function configure(database: Database, { pagesMax }: SqliteOptions): void {
  database.pragma("synchronous = FULL");
  // On macOS a plain sync does not reach the disk; elsewhere these two do nothing.
  database.pragma("fullfsync = ON");
  database.pragma("checkpoint_fullfsync = ON");
  database.pragma("foreign_keys = ON");
  database.pragma("wal_autocheckpoint = 0");
  database.pragma(`cache_size = -${CACHE_KIB}`);
  database.pragma(`journal_size_limit = ${WAL_BYTES_KEPT_MAX}`);
  if (pagesMax !== undefined) database.pragma(`max_page_count = ${pagesMax}`);
  const synchronous = pragma(database, "synchronous");
  assert(synchronous === SYNCHRONOUS_FULL, `synchronous is FULL, not ${synchronous}`);
}
