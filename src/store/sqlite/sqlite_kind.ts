/** Tells which kind of database a file holds, and in which schema version. */
import { join, resolve } from "node:path";
import type { Database } from "./sqlite.ts";
import { assert } from "../../assert.ts";
import { LikesError } from "../../errors.ts";

/** A kind of database: its name, its tables, and the numbers in its header that identify it. */
export interface SqliteKind {
  /** Names the file and, in messages, the store. */
  readonly name: "outbox" | "ledger";
  readonly applicationId: bigint;
  readonly schemaVersion: bigint;
  /** The statements that create the tables. */
  readonly schema: string;
  /** Pages of the log that start a checkpoint: few enough to be recovered quickly. */
  readonly logPagesMax: number;
  /** Whether the bytes of a deleted row are overwritten: it may have named a person. */
  readonly erases: boolean;
  /** The tables whose rows are stored twice (guard_tables.ts). */
  readonly guarded: readonly string[];
}

/** Returns the path of the database of `kind` in `folder`. */
export function databasePath(folder: string, kind: SqliteKind): string {
  return join(resolve(folder), `${kind.name}.sqlite`);
}

/**
 * Returns `new` for a database without tables, `known` for one of `kind`. Throws LikesError
 * `store_older` or `store_newer` for another schema version, `store_unusable` for another program's
 * database, and SQLite's error for a file that is not a database.
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
      `${cannot} it is another program's database; name another folder`,
    );
  }
  if (version !== kind.schemaVersion) {
    throw new LikesError(
      version < kind.schemaVersion ? "store_older" : "store_newer",
      `${cannot} found version ${version}, and this build opens only version ` +
        `${kind.schemaVersion}; use the build that wrote it, or name another folder`,
    );
  }
  return "known";
}

/** Returns the value of the pragma `name`. Asserts that it is an integer. */
export function pragma(database: Database, name: string): bigint {
  const value = database.pragma(name);
  assert(typeof value === "bigint", `${name} is an integer`);
  return value;
}

/** Returns the bytes that `database` uses: its pages without the free ones. */
export function usedBytes(database: Database): number {
  const pages = pragma(database, "page_count") - pragma(database, "freelist_count");
  return Number(pages * pragma(database, "page_size"));
}
