/**
 * Rows kept twice. SQLite has no checksums: a byte that a disk turned inside a number is another
 * number, and nothing shows it. The small tables, on which everything depends, therefore have an index
 * over all their columns. Nobody searches by it; `integrity_check` compares it with the table, and so
 * sees any single change of either. It costs a page or two a commit. An index needs no keeping: also
 * `sqlite3` and older builds maintain it.
 *
 * Records need none, for their digests are chained; nor do items, for their index by likes holds all.
 */
import type { Database } from "./sqlite.ts";
import type { SqliteKind } from "./sqlite_kind.ts";

/** Gives the guarded tables of `kind` the index that they lack, if any, in one transaction. */
export function guardTables(database: Database, { guarded }: Pick<SqliteKind, "guarded">): void {
  const indexes = new Set(
    database
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'index'")
      .pluck()
      .all(),
  );
  const missing = guarded.filter((table) => !indexes.has(guardOf(table)));
  if (missing.length === 0) return;
  const columnsOf = database
    .prepare<[string], string>("SELECT name FROM pragma_table_info(?)")
    .pluck();
  database.transaction(() => {
    for (const table of missing) {
      const names = columnsOf.all(table).join(", ");
      database.exec(`CREATE INDEX ${guardOf(table)} ON ${table} (${names})`);
    }
  });
}

function guardOf(table: string): string {
  return `${table}_guard`;
}
