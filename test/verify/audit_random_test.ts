/** Random histories are exact; with any one value changed, none is. */
import { join } from "node:path";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../src/errors.ts";
import { Database, SqliteError } from "../../src/store/sqlite/sqlite.ts";
import { extent } from "../fixtures/extent.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder } from "./audit_fixture.ts";
import { LEDGER, addNamed, idOf, makeLedger, makeOutbox, setBy } from "./stores_fixture.ts";
import type { TestEvent, TestIncarnation, TestServer } from "./stores_fixture.ts";

const RUNS = 20;
const LOSSY_RUNS = extent(60, 2_000);
const CHANGES_PER_RUN = 25;
const SHAPE = { noNullPrototype: true };

const ITEM = fc.constantFrom("video", "song", "ü", "film");
const PLAIN: fc.Arbitrary<TestEvent> = fc.tuple(ITEM, fc.integer({ min: 1, max: 1_000_000 }));
/** An operation always adds the same, however often it comes. */
const NAMED: fc.Arbitrary<TestEvent> = fc.integer({ min: 60, max: 65 }).map((number) => {
  return [number % 2 === 0 ? "video" : "song", addNamed(number, number * 1_000, number % 3)];
});
const SET: fc.Arbitrary<TestEvent> = fc
  .record({
    itemId: ITEM,
    person: fc.integer({ min: 1, max: 2 }),
    revision: fc.integer({ min: 1, max: 3 }),
    reaction: fc.integer({ min: 0, max: 3 }),
    likes: fc.integer({ min: 1, max: 50 }),
  })
  .map(({ itemId, person, revision, reaction, likes }) => {
    return [itemId, setBy(person, [revision, reaction, reaction === 0 ? 0 : likes])];
  });
const RECORD = fc.array(fc.oneof(PLAIN, NAMED, SET), { minLength: 1, maxLength: 4 });

/** At least one record is applied: otherwise no ledger row depends on the incarnation. */
const INCARNATION: fc.Arbitrary<Omit<TestIncarnation, "incarnation">> = fc
  .array(RECORD, { minLength: 1, maxLength: 4 })
  .chain((records) => {
    const upTo = (max: number) => fc.integer({ min: 1, max });
    return fc.record({ records: fc.constant(records), applied: upTo(records.length) }, SHAPE);
  });

/** An operation that may add anything whenever it comes. */
const AMBIGUOUS: fc.Arbitrary<TestEvent> = fc
  .tuple(ITEM, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 1_000_000 }))
  .map(([itemId, number, likes]) => [itemId, addNamed(number, likes)]);

/** An incarnation of which the outbox may have lost a part. */
const LOSSY: fc.Arbitrary<Omit<TestIncarnation, "incarnation">> = fc
  .array(fc.array(fc.oneof(PLAIN, NAMED, SET, AMBIGUOUS), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 4,
  })
  .chain((records) => {
    const applied = fc.integer({ min: 0, max: records.length });
    return fc.tuple(fc.constant(records), applied);
  })
  .chain(([records, applied]) => {
    const upToApplied = fc.integer({ min: 0, max: applied });
    const ends = fc.tuple(upToApplied, upToApplied, upToApplied, fc.boolean(), fc.boolean());
    return ends.map(([trimmed, one, other, hasGap, isPurged]) => ({
      records,
      applied,
      trimmed,
      isPurged: isPurged && applied === records.length,
      ...(hasGap && one !== other ? { gap: gapOf(one, other) } : {}),
    }));
  });

function gapOf(one: number, other: number): readonly [number, number] {
  return [Math.min(one, other), Math.max(one, other)];
}

/** Returns LikesServers with any incarnations. */
function serversOf(incarnation: typeof INCARNATION): fc.Arbitrary<TestServer[]> {
  const servers = fc.array(fc.array(incarnation, { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 2,
  });
  return servers.map((all) => {
    return all.map((incarnations, index) => ({
      serverId: `s${index}`,
      outboxId: idOf("a", index),
      incarnations: incarnations.map((one, at) => ({
        ...one,
        incarnation: idOf("b", 16 * index + at),
      })),
    }));
  });
}

/** Columns that the verdict depends on. */
const COLUMNS: readonly (readonly [store: "ledger" | "outbox", table: string, column: string])[] = [
  ...["ledger_id", "total_likes"].map((column) => ["ledger", "ledger", column] as const),
  ...["outbox_id", "applied_events", "applied_likes"].map((column) => {
    return ["ledger", "members", column] as const;
  }),
  ...["person", "item_id", "rank"].map((column) => ["ledger", "registers", column] as const),
  ...["client", "block", "counted"].map((column) => ["ledger", "operations", column] as const),
  ...["item_id", "reaction", "likes"].map((column) => ["ledger", "reactions", column] as const),
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

/**
 * Changes a value of the store at `path`. Returns its undo, or undefined if SQLite rejects it or
 * the table has no row.
 */
function change(
  path: string,
  [table, column]: readonly [string, string],
  { row, by }: { readonly row: number; readonly by: number },
): (() => void) | undefined {
  const database = new Database(path);
  database.pragma("synchronous = OFF");
  database.pragma("foreign_keys = OFF");
  const all = database.prepare<[], Readonly<Record<string, Value>>>(`SELECT * FROM ${table}`).all();
  // A reaction that nobody gives any more is the same as one that nobody gave.
  const keys = all.filter(({ likes }) => table !== "reactions" || likes !== 0n);
  const key = keys[row % keys.length];
  const before = key?.[column];
  if (before === undefined || key === undefined) {
    database.close();
    return undefined;
  }
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
  const orders = fc.boolean();
  const property = fc.asyncProperty(
    serversOf(INCARNATION),
    orders,
    changes,
    async (servers, isReversed, all) => {
      await using folder = temporaryFolder();
      makeLedger(folder.path, isReversed ? servers.toReversed() : servers);
      for (const server of servers) makeOutbox(folder.path, server);
      const report = auditFolder(folder.path);
      assert.is(report.outcome, "exact", JSON.stringify(report.divergences.first));
      const { events, outboxes = -1n, repeated, items, members, registers } = report.sums;
      const sums = [events, items, members + registers, outboxes - repeated + registers];
      assert.equal(sums, Array(4).fill(report.ledger.totalLikes));
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
    },
  );
  // No shrinking: it would take minutes, and each message names the column.
  await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
  assert.ok(found > (RUNS * CHANGES_PER_RUN) / 2);
});

test("audit() is never inexact when outboxes have lost events, or operations differ", async () => {
  const outcomes = new Map<string, number>();
  const property = fc.asyncProperty(serversOf(LOSSY), fc.boolean(), async (servers, isReversed) => {
    await using folder = temporaryFolder();
    makeLedger(folder.path, isReversed ? servers.toReversed() : servers);
    for (const server of servers) makeOutbox(folder.path, server);
    const { outcome, divergences } = auditFolder(folder.path);
    assert.equal(divergences.first, []);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  });
  await fc.assert(property, { numRuns: LOSSY_RUNS, endOnFailure: true });
  assert.ok((outcomes.get("undecided") ?? 0) > LOSSY_RUNS / 2);
});

test.run();
