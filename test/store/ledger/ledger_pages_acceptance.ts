/**
 * Part of the acceptance suite of every LedgerStore: pages of items, and what is read with them.
 */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type {
  CountsOrder,
  CountsRead,
  CountsSelection,
  LedgerStore,
} from "../../../src/core/ledger/ledger.ts";
import { UNSET, registerKey } from "../../../src/core/protocol/register.ts";
import type { RegisterKey } from "../../../src/core/protocol/register.ts";
import type { ItemCount } from "../../../src/core/protocol/counts.ts";
import { testId } from "../faults.ts";
import {
  EMPTY_META,
  FIRST,
  INCARNATION,
  NOTHING_BESIDE,
  PERSON,
  ROW,
  SECOND,
  STATE,
  THIRD,
  commit,
  read,
  valueOf,
} from "./ledger_fixture.ts";
import type { LedgerFixture } from "./ledger_fixture.ts";

const OTHER_PERSON = testId(0x7f);
const COMMITS = 20;
/** Likes that are added: item, likes, reaction. */
const GIVEN = [
  ["video", 5n, 1],
  ["video", 3n, 2],
  ["video", 2n, 63],
  ["video", 1n, 2],
  ["song", 4n, 7],
  ["plain", 3n, 1],
] as const;
/** What they come to, the most liked first. */
const ITEMS: readonly ItemCount[] = [
  {
    itemId: "video",
    likes: 11n,
    reactions: new Map([
      [2, 4n],
      [63, 2n],
    ]),
  },
  { itemId: "song", likes: 4n, reactions: new Map([[7, 4n]]) },
  { itemId: "plain", likes: 3n },
];

/** Adds this part of the suite to `test`. `makeFixture` creates a disk with a new ledger. */
export function acceptPages(test: Test, makeFixture: () => LedgerFixture): void {
  for (const order of ["most_liked", "item_id"] as const) {
    test(`counts() continues after an item even if its likes changed, by ${order}`, async () => {
      await using fixture = makeFixture();
      const store = await fixture.open(FIRST);
      await commit(store, { b: 5n, a: 5n, c: 9n, d: 1n, e: 5n, "\ufffd": 1n, "😀": 1n });
      const all = await pageAfter(store, order, undefined, 10);
      for (const limit of [1, 2, 3, 100]) assert.equal(await pages(store, order, limit), all);
      const middle = all[2];
      await commit(store, { [middle?.itemId ?? ""]: 100n });
      assert.equal(await pageAfter(store, order, middle, 10), all.slice(3));
    });
  }

  test("counts() returns the meta and the applied sequences of the same commit", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await commit(store, { cat: 1n });
    await valueOf(store, (ledger) => ledger.setIncarnation(ROW));
    const named = { type: "named", itemIds: ["cat"] } as const;
    const { meta, applied } = await read(store, named, [testId(0x77), INCARNATION]);
    assert.equal(meta, { ...EMPTY_META, version: 1 });
    assert.equal(applied, [
      { incarnation: testId(0x77), appliedSequence: 0 },
      { incarnation: INCARNATION, appliedSequence: ROW.appliedSequence },
    ]);
  });

  acceptReactions(test, makeFixture);
}

/** Reactions and registers, with named items and with pages. */
function acceptReactions(test: Test, makeFixture: () => LedgerFixture): void {
  test("counts() returns the reactions of items, named or in pages", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await valueOf(store, (ledger) => {
      for (const [itemId, likes, reaction] of GIVEN) ledger.addLikes(itemId, likes, reaction);
    });
    const [video, song, plain] = ITEMS;
    const itemIds = ["plain", "video", "none", "song"];
    const named = await read(store, { type: "named", itemIds });
    assert.equal(named.counts, [plain, video, { itemId: "none", likes: 0n }, song]);
    for (const order of ["most_liked", "item_id"] as const) {
      const all = order === "most_liked" ? [video, song, plain] : [plain, song, video];
      for (const limit of [1, 2, 10]) assert.equal(await pages(store, order, limit), all);
    }
    const reopened = await fixture.open(SECOND);
    assert.equal(await pages(reopened, "most_liked", 10), ITEMS);
  });

  test("counts() returns no reaction whose likes were all taken back", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await valueOf(store, (ledger) => ledger.addLikes("video", 3n, 2));
    await valueOf(store, (ledger) => ledger.addLikes("video", 1n, 7));
    await valueOf(store, (ledger) => ledger.addLikes("video", -3n, 2));
    const [count] = await pageAfter(store, "most_liked", undefined, 1);
    assert.equal(count, { itemId: "video", likes: 1n, reactions: new Map([[7, 1n]]) });
    await valueOf(store, (ledger) => ledger.addLikes("video", -1n, 7));
    const named = await read(store, { type: "named", itemIds: ["video"] });
    assert.equal(named.counts, [{ itemId: "video", likes: 0n }]);
  });

  test("counts() returns registers in the order of the request, named or in pages", async () => {
    await using fixture = makeFixture();
    let store = await fixture.open(FIRST);
    const other = { ...STATE, revision: 9 };
    await valueOf(store, (ledger) => {
      ledger.addLikes("video", 2n);
      ledger.setRegister(PERSON, "video", STATE);
      ledger.setRegister(OTHER_PERSON, "video", other);
    });
    const registers = [
      registerKey(OTHER_PERSON, "video"),
      registerKey(PERSON, "song"),
      registerKey(PERSON, "video"),
      registerKey(OTHER_PERSON, "video"),
    ];
    const page = { type: "page", order: "most_liked", after: undefined, limit: 1 } as const;
    const named = { type: "named", itemIds: ["video"] } as const;
    for (const generation of [SECOND, THIRD]) {
      for (const selection of [named, page]) {
        const found = await readWith(store, selection, registers);
        assert.equal(found.counts, [{ itemId: "video", likes: 2n }]);
        assert.equal(found.registers, [other, UNSET, STATE, other]);
      }
      store = await fixture.open(generation);
    }
  });

  test("counts() returns likes, reactions and registers of the same commit", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    const selection = { type: "named", itemIds: ["video"] } as const;
    const key = registerKey(PERSON, "video");
    const reads: Promise<CountsRead>[] = [];
    for (let revision = 1; revision <= COMMITS; revision++) {
      const done = valueOf(store, (ledger) => {
        ledger.setMeta({ ...ledger.meta(), version: revision });
        ledger.addLikes("video", 1n, 2);
        ledger.setRegister(PERSON, "video", { revision, reaction: 2, likes: 1 });
      });
      reads.push(readWith(store, selection, [key]));
      await done;
      reads.push(readWith(store, selection, [key]));
    }
    const versions = new Set<number>();
    for (const { meta, counts, registers } of await Promise.all(reads)) {
      const likes = BigInt(meta.version);
      versions.add(meta.version);
      const reactions = likes === 0n ? {} : { reactions: new Map([[2, likes]]) };
      assert.equal(counts, [{ itemId: "video", likes, ...reactions }]);
      assert.is(registers[0]?.revision, meta.version);
    }
    assert.ok(versions.size >= COMMITS, `only ${versions.size} versions were read`);
  });
}

async function readWith(
  store: LedgerStore,
  selection: CountsSelection,
  registers: readonly RegisterKey[],
): Promise<CountsRead> {
  const outcome = await store.counts(selection, { ...NOTHING_BESIDE, registers });
  if (outcome.type === "done") return outcome.value;
  throw new Error(`The read was not done: ${outcome.type}`);
}

async function pageAfter(
  store: LedgerStore,
  order: CountsOrder,
  after: ItemCount | undefined,
  limit: number,
): Promise<readonly ItemCount[]> {
  return (await read(store, { type: "page", order, after, limit })).counts;
}

/** Returns all items, read page by page. */
async function pages(
  store: LedgerStore,
  order: CountsOrder,
  limit: number,
): Promise<readonly ItemCount[]> {
  const all: ItemCount[] = [];
  for (let page = await pageAfter(store, order, undefined, limit); page.length > 0;) {
    all.push(...page);
    page = await pageAfter(store, order, all.at(-1), limit);
  }
  return all;
}
