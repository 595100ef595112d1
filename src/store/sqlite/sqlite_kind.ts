/** Which database a file holds, and of which version it is. */
import { join, resolve } from "node:path";
import type { Database } from "./sqlite.ts";
import { assert } from "../../assert.ts";
import { LikesError } from "../../errors.ts";

/** What a database is: its names, and the numbers in its header by which it is recognised. */
export interface SqliteKind {
  /** Names the file and, in messages, the store. */
  readonly name: "outbox" | "ledger";
  readonly applicationId: bigint;
  readonly schemaVersion: bigint;
  /** The statements that create the tables. */
  readonly schema: string;
  /** The tables of few rows, each of which is kept twice (guard_tables.ts). */
  readonly guarded: readonly string[];
  /** How an older one is brought to this version (upgrade_database.ts), by the version that it has. */
  readonly upgrades: ReadonlyMap<bigint, Upgrade>;
}

/** How the tables of an older version are brought to this one: some are made anew, others stay. */
export interface Upgrade {
  /** The tables that are made anew, as they are in a new database. A table that is new is one. */
  readonly anew: readonly string[];
  /** The statements that fill them, from those of before under the names `old_<table>`. */
  readonly fill: string;
}

/** The path of the database of `kind` in `folder`. */
export function databasePath(folder: string, kind: SqliteKind): string {
  return join(resolve(folder), `${kind.name}.sqlite`);
}

/**
 * Says whether `database` is `new` (it has no tables) or of `kind`. Throws LikesError `store_newer`
 * or `store_unusable` when it is neither, and SQLite's error when it is no database.
 */
export function detectAnomalies(
  database: Database,
  path: string,
  kind: SqliteKind,
): "new" | "known" {
  const applicationId = pragma(database, "application_id");
  const version = pragma(database, "user_version");
  const tables = database.prepare<[], bigint>("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (tables === 0n && applicationId === 0n && version === 0n) return "new";
  const cannot = `Cannot open the ${kind.name} ${JSON.stringify(path)}:`;
  if (applicationId !== kind.applicationId || version === 0n) {
    throw new LikesError(
      "store_unusable",
      `${cannot} it is a database of another program; name another folder`,
    );
  }
  if (version > kind.schemaVersion) {
    throw new LikesError(
      "store_newer",
      `${cannot} found version ${version}, this build knows up to ${kind.schemaVersion}; ` +
        `use the build that wrote it, or a newer one`,
    );
  }
  return "known";
}

/** Says, for people, that `database` is of an older version: who only reads cannot upgrade it. */
export function olderVersion(database: Database, kind: SqliteKind): string | undefined {
  const version = pragma(database, "user_version");
  return version === kind.schemaVersion
    ? undefined
    : `found version ${version}, which a start of its role brings to ${kind.schemaVersion}`;
}

/** The value of the pragma `name`, an integer. */
export function pragma(database: Database, name: string): bigint {
  const value = database.pragma(name);
  assert(typeof value === "bigint", `${name} is an integer`);
  return value;
}

/** Bytes of what `database` holds: its file without the pages that are free to be used again. */
export function usedBytes(database: Database): number {
  const pages = pragma(database, "page_count") - pragma(database, "freelist_count");
  return Number(pages * pragma(database, "page_size"));
}
