/** Random histories are exact; with any one value changed, none is. */
import { join } from "node:path";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../src/errors.ts";
import { Database, SqliteError } from "../../src/store/sqlite/sqlite.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder } from "./audit_fixture.ts";
import { LEDGER, idOf, makeStores } from "./stores_fixture.ts";
import type { TestEvent, TestIncarnation, TestServer } from "./stores_fixture.ts";

const RUNS = 20;
const CHANGES_PER_RUN = 25;
const SHAPE = { noNullPrototype: true };

/** Likes from 1: renaming an item with no likes would change no sum. */
const EVENTS_TAG: fc.Arbitrary<TestEvent[]> = fc.array(
  fc.tuple(fc.constantFrom("video", "song", "ü", "film"), fc.integer({ min: 1, max: 1_000_000 })),
  { minLength: 1, maxLength: 3 },
);

/** At least one record is applied: otherwise no ledger row depends on the incarnation. */
const INCARNATION: fc.Arbitrary<Omit<TestIncarnation, "incarnation">> = fc
  .array(EVENTS_TAG, { minLength: 1, maxLength: 4 })
  .chain((records) => {
    const upTo = (max: number) => fc.integer({ min: 1, max });
    return fc.record({ records: fc.constant(records), applied: upTo(records.length) }, SHAPE);
  });

const SERVERS: fc.Arbitrary<TestServer[]> = fc
  .array(fc.array(INCARNATION, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 })
  .map((servers) => {
    return servers.map((incarnations, index) => ({
      serverId: `s${index}`,
      outboxId: idOf("a", index),
      incarnations: incarnations.map((one, at) => ({
        ...one,
        incarnation: idOf("b", 16 * index + at),
      })),
    }));
  });

/** Columns that the verdict depends on. */
const COLUMNS: readonly (readonly [store: "ledger" | "outbox", table: string, column: string])[] = [
  ...["ledger_id", "total_likes"].map((column) => ["ledger", "ledger", column] as const),
  ...["outbox_id", "applied_likes"].map((column) => ["ledger", "members", column] as const),
  ...["incarnation", "outbox_id", "applied_sequence", "digest"].map((column) => {
    return ["ledger", "incarnations", column] as const;
  }),
  ...["item_id", "likes"].map((column) => ["ledger", "items", column] as const),
  ...["outbox_id", "seen_ledger_id", "seen_generation", "purged_events", "purged_likes"].map(
    (column) => {
      return ["outbox", "outbox", column] as const;
    },
  ),
  ...["incarnation", "trimmed_sequence", "trimmed_digest", "trimmed_likes"].map((column) => {
    return ["outbox", "incarnations", column] as const;
  }),
  ...["acknowledged_sequence", "acknowledged_digest", "acknowledged_likes"].map((column) => {
    return ["outbox", "incarnations", column] as const;
  }),
  ...["ordinal", "first_sequence", "last_sequence", "digest", "likes", "events"].map((column) => {
    return ["outbox", "records", column] as const;
  }),
];

/** A change of one value. */
const CHANGE = fc.record({
  column: fc.constantFrom(...COLUMNS),
  row: fc.nat(),
  by: fc.oneof(
    fc.integer({ min: 1, max: 3 }),
    fc.nat(2 ** 31 - 2).map((delta) => delta + 1),
  ),
});

type Value = string | bigint | Uint8Array;

/** Returns a different value of the same type. */
function changed(value: Value, by: number): Value {
  if (typeof value === "bigint") return value + BigInt(by % 2 === 0 ? by : -by);
  if (typeof value === "string") {
    const at = by % value.length;
    const other = /[0-9a-e]/.test(value.charAt(at)) ? "f" : "0";
    return value.slice(0, at) + other + value.slice(at + 1);
  }
  const bytes = Uint8Array.from(value);
  const at = by % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (by % 8));
  return bytes;
}

/** Changes a value of the store at `path`. Returns its undo, or undefined if SQLite rejects it. */
function change(
  path: string,
  [table, column]: readonly [string, string],
  { row, by }: { readonly row: number; readonly by: number },
): (() => void) | undefined {
  const database = new Database(path);
  database.pragma("synchronous = OFF");
  database.pragma("foreign_keys = OFF");
  const values = database.prepare<[], Value>(`SELECT ${column} FROM ${table}`).pluck().all();
  const keys = database
    .prepare<[], Readonly<Record<string, Value>>>(`SELECT * FROM ${table}`)
    .all();
  const at = row % values.length;
  const [before, key] = [values[at], keys[at]];
  if (before === undefined || key === undefined) throw new Error(`${table} has rows`);
  const where = (of: Readonly<Record<string, Value>>) => {
    const names = Object.keys(of).filter((name) => of[name] !== null);
    return [
      names.map((name) => `${name} = ?`).join(" AND "),
      names.map((name) => of[name]),
    ] as const;
  };
  const set = (from: Readonly<Record<string, Value>>, to: Value): boolean => {
    const [condition, bound] = where(from);
    const sql = `UPDATE ${table} SET ${column} = ? WHERE ${condition} RETURNING 1`;
    return database.prepare(sql).all(to, ...bound).length === 1;
  };
  const after = changed(before, by);
  try {
    if (!set(key, after)) throw new Error("a row is changed");
  } catch (error) {
    database.close();
    if (error instanceof SqliteError) return undefined; // two rows would have one key
    throw error;
  }
  return () => {
    if (!set({ ...key, [column]: after }, before)) throw new Error("a row is changed back");
    database.close();
  };
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

test("audit() is exact for any history, and never when one of its values is changed", async () => {
  let found = 0;
  const changes = fc.array(CHANGE, { minLength: CHANGES_PER_RUN, maxLength: CHANGES_PER_RUN });
  const property = fc.asyncProperty(SERVERS, changes, async (servers, all) => {
    await using folder = temporaryFolder();
    makeStores(folder.path, servers);
    const report = auditFolder(folder.path);
    assert.is(report.outcome, "exact", JSON.stringify(report.divergences.first));
    const { events, outboxes, items, members } = report.sums;
    assert.equal([events, outboxes, items, members], Array(4).fill(report.ledger.totalLikes));
    for (const one of all) {
      const [store, table, column] = one.column;
      const [server] = servers.slice(one.row % servers.length);
      const path = join(
        folder.path,
        store === "ledger" ? LEDGER : `${server?.serverId}/outbox.sqlite`,
      );
      const undo = change(path, [table, column], one);
      if (undo === undefined) continue;
      assert.is.not(outcomeOf(folder.path), "exact", `${table}.${column}`);
      undo();
      found++;
    }
    assert.is(outcomeOf(folder.path), "exact");
  });
  // No shrinking: it would take minutes, and each message names the column.
  await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
  assert.ok(found > (RUNS * CHANGES_PER_RUN) / 2);
});

test.run();
