/** Which database a file holds, and what a person can do when it is not the one expected. */
import { join, resolve } from "node:path";
import Database from "better-sqlite3";
import { assert } from "../assert.ts";
import { LikesError } from "../errors.ts";

/** What a database is: its names, and the numbers in its header by which it is recognised. */
export interface SqliteKind {
  /** Names the file and, in messages, the store. */
  readonly name: "outbox" | "ledger";
  readonly applicationId: bigint;
  readonly schemaVersion: bigint;
  /** The statements that create the tables. */
  readonly schema: string;
}

/** The path of the database of `kind` in `folder`. */
export function databasePath(folder: string, kind: SqliteKind): string {
  return join(resolve(folder), `${kind.name}.sqlite`);
}

/**
 * Says whether `database` is `new` (it has no tables) or of `kind`. Throws LikesError `store_newer`
 * or `store_unusable` when it is neither, and SQLite's error when it is no database.
 */
export function recognise(
  database: Database.Database,
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

/** The value of the pragma `name`, an integer, of a database that reads integers as bigint. */
export function pragma(database: Database.Database, name: string): bigint {
  const value = database.pragma(name, { simple: true });
  assert(typeof value === "bigint", `${name} is an integer`);
  return value;
}

/** The LikesError for an error while opening, with the way out. Bugs stay as they are. */
export function openFailure(error: unknown, path: string, kind: SqliteKind): unknown {
  if (!(error instanceof Error && "code" in error) || error instanceof LikesError) return error;
  const fromSystem = error instanceof Database.SqliteError || "syscall" in error;
  if (!fromSystem) return error;
  const { code } = error;
  const cannot = `Cannot open the ${kind.name} ${JSON.stringify(path)}:`;
  if (code === "SQLITE_FULL" || code === "ENOSPC") {
    return new LikesError("disk_full", `${cannot} the disk is full; free some space`, {
      cause: error,
    });
  }
  if (code === "SQLITE_BUSY") {
    return new LikesError(
      "store_locked",
      `${cannot} another program is writing to it; end that program`,
      { cause: error },
    );
  }
  return new LikesError(
    "store_unusable",
    `${cannot} ${error.message} (${String(code)}); name another folder, or restore this one`,
    { cause: error },
  );
}
