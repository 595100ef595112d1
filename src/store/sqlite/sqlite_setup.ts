/**
 * How a database of a store is made and set up.
 *
 * A new one is made under another name, and renamed when it is synced. So one that is empty was not
 * left so by a crash: it is damaged, and not taken for a new one that has nothing to deliver.
 *
 * `synchronous=FULL` is set on every open and read back: the package reopens a WAL database with
 * NORMAL, and in a power-cut trial that lost acknowledged commits.
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

/** Bytes of the log that stay on the disk after a burst. */
const WAL_BYTES_KEPT_MAX = 64 * 1024 * 1024;
/** KiB of pages that stay in memory: with SQLite's 2,000, transactions of 1,000 items took longer. */
const CACHE_KIB = 16_000;
/** What `PRAGMA synchronous` reads as when it is FULL. */
const SYNCHRONOUS_FULL = 2n;

/** How a database is opened. */
export interface SqliteOptions {
  /** Pages of 4 KiB that it may grow to, as on a disk of that size; at least what it has. */
  readonly pagesMax?: number;
}

/** How a database is made when there is none. */
export interface MakeOptions {
  /** Puts into the new tables what they begin with. */
  readonly create: (database: Database) => void;
  readonly options: SqliteOptions;
}

/** Makes a new database, whole or not at all. The lock is held. */
export function makeDatabase(
  path: string,
  kind: SqliteKind,
  { create, options }: MakeOptions,
): void {
  if (logBytes(path) > 0) throw damaged(path, kind, "its log is there, but its database is not");
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

/** Says whether the process before left a log. Throws when `path` cannot be a database. */
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
 * Sets `database` up for work, verified. Throws LikesError when it is not of `kind`, of another
 * version, or damaged.
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
  // A file of somebody else is recognised before anything is written to it.
  if (checkKind(database, path, kind) === "new") throw damaged(path, kind, "it has no tables");
  keepToOwner(path, lstatSync(path));
  const journal = database.pragma("journal_mode = WAL");
  if (journal !== "wal") {
    throw new LikesError(
      "store_unusable",
      `Cannot open the ${kind.name} ${JSON.stringify(path)}: its file system holds no write-ahead ` +
        `log; name a folder on a local disk`,
    );
  }
  configure(database, options);
  const found = verifySchema(database, kind) ?? verifyPages(database, kind, uncleanEnd);
  if (found !== undefined) throw damaged(path, kind, found);
}

function configure(database: Database, { pagesMax }: SqliteOptions): void {
  database.pragma("synchronous = FULL");
  // Where a sync does not reach the disk by itself (macOS); elsewhere these do nothing.
  database.pragma("fullfsync = ON");
  database.pragma("checkpoint_fullfsync = ON");
  database.pragma("foreign_keys = ON");
  database.pragma("wal_autocheckpoint = 0");
  database.pragma(`cache_size = -${CACHE_KIB}`);
  database.pragma(`journal_size_limit = ${WAL_BYTES_KEPT_MAX}`);
  if (pagesMax !== undefined) database.pragma(`max_page_count = ${pagesMax}`);
  const synchronous = pragma(database, "synchronous");
  assert(synchronous === SYNCHRONOUS_FULL, `synchronous is FULL and not ${synchronous}`);
}
