/**
 * Verifies a database before it is used: the disk may not hold what was written to it.
 *
 * SQLite detects a malformed page when it reads it, and the store then fails. But a well-formed
 * page may still not be the page that was written. `integrity_check` compares tables with their
 * indexes. With the indexes of guard_tables.ts, that covers every row but the records, whose
 * digests are chained.
 *
 * `integrity_check` is expensive: 2.5 s for a million items. The large table of a large file
 * therefore gets `quick_check` (0.3 s), which finds missing, torn and misplaced pages. After an
 * unclean shutdown, whose cause may be the disk, this runs at any size. After a clean one, a file
 * above VERIFY_PAGES_BYTES_MAX is not read in full: a start must finish in bounded time.
 */
import { VERIFY_ROWS_BYTES_MAX, VERIFY_PAGES_BYTES_MAX } from "../../limits.ts";
import { Database } from "./sqlite.ts";
import { guardTables } from "./guard_tables.ts";
import { usedBytes } from "./sqlite_kind.ts";
import type { SqliteKind } from "./sqlite_kind.ts";

interface SchemaRow {
  readonly name: string;
  readonly sql: string | null;
}

/** Findings per check: the first is enough. */
const FINDINGS_MAX = 1;
const NO_FINDING = "ok";

/** Checks that compare every row and read every page. */
const WHOLE_CHECKS = [`integrity_check(${FINDINGS_MAX})`, "foreign_key_check"];

/**
 * Verifies the pages of a database with the tables of `kind`. Returns the damage for people to
 * read; undefined when there is none. `uncleanEnd` means that the previous process did not close
 * the database. Throws SQLite's error when a page cannot be read.
 */
export function verifyPages(
  database: Database,
  kind: SqliteKind,
  uncleanEnd: boolean,
): string | undefined {
  const bytes = usedBytes(database);
  if (bytes <= VERIFY_ROWS_BYTES_MAX) return verifyAllPages(database);
  const checks = kind.guarded.map((table) => `integrity_check('${table}')`);
  const readsEveryPage = uncleanEnd || bytes <= VERIFY_PAGES_BYTES_MAX;
  if (readsEveryPage) checks.push(`quick_check(${FINDINGS_MAX})`);
  return firstFinding(database, checks);
}

/** Verifies all pages and rows, however large the database is. */
export function verifyAllPages(database: Database): string | undefined {
  return firstFinding(database, WHOLE_CHECKS);
}

function firstFinding(database: Database, checks: readonly string[]): string | undefined {
  for (const check of checks) {
    const found = findingOf(database, check);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findingOf(database: Database, check: string): string | undefined {
  const row = database.prepare<[], Readonly<Record<string, unknown>>>(`PRAGMA ${check}`).get();
  if (row === undefined) return undefined; // foreign_key_check without findings
  const found = Object.values(row).join(" ").replaceAll(/\s+/g, " ");
  return found === NO_FINDING ? undefined : `${check}: ${found}`;
}

/**
 * Compares the schema of a database with that of `kind`. A flipped byte in the schema's text could
 * rename a column or change a constraint. Returns the damage for people to read; undefined when
 * there is none.
 */
export function verifySchema(database: Database, kind: SqliteKind): string | undefined {
  const found = schemaOf(database);
  for (const [name, sql] of expectedSchema(kind)) {
    if (found.get(name) !== sql) return `the definition of ${name} has changed`;
  }
  return undefined;
}

function expectedSchema(kind: SqliteKind): ReadonlyMap<string, string> {
  const made = new Database(":memory:");
  try {
    made.exec(kind.schema);
    guardTables(made, kind);
    return schemaOf(made);
  } finally {
    made.close();
  }
}

/** Returns the SQL of each table and index by name. SQLite's automatic indexes have no SQL. */
function schemaOf(database: Database): ReadonlyMap<string, string> {
  const rows = database.prepare<[], SchemaRow>("SELECT name, sql FROM sqlite_schema").all();
  return new Map(rows.flatMap(({ name, sql }) => (sql === null ? [] : [[name, sql] as const])));
}
