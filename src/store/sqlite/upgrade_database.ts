/**
 * A database of an older version is brought to this one when it is opened, in one transaction: a crash
 * leaves the old version, whole. Tables that changed are made anew by the text of a new database, since
 * verify_database.ts compares that text, and ALTER TABLE would add columns in other words. Large
 * tables, of records and of items, stay where they are.
 */
import { assert } from "../../assert.ts";
import { Database } from "./sqlite.ts";
import { pragma } from "./sqlite_kind.ts";
import type { SqliteKind, Upgrade } from "./sqlite_kind.ts";

/** Brings `database`, whose pages are verified, to the version of `kind`. Its guards are left out. */
export function upgradeDatabase(database: Database, kind: SqliteKind): void {
  const version = pragma(database, "user_version");
  if (version === kind.schemaVersion) return;
  const upgrade = kind.upgrades.get(version);
  assert(upgrade !== undefined, `the ${kind.name} can be upgraded from version ${version}`);
  // A table to which others refer is replaced: they keep the name by which they do.
  database.pragma("foreign_keys = OFF");
  database.pragma("legacy_alter_table = ON");
  try {
    database.transaction(() => replaceTables(database, kind, upgrade));
  } finally {
    database.pragma("legacy_alter_table = OFF");
    database.pragma("foreign_keys = ON");
  }
}

function replaceTables(database: Database, kind: SqliteKind, { anew, fill }: Upgrade): void {
  const made = new Database(":memory:");
  made.exec(kind.schema);
  const replaced = anew.filter((table) => namesOf(database, "table", table).length > 0);
  for (const table of replaced) {
    for (const index of namesOf(database, "index", table)) database.exec(`DROP INDEX ${index}`);
    database.exec(`ALTER TABLE ${table} RENAME TO old_${table}`);
  }
  for (const table of anew) {
    const statements = made
      .prepare<[string], string>(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql NOT NULL",
      )
      .pluck();
    for (const statement of statements.all(table)) database.exec(statement);
  }
  made.close();
  database.exec(fill);
  for (const table of replaced) database.exec(`DROP TABLE old_${table}`);
  database.pragma(`user_version = ${kind.schemaVersion}`);
}

/** The table of that name, or its indexes that a statement made. */
function namesOf(database: Database, type: "table" | "index", table: string): readonly string[] {
  return database
    .prepare<[string, string], string>(
      "SELECT name FROM sqlite_schema WHERE type = ? AND tbl_name = ? AND sql NOT NULL",
    )
    .pluck()
    .all(type, table);
}
