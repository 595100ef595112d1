/**
 * All of SQLite that the stores need. Only this folder uses the package behind it.
 *
 * Every integer is read as bigint, since SQLite's have 64 bits. Every error of SQLite is a SqliteError
 * with the name of its code.
 *
 * What the package leaves to chance is held here. It binds a value that is missing as NULL, and a text
 * up to its first NUL: a statement refuses both. Its iterators and copies hold bare pointers, and its
 * statements end with a database that is held by nothing else: so an iteration keeps its statement,
 * and that its database, as does a copy.
 */
import { pathToFileURL } from "node:url";
import { assert } from "../../assert.ts";
import { messageOf } from "../../errors.ts";
import { DatabaseSync } from "./sqlite_binary.ts";
import type { NativeDatabase, NativeRow, NativeStatement, Progress } from "./sqlite_binary.ts";
import { codeName } from "./sqlite_codes.ts";

/** How long a call waits for a lock that another process has, unless an opening says otherwise. */
const BUSY_WAIT_MS = 5_000;
/** Rows are arrays, which are made faster than objects; an object may name more than parameters. */
const OPTIONS = { readBigInts: true, returnArrays: true, allowUnknownNamedParameters: true };
/** The database that has no file. */
const MEMORY = ":memory:";

/** How a database is opened. */
export interface OpenOptions {
  /** Nothing is written, to no file of it but the shared memory of its log. */
  readonly isReadOnly?: boolean;
  /** How long a call waits for a lock that another process has. */
  readonly busyWaitMs?: number;
}

/** Is told how many pages of how many are copied. What it throws ends the copying. */
export type OnPages = (copied: number, all: number) => void;

/** An error of SQLite. */
export class SqliteError extends Error {
  override readonly name = "SqliteError";
  /** The name of its result code, such as `SQLITE_IOERR_READ`. */
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

  /** Opens the file at `path`, which has to be there, or `:memory:`. Throws SqliteError. */
  constructor(path: string, { isReadOnly = false, busyWaitMs = BUSY_WAIT_MS }: OpenOptions = {}) {
    const options = { ...OPTIONS, readOnly: isReadOnly, timeout: busyWaitMs };
    this.#native = attempt(() => new DatabaseSync(locationOf(path, isReadOnly), options));
  }

  /** Whether a transaction is open. */
  get inTransaction(): boolean {
    return this.#native.isTransaction;
  }

  /** Prepares one statement, which lives as long as the database is open. */
  prepare<Values extends readonly unknown[], Row = unknown>(sql: string): Statement<Values, Row> {
    return new Statement<Values, Row>(
      this,
      attempt(() => this.#native.prepare(sql)),
    );
  }

  /** Runs statements whose rows nobody needs. */
  exec(sql: string): void {
    attempt(() => this.#native.exec(sql));
  }

  /** Runs the pragma `text`, as in `synchronous = FULL`. Returns the first value that it has. */
  pragma(text: string): unknown {
    const native = attempt(() => this.#native.prepare(`PRAGMA ${text}`));
    try {
      return attempt(() => native.get())?.[0];
    } finally {
      native.close();
    }
  }

  /** Runs `work` in a transaction that is one of a writer from its begin. What it throws undoes it. */
  transaction<T>(work: () => T): T {
    this.exec("BEGIN IMMEDIATE");
    try {
      const value = work();
      this.exec("COMMIT");
      return value;
    } catch (error) {
      // SQLite undoes some failed transactions by itself.
      if (this.inTransaction) this.exec("ROLLBACK");
      throw error;
    }
  }

  /**
   * Copies all pages to the file at `path`, `stepPages` at a time, on another thread. When `onPages`
   * throws, this ends at once; that thread cannot be ended, and goes on writing to the file it has.
   */
  async copyTo(path: string, stepPages: number, onPages: OnPages): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const progress = ({ totalPages, remainingPages }: Progress): void => {
        try {
          onPages(totalPages - remainingPages, totalPages);
        } catch (error) {
          reject(failure(error));
          throw error; // so that it is not called again
        }
      };
      this.#copying = this.#native
        .backup(path, { rate: stepPages, progress })
        .then((pages) => onPages(pages, pages))
        .then(resolve, (error: unknown) => reject(failure(error)))
        .finally(() => (this.#copying = undefined));
    });
  }

  /** Closes it, and its statements with it, once a copy of it has ended. Harmless when it is closed. */
  close(): void {
    if (this.#copying !== undefined) void this.#copying.then(() => this.close());
    else if (this.#native.isOpen) attempt(() => this.#native.close());
  }
}

/** A prepared statement. It takes the values of its parameters in order, or in one object by name. */
export class Statement<Values extends readonly unknown[], Row> {
  readonly database: Database;
  readonly #native: NativeStatement;
  readonly #columns: readonly string[];
  /** The names of its parameters, in order; undefined for those without. */
  readonly #parameters: readonly (string | undefined)[];
  #isPlucked = false;

  /** For `Database.prepare`. */
  constructor(database: Database, native: NativeStatement) {
    this.database = database;
    this.#native = native;
    this.#columns = native.columns().map(({ name }) => name);
    this.#parameters = [...native.sourceSQL.matchAll(/\?|@(\w+)/g)].map(([, name]) => name);
  }

  /** Its text. */
  get sql(): string {
    return this.#native.sourceSQL;
  }

  /** From now on a row is its first column. */
  pluck(): this {
    this.#isPlucked = true;
    return this;
  }

  /** Runs it to its first row, which is the end of one that changes something. */
  run(...values: Values): void {
    this.#first(values);
  }

  /** Returns its first row; undefined when there is none. */
  get(...values: Values): Row | undefined {
    const row = this.#first(values);
    return row === undefined ? undefined : this.#rowOf(row);
  }

  /** Returns its rows. */
  all(...values: Values): Row[] {
    this.#assertBound(values);
    return attempt(() => this.#native.all(...values)).map((row) => this.#rowOf(row));
  }

  /** Returns its rows one after another. No other call of this statement may come in between. */
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

  /** Like the others, without a closure: a transaction calls it thousands of times. */
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
    let isWhole = given.length === this.#parameters.length;
    for (const value of given) isWhole &&= isBindable(value);
    assert(isWhole, "each parameter has a value that it can hold");
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

/** A name by which SQLite makes no file, and in which no character means anything to it. */
function locationOf(path: string, isReadOnly: boolean): string {
  return path === MEMORY ? path : `${pathToFileURL(path).href}?mode=${isReadOnly ? "ro" : "rw"}`;
}

/** Runs what calls the package. Throws its errors as SqliteError. */
function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw failure(error);
  }
}

/** The SqliteError for an error of SQLite that the package throws. Others stay as they are. */
function failure(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(messageOf(error));
  if (!("code" in error && error.code === "ERR_SQLITE_ERROR")) return error;
  // At an opening `errcode` is not the extended one.
  const { errcode = 1, sqliteExtendedCode: code = errcode } = error as NativeError;
  return new SqliteError(error.message, codeName(code), { cause: error });
}

interface NativeError extends Error {
  readonly errcode?: number;
  readonly sqliteExtendedCode?: number;
}
