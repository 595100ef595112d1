/**
 * A database of a role, opened to be read: while its role runs, after it crashed, or as a copy.
 *
 * All of a file is read in one transaction, so it is one commit of its role, whatever that writes
 * meanwhile. Nothing is trusted: not the kind of file, not its tables, not the type or size of a value.
 */
import { lstatSync } from "node:fs";
import { SERVER_ID_CHARS_MAX } from "../limits.ts";
import { Database, SqliteError } from "../store/sqlite/sqlite.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";

/** What a database has to be. */
export interface AuditedKind {
  readonly name: "outbox" | "ledger";
  readonly applicationId: bigint;
  readonly tables: readonly string[];
}

/** A row as SQLite gives it: numbers as bigint. */
export type Row = Readonly<Record<string, unknown>>;

/** A file that cannot be looked at; the message says why, and the way out. */
export class UnreadableFileError extends Error {
  override readonly name = "UnreadableFileError";
}

/** The version of the tables that are read here. */
const SCHEMA_VERSION = 1n;
/** How long an opening waits for a process that recovers what a crash left. */
const BUSY_WAIT_MS = 1_000;
/** KiB of pages that a file keeps in memory: there may be hundreds of files. */
const CACHE_KIB = 1_024;
const ID = /^[0-9a-f]{32}$/;
const ID_CHARS = 32;
/** Bytes of the longest label of a LikesServer. */
export const SERVER_ID_BYTES_MAX = 4 * SERVER_ID_CHARS_MAX;
/** The last millisecond that a Date of JavaScript can be. */
const TIME_MAX_MS = 8.64e15;

/** Whether `error` is SQLite's own. */
export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof SqliteError;
}

/** Whether SQLite read what nobody can have written so. Else it could not read: a disk may fail. */
export function isDamage(error: unknown): error is SqliteError {
  return isSqliteError(error) && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code);
}

/** An open database, as one commit left it. */
export class AuditedFile implements Disposable {
  readonly path: string;
  readonly #database: Database;

  /**
   * Opens the file and begins the read. Throws UnreadableFileError, or SQLite's error for a damaged
   * page.
   */
  constructor(path: string, kind: AuditedKind) {
    checkKindOfFile(path);
    this.path = path;
    this.#database = attempt(() => {
      return new Database(path, { isReadOnly: true, busyWaitMs: BUSY_WAIT_MS });
    });
    try {
      attempt(() => this.#begin(kind));
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  #begin(kind: AuditedKind): void {
    this.#database.pragma("trusted_schema = OFF");
    this.#database.pragma("cell_size_check = ON");
    this.#database.pragma(`cache_size = -${CACHE_KIB}`);
    this.#database.exec("BEGIN");
    if (this.#pragma("application_id") !== kind.applicationId) {
      throw new UnreadableFileError(`it is no ${kind.name} of likes; give the right one`);
    }
    const version = this.#pragma("user_version");
    if (version !== SCHEMA_VERSION) {
      const found = `it is of version ${String(version)}, and this build reads ${SCHEMA_VERSION} alone`;
      throw new UnreadableFileError(`${found}; use the build that wrote it`);
    }
    // A view or a virtual table of that name could answer anything, and take for ever.
    const tables = this.rows(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0",
    ).map(({ name }) => name);
    const absent = kind.tables.find((name) => !tables.includes(name));
    if (absent !== undefined)
      throw new UnreadableFileError(`it has no table ${absent}; put a copy back`);
  }

  #pragma(name: string): unknown {
    return this.#database.pragma(name);
  }

  /** Prepares a query. Throws UnreadableFileError when the tables are not those that it names. */
  query(sql: string) {
    return attempt(() => this.#database.prepare<unknown[], Row>(sql));
  }

  /** All rows of a query that gives few. */
  rows(sql: string, ...values: readonly unknown[]): readonly Row[] {
    return this.query(sql).all(...values);
  }

  /**
   * Compares every row with its indexes and its type; throws CorruptStoreError when one does not
   * agree.
   */
  checkIntegrity(): void {
    const found = this.#database.pragma("integrity_check(1)");
    if (found !== "ok") throw new CorruptStoreError(String(found).replaceAll(/\s+/g, " "));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** A pipe would be waited for without end, and a link hides which store is meant. */
function checkKindOfFile(path: string): void {
  const found = attempt(() => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined)
    throw new UnreadableFileError("there is no such file; give the right one");
  if (found.isSymbolicLink())
    throw new UnreadableFileError("it is a symbolic link; give the file itself");
  if (!found.isFile()) throw new UnreadableFileError("it is not a file; give the right one");
  if (found.size === 0) throw new UnreadableFileError("it is empty; put a copy back");
}

/**
 * Runs what belongs to opening: an error of SQLite or of the system means that nobody can look, but for
 * a page that nobody can have written so. What is no database at all may be the wrong file.
 */
function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isDamage(error) && error.code !== "SQLITE_NOTADB") throw error;
    if (!isSqliteError(error) && !(error instanceof Error && "syscall" in error)) throw error;
    const wayOut = "see that it is whole, and that its folder can be written";
    throw new UnreadableFileError(`${error.message}; ${wayOut}`, { cause: error });
  }
}

/** A column, or null where it is longer than `bytesMax`: nothing of it is read then. */
export function bounded(column: string, bytesMax: number): string {
  return `iif(octet_length(${column}) <= ${bytesMax}, ${column}, NULL) AS ${column}`;
}

/** A column that holds an id or a digest. */
export function idColumn(column: string): string {
  return bounded(column, ID_CHARS);
}

/** A whole number of a row that is exact as a number. Throws CorruptStoreError. */
export function whole(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "bigint" && value >= 0n && value <= Number.MAX_SAFE_INTEGER) {
    return Number(value);
  }
  throw new CorruptStoreError(`${column} is ${shown(value)}`);
}

/** A time of a row, in ms since 1970, or null. Throws CorruptStoreError for one that no Date can be. */
export function timeOf(row: Row, column: string): number | undefined {
  if (row[column] === null) return undefined;
  const timeMs = whole(row, column);
  if (timeMs <= TIME_MAX_MS) return timeMs;
  throw new CorruptStoreError(`${column} is ${timeMs}`);
}

/** Likes of a row. Throws CorruptStoreError. */
export function likesOf(row: Row, column: string): bigint {
  const value = row[column];
  if (typeof value === "bigint" && value >= 0n) return value;
  throw new CorruptStoreError(`${column} is ${shown(value)}`);
}

/** An id of a row, or a digest. Throws CorruptStoreError. */
export function idOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string" && ID.test(value)) return value;
  throw new CorruptStoreError(`${column} is ${shown(value)}`);
}

/** Text of a row. Throws CorruptStoreError. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new CorruptStoreError(`${column} is ${shown(value)}`);
}

function shown(value: unknown): string {
  return typeof value === "bigint" || typeof value === "number"
    ? String(value)
    : `a ${typeof value}`;
}
