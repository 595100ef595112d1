/**
 * The part of SQLite that the stores need. Only this folder uses the package behind it.
 *
 * Integers are read as bigint, because SQLite's have 64 bits. Every error of SQLite is a
 * SqliteError with the name of its code.
 *
 * This file closes two traps of the package. First, the package binds a missing value as NULL, and
 * truncates a text at its first NUL character; here a statement refuses both. Second, its iterators
 * and backups hold raw pointers, and its statements die when their database is garbage-collected.
 * Here an iteration references its statement, and statements and backups reference their database.
 */
import { pathToFileURL } from "node:url";
import { assert } from "../../assert.ts";
import { messageOf } from "../../errors.ts";
import { DatabaseSync } from "./sqlite_binary.ts";
import type { NativeDatabase, NativeRow, NativeStatement, Progress } from "./sqlite_binary.ts";
import { codeName } from "./sqlite_codes.ts";

/** How long a call waits for another process's lock by default. */
const BUSY_WAIT_DEFAULT_MS = 5_000;
/** Arrays as rows are faster than objects. A parameter object may have additional properties. */
const STATEMENT_OPTIONS = {
  readBigInts: true,
  returnArrays: true,
  allowUnknownNamedParameters: true,
};
/** The name of a database without a file. */
const MEMORY = ":memory:";

/** How a database is opened. */
export interface OpenOptions {
  /** Writes to no file but the log's shared memory. */
  readonly isReadOnly?: boolean;
  /** How long a call waits for another process's lock. */
  readonly busyWaitMs?: number;
}

/** Called with the number of copied pages, and of all pages. An error it throws aborts the copy. */
export type OnPages = (copied: number, all: number) => void;

/** An error of SQLite. */
export class SqliteError extends Error {
  override readonly name = "SqliteError";
  /** The name of the result code, such as `SQLITE_IOERR_READ`. */
  readonly code: string;

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An open database. */
export class Database {
  readonly #native: NativeDatabase;
  #copying: Promise<void> | undefined;

  /** Opens the existing file at `path`, or `:memory:`. Throws SqliteError. */
  constructor(
    path: string,
    { isReadOnly = false, busyWaitMs = BUSY_WAIT_DEFAULT_MS }: OpenOptions = {},
  ) {
    const options = { ...STATEMENT_OPTIONS, readOnly: isReadOnly, timeout: busyWaitMs };
    this.#native = attempt(() => new DatabaseSync(locationOf(path, isReadOnly), options));
  }

  /** Whether a transaction is open. */
  get inTransaction(): boolean {
    return this.#native.isTransaction;
  }

  /** Prepares one statement. It is valid while the database is open. */
  prepare<Values extends readonly unknown[], Row = unknown>(sql: string): Statement<Values, Row> {
    return new Statement<Values, Row>(
      this,
      attempt(() => this.#native.prepare(sql)),
    );
  }

  /** Runs statements and discards their rows. */
  exec(sql: string): void {
    attempt(() => this.#native.exec(sql));
  }

  /**
   * Runs the pragma `text`, such as `synchronous = FULL`. Returns the first value of its first row.
   */
  pragma(text: string): unknown {
    const native = attempt(() => this.#native.prepare(`PRAGMA ${text}`));
    try {
      return attempt(() => native.get())?.[0];
    } finally {
      native.close();
    }
  }

  /** Runs `work` in a transaction that takes the write lock first. An error rolls it back. */
  transaction<T>(work: () => T): T {
    this.exec("BEGIN IMMEDIATE");
    try {
      const value = work();
      this.exec("COMMIT");
      return value;
    } catch (error) {
      // SQLite rolls back some failed transactions by itself.
      if (this.inTransaction) this.exec("ROLLBACK");
      throw error;
    }
  }

  /**
   * Copies all pages to the file at `path`, `stepPages` at a time, on another thread. When
   * `onPages` throws, the promise rejects at once. The thread cannot be stopped and keeps writing
   * to its file.
   */
  async copyTo(path: string, stepPages: number, onPages: OnPages): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const progress = ({ totalPages, remainingPages }: Progress): void => {
        try {
          onPages(totalPages - remainingPages, totalPages);
        } catch (error) {
          reject(failure(error));
          throw error; // stops further progress calls
        }
      };
      this.#copying = this.#native
        .backup(path, { rate: stepPages, progress })
        .then((pages) => onPages(pages, pages))
        .then(resolve, (error: unknown) => reject(failure(error)))
        .finally(() => (this.#copying = undefined));
    });
  }

  /** Closes the database and its statements, after any running copy. Does nothing when closed. */
  close(): void {
    if (this.#copying !== undefined) void this.#copying.then(() => this.close());
    else if (this.#native.isOpen) attempt(() => this.#native.close());
  }
}

/** A prepared statement. Parameter values are passed in order, or by name in one object. */
export class Statement<Values extends readonly unknown[], Row> {
  readonly database: Database;
  readonly #native: NativeStatement;
  readonly #columns: readonly string[];
  /** The parameters' names, in order; undefined for a positional one. */
  readonly #parameters: readonly (string | undefined)[];
  #isPlucked = false;

  /** For `Database.prepare`. */
  constructor(database: Database, native: NativeStatement) {
    this.database = database;
    this.#native = native;
    this.#columns = native.columns().map(({ name }) => name);
    this.#parameters = [...native.sourceSQL.matchAll(/\?|@(\w+)/g)].map(([, name]) => name);
  }

  /** The statement's SQL text. */
  get sql(): string {
    return this.#native.sourceSQL;
  }

  /** From now on, returns the first column of a row instead of the row. */
  pluck(): this {
    this.#isPlucked = true;
    return this;
  }

  /** Runs the statement to its first row. A write is complete by then. */
  run(...values: Values): void {
    this.#first(values);
  }

  /** Returns the first row; undefined when there is none. */
  get(...values: Values): Row | undefined {
    const row = this.#first(values);
    return row === undefined ? undefined : this.#rowOf(row);
  }

  /** Returns all rows. */
  all(...values: Values): Row[] {
    this.#assertBound(values);
    return attempt(() => this.#native.all(...values)).map((row) => this.#rowOf(row));
  }

  /** Yields the rows one by one. No other call of this statement may come in between. */
  *iterate(...values: Values): Generator<Row, void, void> {
    this.#assertBound(values);
    const rows = attempt(() => this.#native.iterate(...values));
    let isAtRow = false;
    try {
      for (;;) {
        isAtRow = false;
        const { done, value } = attempt(() => rows.next());
        if (done === true) return;
        isAtRow = true;
        yield this.#rowOf(value);
      }
    } finally {
      if (isAtRow) rows.return?.();
    }
  }

  /**
   * Does not use `attempt`, whose closure is too slow: a transaction calls this thousands of times.
   */
  #first(values: Values): NativeRow | undefined {
    this.#assertBound(values);
    try {
      return this.#native.get(...values);
    } catch (error) {
      throw failure(error);
    }
  }

  #assertBound(values: Values): void {
    const [first] = values;
    const given =
      this.#parameters[0] === undefined
        ? values
        : this.#parameters.map((name) => (first as Record<string, unknown>)[name ?? ""]);
    let isComplete = given.length === this.#parameters.length;
    for (const value of given) isComplete &&= isBindable(value);
    assert(isComplete, "each parameter has a value that can be bound");
  }

  #rowOf(values: NativeRow): Row {
    if (this.#isPlucked) return values[0] as Row;
    const row: Record<string, unknown> = {};
    for (const [index, name] of this.#columns.entries()) row[name] = values[index];
    return row as Row;
  }
}

function isBindable(value: unknown): boolean {
  return value !== undefined && !(typeof value === "string" && value.includes("\0"));
}

/** Returns a URI that makes SQLite create no file and escapes every special character of `path`. */
function locationOf(path: string, isReadOnly: boolean): string {
  return path === MEMORY ? path : `${pathToFileURL(path).href}?mode=${isReadOnly ? "ro" : "rw"}`;
}

/** Runs `call`, which uses the package. Throws the package's errors as SqliteError. */
function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw failure(error);
  }
}

/** Returns the SqliteError for an error of SQLite that the package throws; others as they are. */
function failure(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(messageOf(error));
  if (!("code" in error && error.code === "ERR_SQLITE_ERROR")) return error;
  // When opening fails, `errcode` is the primary code, not the extended one.
  const { errcode = 1, sqliteExtendedCode: code = errcode } = error as NativeError;
  return new SqliteError(error.message, codeName(code), { cause: error });
}

interface NativeError extends Error {
  readonly errcode?: number;
  readonly sqliteExtendedCode?: number;
}
