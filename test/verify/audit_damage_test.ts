/** A flipped bit in what a ledger has counted is found, if it changes any row. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../src/errors.ts";
import { Database, SqliteError } from "../../src/store/sqlite/sqlite.ts";
import { randomOf } from "../fixtures/mutation.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder } from "./audit_fixture.ts";
import { LEDGER, addNamed, edit, idOf, makeStores, setBy } from "./stores_fixture.ts";
import type { TestEvent } from "./stores_fixture.ts";

const TABLES = [
  "items",
  "intake",
  "reactions",
  "reactions_intake",
  "registers",
  "registers_intake",
  "operations",
];
const FLIPS_PER_TABLE = 150;

/** Events of many persons and operations, so that the rows fill most of a page. */
const EVENTS = Array.from({ length: 120 }, (_, index): TestEvent[] => [
  [`item ${index % 10}`, setBy(index, [1 + (index % 3), 1 + (index % 4), 1 + (index % 50)])],
  [`item ${index % 7}`, addNamed(1 + 62 * index, 1 + index)],
]).flat();

/** Returns all counted rows as text; undefined when SQLite cannot read them. */
function rowsOf(path: string): string | undefined {
  const database = new Database(path, { isReadOnly: true });
  try {
    return TABLES.map((table) => {
      const rows = database.prepare<[], unknown>(`SELECT * FROM ${table}`).all();
      return JSON.stringify(rows, (_, value: unknown) => {
        return typeof value === "bigint" ? String(value) : value;
      });
    }).join();
  } catch (error) {
    if (error instanceof SqliteError) return undefined;
    throw error;
  } finally {
    database.close();
  }
}

/** Returns the outcome of an audit, or the error code when the ledger cannot be read. */
function outcomeOf(folder: string): string {
  try {
    return auditFolder(folder).outcome;
  } catch (error) {
    if (error instanceof LikesError) return error.code;
    throw error;
  }
}

test("audit() is not exact when a flipped bit changes a row of any table of counts", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, [
    {
      serverId: "a",
      outboxId: idOf("a", 1),
      incarnations: [{ incarnation: idOf("b", 1), records: [EVENTS] }],
    },
  ]);
  const path = join(folder.path, LEDGER);
  edit(path, "INSERT INTO intake SELECT 1, item_id, 1 FROM items");
  edit(path, "UPDATE items SET likes = likes - 1");
  edit(path, "INSERT INTO reactions_intake SELECT 1, item_id, reaction, 1 FROM reactions");
  edit(path, "UPDATE reactions SET likes = likes - 1");
  edit(path, "INSERT INTO registers_intake SELECT 1, * FROM registers WHERE rank % 2 = 0");
  edit(path, "DELETE FROM registers WHERE rank % 2 = 0");
  assert.is(outcomeOf(folder.path), "exact");
  const intact = readFileSync(path);
  const rows = rowsOf(path);
  const pageBytes = intact.readUInt16BE(16);
  const roots = rootsOf(path);
  const random = randomOf(11);
  let found = 0;
  for (const root of roots) {
    for (let times = 0; times < FLIPS_PER_TABLE; times++) {
      const damaged = Buffer.from(intact);
      const at = (root - 1) * pageBytes + Math.floor(random() * pageBytes);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      writeFileSync(path, damaged);
      const outcome = outcomeOf(folder.path);
      if (outcome !== "exact") found++;
      else assert.is(rowsOf(path), rows, `bit at ${at}`);
    }
  }
  writeFileSync(path, intact);
  assert.is(outcomeOf(folder.path), "exact");
  assert.ok(found > 200, `${found} found`);
});

/** Returns the root pages of the tables. */
function rootsOf(path: string): readonly number[] {
  const database = new Database(path, { isReadOnly: true });
  const root = database
    .prepare<[string], bigint>("SELECT rootpage FROM sqlite_schema WHERE name = ?")
    .pluck();
  const roots = TABLES.map((table) => Number(root.get(table)));
  database.close();
  return roots;
}

test.run();
