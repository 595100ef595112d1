/**
 * Rows kept twice. SQLite has no checksums: a byte that a disk turned inside a number is another
 * number, and nothing shows it. The small tables, on which everything depends, therefore have an index
 * over all their columns. Nobody searches by it; `integrity_check` compares it with the table, and so
 * sees any single change of either. It costs a page or two a commit. An index needs no keeping: also
 * `sqlite3` maintains it.
 *
 * Records need none, for their digests are chained; nor do items, for their index by likes holds all.
 */
import type { Database } from "./sqlite.ts";
import type { SqliteKind } from "./sqlite_kind.ts";

/** Gives the guarded tables of `kind`, which were just made, their index. */
export function guardTables(database: Database, { guarded }: Pick<SqliteKind, "guarded">): void {
  const columnsOf = database
    .prepare<[string], string>("SELECT name FROM pragma_table_info(?)")
    .pluck();
  for (const table of guarded) {
    const names = columnsOf.all(table).join(", ");
    database.exec(`CREATE INDEX ${table}_guard ON ${table} (${names})`);
  }
}
