import { test } from "uvu";
import * as assert from "uvu/assert";
import type { WriteSet } from "../../../src/core/ledger/ledger_transaction.ts";
import { registerKey } from "../../../src/core/protocol/register.ts";
import type { RegisterKey } from "../../../src/core/protocol/register.ts";
import { LedgerIntakes } from "../../../src/store/ledger/ledger_intakes.ts";
import { LEDGER_KIND, prepareLedger } from "../../../src/store/ledger/ledger_tables.ts";
import { RecentKeys } from "../../../src/store/ledger/recent_keys.ts";
import { Database } from "../../../src/store/sqlite/sqlite.ts";
import { guardTables } from "../../../src/store/sqlite/guard_tables.ts";
import { Random } from "../../simulator/random.ts";
import { testId } from "../faults.ts";
import { EMPTY_META } from "./ledger_fixture.ts";

/** Items whose ids are hard to sort or to write as JSON. */
const IDS = ["a", "A", 'a"b', "a\\b", "a b", "2 a", "ä", "😀", "0"];
const PERSONS = [testId(0), testId(1), testId(2 ** 40), testId(0xada)];
const SEEDS = 150;

test("LedgerIntakes keeps every register and reaction through any folds and openings", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new Random(seed);
    const database = opened();
    let intakes = new LedgerIntakes(database);
    const { reactions } = prepareLedger(database);
    const ranks = new Map<RegisterKey, number>();
    const likes = new Map<string, bigint>();
    for (let step = 0; step < 25; step++) {
      if (random.chance(0.5)) {
        const set = setOf(random, ranks);
        intakes.append(set);
        addReactions(likes, set);
      } else if (random.chance(0.8)) intakes.fold(random.whole(1, 5)).committed();
      else intakes = new LedgerIntakes(database); // the process has ended

      const keys = PERSONS.flatMap((person) => IDS.map((itemId) => registerKey(person, itemId)));
      const expected = keys.map((key) => ranks.get(key) ?? 0);
      assert.equal(intakes.ranksOf(keys), expected, `seed ${seed}`);
      const found = reactions.all({ items: JSON.stringify(IDS) });
      assert.is(found.length, likes.size, `seed ${seed}`);
      for (const { item_id: itemId, reaction, likes: kept } of found) {
        assert.is(kept, likes.get(`${reaction} ${itemId}`), `seed ${seed}`);
      }
    }
    while (!intakes.isEmpty) intakes.fold(3).committed();
    assert.is(intakes.rows, 0);
    const rows = database.prepare<[], bigint>("SELECT count(*) FROM registers").pluck().get();
    assert.is(rows, BigInt(ranks.size), "each register has its row");
    database.close();
  }
});

test("a fold moves rows of the fullest intake", () => {
  const database = opened();
  const intakes = new LedgerIntakes(database);
  const registers = new Map(PERSONS.map((person) => [registerKey(person, "a"), 64] as const));
  intakes.append({ ...NOTHING, likes: new Map([["a", 1n]]), registers });
  intakes.fold(9).committed();
  assert.equal([intakes.rows, intakes.hasAllLikes], [1, false]);
  intakes.fold(9).committed();
  assert.equal([intakes.rows, intakes.hasAllLikes, intakes.isEmpty], [0, true, true]);
  assert.is(intakes.fold(9).rows, 0);
  database.close();
});

test("RecentKeys has every key of the last two sweeps, and few others", () => {
  const recent = new RecentKeys();
  const keysOf = (sweep: number) => Array.from({ length: 20_000 }, (_, key) => `${sweep}/${key}`);
  const has = (keys: readonly string[]) => keys.filter((key) => recent.mayHave(key)).length;
  for (const key of keysOf(1)) recent.add(key);
  assert.is(has(keysOf(1)), 20_000);
  assert.ok(has(keysOf(2)) < 200, `${has(keysOf(2))} others`);
  recent.swept();
  for (const key of keysOf(2)) recent.add(key);
  assert.equal([has(keysOf(1)), has(keysOf(2))], [20_000, 20_000]);
  recent.swept();
  assert.is(has(keysOf(2)), 20_000);
  assert.ok(has(keysOf(1)) < 200);
});

test.run();

const NOTHING: WriteSet = {
  meta: EMPTY_META,
  isCopyRecorded: false,
  members: [],
  incarnations: [],
  likes: new Map(),
  reactions: new Map(),
  registers: new Map(),
  operations: [],
  forgotten: [],
  troubles: [],
  decisions: [],
};

/** Returns what a commit sets. Each register gets a greater rank, which `ranks` has from now on. */
function setOf(random: Random, ranks: Map<RegisterKey, number>): WriteSet {
  const registers = new Map<RegisterKey, number>();
  for (const person of PERSONS) {
    for (const itemId of IDS.filter(() => random.chance(0.2))) {
      const key = registerKey(person, itemId);
      const rank = (ranks.get(key) ?? 0) + random.whole(1, 2 ** 43);
      registers.set(key, rank);
      ranks.set(key, rank);
    }
  }
  const gainsOf = () => {
    const itemIds = IDS.filter(() => random.chance(0.3));
    return new Map(itemIds.map((itemId) => [itemId, BigInt(random.whole(-3, 3))]));
  };
  const reactions = new Map([2, 63].map((reaction) => [reaction, gainsOf()]));
  return { ...NOTHING, likes: gainsOf(), reactions, registers };
}

/** Adds what a commit gains to `likes`, by reaction and item. */
function addReactions(likes: Map<string, bigint>, { reactions }: WriteSet): void {
  for (const [reaction, gains] of reactions) {
    for (const [itemId, gained] of gains) {
      const name = `${reaction} ${itemId}`;
      likes.set(name, (likes.get(name) ?? 0n) + gained);
    }
  }
}

function opened(): Database {
  const database = new Database(":memory:");
  database.exec(LEDGER_KIND.schema);
  guardTables(database, LEDGER_KIND);
  return database;
}
