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
}

/** The path of the database of `kind` in `folder`. */
export function databasePath(folder: string, kind: SqliteKind): string {
  return join(resolve(folder), `${kind.name}.sqlite`);
}

/**
 * Says whether `database` is `new` (it has no tables) or of `kind`. Throws LikesError `store_older` or
 * `store_newer` when it is of another version, `store_unusable` when it is of another program, and
 * SQLite's error when it is no database.
 */
export function checkKind(database: Database, path: string, kind: SqliteKind): "new" | "known" {
  const applicationId = pragma(database, "application_id");
  const version = pragma(database, "user_version");
  const tables = database.prepare<[], bigint>("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (tables === 0n && applicationId === 0n && version === 0n) return "new";
  const cannot = `Cannot open the ${kind.name} ${JSON.stringify(path)}:`;
  if (applicationId !== kind.applicationId) {
    throw new LikesError(
      "store_unusable",
      `${cannot} it is a database of another program; name another folder`,
    );
  }
  if (version !== kind.schemaVersion) {
    throw new LikesError(
      version < kind.schemaVersion ? "store_older" : "store_newer",
      `${cannot} found version ${version}, and this build opens version ${kind.schemaVersion} ` +
        `alone; use the build that wrote it, or name another folder`,
    );
  }
  return "known";
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
