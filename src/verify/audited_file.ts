/**
 * A role's database, opened read-only: while the role runs, after a crash, or as a copy.
 *
 * One read transaction covers the whole audit, so that it sees one commit even while the role
 * writes. Nothing is trusted: neither the kind of file, nor its tables, nor the type or size of a
 * value.
 */
import { lstatSync } from "node:fs";
import { SERVER_ID_CHARS_MAX } from "../limits.ts";
import { Database, SqliteError } from "../store/sqlite/sqlite.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";

/** The kind of database that an audit expects. */
export interface AuditedKind {
  readonly name: "outbox" | "ledger";
  readonly applicationId: bigint;
  readonly tables: readonly string[];
}

/** A row as SQLite returns it, numbers as bigint. */
export type Row = Readonly<Record<string, unknown>>;

/** A file that cannot be read; the message says why, and the way out. */
export class UnreadableFileError extends Error {
  override readonly name = "UnreadableFileError";
}

/** The schema version that the audit reads. */
const SCHEMA_VERSION = 1n;
/** How long opening waits for a process that is recovering the log after a crash. */
const BUSY_WAIT_MS = 1_000;
/** Page cache of one file, small because an audit may open hundreds. */
const AUDIT_CACHE_KIB = 1_024;
const ID = /^[0-9a-f]{32}$/;
const ID_CHARS = 32;
/** The most UTF-8 bytes of a LikesServer's label. */
export const SERVER_ID_BYTES_MAX = 4 * SERVER_ID_CHARS_MAX;
/** The last time that a JavaScript Date can hold. */
const TIME_MAX_MS = 8.64e15;

/** Returns whether `error` comes from SQLite. */
export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof SqliteError;
}

/** Returns whether SQLite found a corrupt file, rather than failing to read the disk. */
export function isDamage(error: unknown): error is SqliteError {
  return isSqliteError(error) && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code);
}

/** An open database, seen as of one commit. */
export class AuditedFile implements Disposable {
  readonly path: string;
  readonly #database: Database;

  /**
   * Opens the file and starts the read. Throws UnreadableFileError, or SqliteError when damaged.
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
    this.#database.pragma(`cache_size = -${AUDIT_CACHE_KIB}`);
    this.#database.exec("BEGIN");
    if (this.#pragma("application_id") !== kind.applicationId) {
      throw new UnreadableFileError(`it is not a likes ${kind.name}; give the right file`);
    }
    const version = this.#pragma("user_version");
    if (version !== SCHEMA_VERSION) {
      const found = `it has schema version ${String(version)}`;
      const wayOut = `this build reads only ${SCHEMA_VERSION}; use the build that wrote it`;
      throw new UnreadableFileError(`${found}, and ${wayOut}`);
    }
    // A view or a virtual table of that name could return anything, and never finish.
    const tables = this.rows(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0",
    ).map(({ name }) => name);
    const absent = kind.tables.find((name) => !tables.includes(name));
    if (absent !== undefined)
      throw new UnreadableFileError(`it has no table ${absent}; restore a backup`);
  }

  #pragma(name: string): unknown {
    return this.#database.pragma(name);
  }

  /** Prepares a query. Throws UnreadableFileError when a table or column is absent. */
  query(sql: string) {
    return attempt(() => this.#database.prepare<unknown[], Row>(sql));
  }

  /** Returns all rows of a query with few. */
  rows(sql: string, ...values: readonly unknown[]): readonly Row[] {
    return this.query(sql).all(...values);
  }

  /** Checks every row against its indexes and types. Throws CorruptStoreError. */
  checkIntegrity(): void {
    const found = this.#database.pragma("integrity_check(1)");
    if (found !== "ok") throw new CorruptStoreError(String(found).replaceAll(/\s+/g, " "));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** Opening a pipe would block forever, and a link hides which store is meant. */
function checkKindOfFile(path: string): void {
  const found = attempt(() => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined)
    throw new UnreadableFileError("there is no such file; give the right one");
  if (found.isSymbolicLink())
    throw new UnreadableFileError("it is a symbolic link; give the file itself");
  if (!found.isFile())
    throw new UnreadableFileError("it is not a regular file; give the right one");
  if (found.size === 0) throw new UnreadableFileError("it is empty; restore a backup");
}

/**
 * Runs a step of opening. An error of SQLite or the system becomes an UnreadableFileError, except
 * corruption. A file that is no database at all counts as unreadable: it may be the wrong file.
 */
function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isDamage(error) && error.code !== "SQLITE_NOTADB") throw error;
    if (!isSqliteError(error) && !(error instanceof Error && "syscall" in error)) throw error;
    const wayOut = "check that it is complete and that its folder is writable";
    throw new UnreadableFileError(`${error.message}; ${wayOut}`, { cause: error });
  }
}

/** SQL for a column, or NULL where it exceeds `bytesMax`: the value is then not read at all. */
export function bounded(column: string, bytesMax: number): string {
  return `iif(octet_length(${column}) <= ${bytesMax}, ${column}, NULL) AS ${column}`;
}

/** SQL for a column of an id or a digest. */
export function idColumn(column: string): string {
  return bounded(column, ID_CHARS);
}

/** Returns a column as a safe integer from 0. Throws CorruptStoreError. */
export function whole(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "bigint" && value >= 0n && value <= Number.MAX_SAFE_INTEGER) {
    return Number(value);
  }
  throw new CorruptStoreError(`${column} is ${shown(value)}`);
}

/**
 * Returns a column as Unix ms, undefined for NULL. Throws CorruptStoreError if no Date holds it.
 */
export function timeOf(row: Row, column: string): number | undefined {
  if (row[column] === null) return undefined;
  const timeMs = whole(row, column);
  if (timeMs <= TIME_MAX_MS) return timeMs;
  throw new CorruptStoreError(`${column} is ${timeMs}`);
}

/** Returns a column of likes. Throws CorruptStoreError. */
export function likesOf(row: Row, column: string): bigint {
  const value = row[column];
  if (typeof value === "bigint" && value >= 0n) return value;
  throw new CorruptStoreError(`${column} is ${shown(value)}`);
}

/** Returns a column of an id or a digest. Throws CorruptStoreError. */
export function idOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string" && ID.test(value)) return value;
  throw new CorruptStoreError(`${column} is ${shown(value)}`);
}

/** Returns a column of an id; undefined for NULL. Throws CorruptStoreError. */
export function idIfAny(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : idOf(row, column);
}

/** Returns a column of text. Throws CorruptStoreError. */
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
