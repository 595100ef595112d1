/**
 * What is looked at before a store is used: the disk may not hold what was written to it.
 *
 * SQLite finds a page that makes no sense when it reads it, and the store then ends; but a page that
 * makes sense may still not be the one that was written. `integrity_check` compares tables with their
 * indexes, and with those of guard_tables.ts that covers every row but the records, whose digests are
 * chained. It is the dear one (2.5 s for a million items), so a large file gets `quick_check` for its
 * large table (0.3 s), which sees pages that are missing, torn or of another place. A process that did
 * not end well had a reason, which may be the disk, so what it left is looked at whatever its size;
 * after a clean end a file beyond all sizes is not read as a whole: a start has to come to an end.
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

/** Damages that one look names: the first says it. */
const FINDINGS_MAX = 1;
const FINE = "ok";

/** Every row is compared, and every page looked at. */
const WHOLE_CHECKS = [`integrity_check(${FINDINGS_MAX})`, "foreign_key_check"];

/**
 * Looks at the pages of a database that has the tables of `kind`, and gives what is wrong with them,
 * for people; undefined when nothing was found. `uncleanEnd`: the process that had it before did not
 * close it. Throws SQLite's error where it cannot be read.
 */
export function verifyPages(
  database: Database,
  kind: SqliteKind,
  uncleanEnd: boolean,
): string | undefined {
  const bytes = usedBytes(database);
  if (bytes <= VERIFY_ROWS_BYTES_MAX) return verifyAllPages(database);
  const checks = kind.guarded.map((table) => `integrity_check('${table}')`);
  const isLookedAt = uncleanEnd || bytes <= VERIFY_PAGES_BYTES_MAX;
  if (isLookedAt) checks.push(`quick_check(${FINDINGS_MAX})`);
  return firstFinding(database, checks);
}

/** The same, however large the database is. */
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
  if (row === undefined) return undefined; // foreign_key_check has nothing to say
  const found = Object.values(row).join(" ").replaceAll(/\s+/g, " ");
  return found === FINE ? undefined : `${check}: ${found}`;
}

/**
 * Compares the tables and indexes of a database with those of `kind`: a turned byte in the text that
 * made one gives its columns other names, or other rules. Gives what is wrong, for people.
 */
export function verifySchema(database: Database, kind: SqliteKind): string | undefined {
  const found = schemaOf(database);
  for (const [name, sql] of expectedSchema(kind)) {
    if (found.get(name) !== sql) return `${name} is not as it was made`;
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

/** What made each table and index, by its name; those that SQLite makes by itself have none. */
function schemaOf(database: Database): ReadonlyMap<string, string> {
  const rows = database.prepare<[], SchemaRow>("SELECT name, sql FROM sqlite_schema").all();
  return new Map(rows.flatMap(({ name, sql }) => (sql === null ? [] : [[name, sql] as const])));
}
