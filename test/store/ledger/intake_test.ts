import { test } from "uvu";
import * as assert from "uvu/assert";
import { RUN_ROWS_MAX } from "../../../src/limits.ts";
import { guardTables } from "../../../src/store/sqlite/guard_tables.ts";
import { Intake, ITEMS } from "../../../src/store/ledger/intake.ts";
import { LEDGER_KIND } from "../../../src/store/ledger/ledger_tables.ts";
import { Database } from "../../../src/store/sqlite/sqlite.ts";
import { Random } from "../../simulator/random.ts";

/** Items whose ids are hard to sort or to write as JSON. */
const IDS = ["a", "A", "aa", 'a"b', "a\\b", "a\\u0041", "ä", "\ufffc", "😀", "0", "00", "~"];

const SEEDS = 200;

test("Intake folds any part of any commits, and no like is lost or counted twice", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new Random(seed);
    const { database, expectCounts, intake: first } = opened();
    let intake = first;
    const expected = new Map<string, bigint>();
    for (let step = 0; step < 30; step++) {
      if (random.chance(0.5)) {
        const likes = likesOf(random);
        for (const [id, gained] of likes) expected.set(id, (expected.get(id) ?? 0n) + gained);
        intake.append(likes);
      } else if (random.chance(0.8)) {
        intake.folded(intake.fold(random.whole(1, 6)));
      } else {
        intake = new Intake(database, ITEMS); // the process has ended, and another opens the file
      }
      expectCounts(expected);
      assert.is(intake.isEmpty, intake.rows === 0, `seed ${seed}`);
    }
    while (!intake.isEmpty) intake.folded(intake.fold(3));
    const items = database.prepare("SELECT * FROM items").all().length;
    assert.is(items, expected.size, "each item has its row");
    expectCounts(expected);
    database.close();
  }
});

test("fold() moves at most as many rows as asked, and all of them in the end", () => {
  const { database, intake } = opened();
  const rows = database.prepare<[], bigint>("SELECT count(*) FROM intake").pluck();
  for (let run = 0; run < 3; run++) {
    const items = Array.from({ length: RUN_ROWS_MAX }, (_, index) => `item-${index * 7 + run}`);
    intake.append(new Map(items.map((id) => [id, 1n])));
  }
  const runs = database.prepare<[], bigint>("SELECT count(DISTINCT run) FROM intake").pluck();
  assert.is(runs.get(), 3n, "a full run ends");
  let before = Number(rows.get());
  assert.is(intake.rows, before);
  for (const asked of [1_000, 1, 5_000, 1e9, 1e9]) {
    intake.folded(intake.fold(asked));
    const after = Number(rows.get());
    // One row of each run is the least of a range.
    assert.ok(before - after < asked + 3, `${before - after} of ${asked}`);
    assert.ok(before - after > 0 || before === 0);
    before = after;
  }
  assert.equal([before, intake.rows, intake.isEmpty], [0, 0, true]);
  database.close();
});

test("fold() moves as many rows as asked when the ids of each run are later ones", () => {
  const { database, intake } = opened();
  const rows = database.prepare<[], bigint>("SELECT count(*) FROM intake").pluck();
  for (let run = 0; run < 8; run++) {
    const items = Array.from({ length: RUN_ROWS_MAX }, (_, index) => `${run}-${index}`);
    intake.append(new Map(items.map((id) => [id, 1n])));
  }
  const before = Number(rows.get());
  intake.folded(intake.fold(4_000));
  const moved = before - Number(rows.get());
  assert.ok(moved >= 4_000 && moved < 5_000, `${moved} rows`);
  database.close();
});

test("rows() counts the rows that an earlier opening has left", () => {
  const { database, intake } = opened();
  intake.append(new Map([["cat", 1n]]));
  intake.append(new Map([["cat", 1n]]));
  assert.is(new Intake(database, ITEMS).rows, 1);
  database.close();
});

test.run();

function likesOf(random: Random): ReadonlyMap<string, bigint> {
  const itemIds = IDS.filter(() => random.chance(0.4));
  return new Map(itemIds.map((itemId) => [itemId, BigInt(random.whole(0, 9))]));
}

function opened() {
  const database = new Database(":memory:");
  database.exec(LEDGER_KIND.schema);
  guardTables(database, LEDGER_KIND);
  const counts = database.prepare<[], { item_id: string; likes: bigint }>("SELECT * FROM counts");
  const sorted = (pairs: Iterable<readonly [string, bigint]>) => {
    return [...pairs].toSorted(([a], [b]) => (a < b ? -1 : 1));
  };
  return {
    database,
    intake: new Intake(database, ITEMS),
    expectCounts: (expected: ReadonlyMap<string, bigint>): void => {
      const found = counts.all().map(({ item_id: id, likes }) => [id, likes] as const);
      assert.equal(sorted(found), sorted(expected));
    },
  };
}
