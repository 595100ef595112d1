/**
 * Stores every row of some tables twice. SQLite has no checksums: when a disk flips a byte of a
 * number, the result is another valid number. The small tables, on which everything depends, and
 * the intake of a ledger therefore have an index over all their columns. `integrity_check` compares
 * it with the table and finds any single change in either. It costs a page or two per commit.
 * SQLite maintains it for every writer, `sqlite3` included.
 *
 * Records need no such index, because their digests are chained. Items need none either: their
 * index by likes covers all columns.
 */
import type { Database } from "./sqlite.ts";
import type { SqliteKind } from "./sqlite_kind.ts";

/** Creates the guard indexes of `kind`, whose tables were just created. */
export function guardTables(database: Database, { guarded }: Pick<SqliteKind, "guarded">): void {
  const columnsOf = database
    .prepare<[string], string>("SELECT name FROM pragma_table_info(?)")
    .pluck();
  for (const table of guarded) {
    const names = columnsOf.all(table).join(", ");
    database.exec(`CREATE INDEX ${table}_guard ON ${table} (${names})`);
  }
}
