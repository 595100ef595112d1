import { test } from "uvu";
import * as assert from "uvu/assert";
import { buildPage, parseSelection } from "../../../src/core/primary/counts_page.ts";
import type { CountsRequest, Selected } from "../../../src/core/primary/counts_page.ts";
import type { CountsSelection } from "../../../src/core/ledger/ledger.ts";
import type { ItemCount } from "../../../src/core/protocol/counts.ts";
import { registerKey } from "../../../src/core/protocol/register.ts";
import { COUNTS_MAX, INCARNATIONS_NAMED_MAX } from "../../../src/limits.ts";
import { MemoryLedger, LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import { testId } from "../../store/faults.ts";
import { NOTHING_BESIDE, EMPTY_META, FIRST, commit } from "../../store/ledger/ledger_fixture.ts";

const LEDGER = testId(0x1e);
const ASK: CountsRequest = {
  itemIds: [],
  pageSize: 0,
  pageToken: "",
  order: undefined,
  incarnations: [],
  registers: [],
};

test("parseSelection() takes 1,000 items or registers, and 16 incarnations, and refuses one more of either", () => {
  const items = (count: number) => Array.from({ length: count }, (_, index) => `item-${index}`);
  const ids = (count: number) => Array.from({ length: count }, (_, index) => testId(index));
  selected({ itemIds: items(COUNTS_MAX) });
  selected({ pageSize: COUNTS_MAX });
  selected({ incarnations: ids(INCARNATIONS_NAMED_MAX) });
  assert.match(refusal("usage", { itemIds: items(COUNTS_MAX + 1) }), "at most 1000");
  assert.match(refusal("usage", { pageSize: COUNTS_MAX + 1 }), "at most 1000");
  const registers = Array.from({ length: COUNTS_MAX + 1 }, (_, index) => {
    return registerKey(testId(index), "video");
  });
  selected({ registers: registers.slice(1) });
  assert.match(refusal("usage", { registers }), "at most 1000");
  const tooMany = { incarnations: ids(INCARNATIONS_NAMED_MAX + 1) };
  assert.match(refusal("usage", tooMany), "at most 16 are allowed");
});

test("parseSelection() refuses an item id that nobody can like", () => {
  for (const itemId of ["", "__proto__", "a\u0000b", "é".repeat(129)]) {
    refusal("like_invalid", { itemIds: ["video", itemId] });
  }
});

test("buildPage() returns a readable token, and none after the last page", async () => {
  const store = await storeOf({ a: 3n, b: 2n, c: 1n });
  const first = answer(store, { pageSize: 2 });
  assert.is(first.nextPageToken, `counts/1/most_liked/${LEDGER}/2/b`);
  assert.equal(ids(first.counts), ["a", "b"]);
  const last = answer(store, { pageSize: 2, pageToken: first.nextPageToken });
  assert.equal(ids(last.counts), ["c"]);
  assert.is(last.nextPageToken, "");
  assert.is(answer(store, { pageSize: 3 }).nextPageToken, "", "a full last page is the last");
  const byId = answer(store, { pageSize: 1, order: "item_id" });
  assert.is(byId.nextPageToken, `counts/1/item_id/${LEDGER}/a`);
});

test("buildPage() returns named items in the requested order, and no token", async () => {
  const store = await storeOf({ a: 3n, b: 2n, c: 1n });
  const { counts, nextPageToken } = answer(store, { itemIds: ["c", "a"] });
  assert.equal([ids(counts), nextPageToken], [["c", "a"], ""]);
});

test("buildPage() reads its tokens back when an id looks like one or needs quoting", async () => {
  const odd = ["a/b", "counts/1/item_id/x", 'it\'s a \\ "😀"', "a b", "1"];
  const store = await storeOf(Object.fromEntries(odd.map((itemId) => [itemId, 7n])));
  for (const order of ["most_liked", "item_id"] as const) {
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = answer(store, { pageSize: 1, pageToken, order });
      seen.push(...ids(page.counts));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    assert.equal(seen.toSorted(), odd.toSorted());
  }
});

test("parseSelection() refuses a token that this call did not issue", () => {
  const token = `most_liked/${LEDGER}/5`;
  const bad = [
    "x",
    `counts/2/${token}/a`,
    `counts/1/${token}/`,
    `counts/1/${token}/__proto__`,
    `counts/1/${token}/a\u0000`,
    `counts/1/most_liked/${LEDGER}/05/a`,
    `counts/1/most_liked/${LEDGER}/-1/a`,
    `counts/1/most_liked/${LEDGER}/${2n ** 63n}/a`,
    `counts/1/most_liked/${LEDGER}/a`,
    `counts/1/item_id/${LEDGER.toUpperCase()}/a`,
    `counts/1/${token}/${"a".repeat(10_000)}`,
  ];
  for (const pageToken of bad) {
    const message = refusal("usage", { pageToken });
    assert.match(message, "this call did not issue it");
    assert.ok(message.length < 1_000);
  }
  selected({ pageToken: `counts/1/most_liked/${LEDGER}/${2n ** 63n - 1n}/a` });
});

test("parseSelection() refuses a token with named items, of another order, or of another ledger", () => {
  const pageToken = `counts/1/item_id/${LEDGER}/a`;
  assert.match(refusal("usage", { pageToken, itemIds: ["a"] }), "named items");
  assert.match(refusal("usage", { pageToken, order: "most_liked" }), "order item_id");
  selected({ pageToken, order: "item_id" });
  const other = `counts/1/item_id/${testId(9)}/a`;
  assert.match(refusal("ledger_other", { pageToken: other }), "begin at the first page");
});

test("buildPage() by id returns every item once while all get likes between pages", async () => {
  const itemIds = Array.from({ length: 57 }, (_, index) => `item-${index}`);
  const store = await storeOf(Object.fromEntries(itemIds.map((itemId) => [itemId, 1n])));
  const seen = await pagesWhile(store, "item_id", async (round) => {
    const liked = itemIds.map((itemId, index) => [itemId, BigInt(round * 100 + index)] as const);
    await commit(store, Object.fromEntries(liked));
    await commit(store, { [`new-${round}`]: 1n });
  });
  const old = seen.filter((itemId) => itemId.startsWith("item-"));
  assert.equal(old.toSorted(), itemIds.toSorted());
  assert.is(new Set(seen).size, seen.length, "no item comes twice");
});

test("buildPage() by likes returns no item twice, and misses only newly liked ones", async () => {
  const itemIds = Array.from({ length: 57 }, (_, index) => `item-${index}`);
  const likes = itemIds.map((itemId, index) => [itemId, BigInt(1_000 + index)] as const);
  const store = await storeOf(Object.fromEntries(likes));
  const risen = new Set<string>();
  const seen = await pagesWhile(store, "most_liked", async (round) => {
    for (const itemId of [`item-${round * 3}`, `item-${56 - round}`]) {
      risen.add(itemId);
      await commit(store, { [itemId]: 5_000n + BigInt(round) });
    }
  });
  assert.is(new Set(seen).size, seen.length, "no item comes twice");
  const missing = itemIds.filter((itemId) => !seen.includes(itemId));
  assert.ok(missing.length > 0, "no item rose past the token: the test checks nothing");
  for (const itemId of missing) assert.ok(risen.has(itemId), itemId);
});

test.run();

function outcome(changes: Partial<CountsRequest>): Selected {
  return parseSelection({ ...ASK, ...changes }, LEDGER);
}

function selected(changes: Partial<CountsRequest>): CountsSelection {
  const found = outcome(changes);
  if (found.type === "refused") throw new Error(found.refusal.message);
  return found.selection;
}

/** Returns the message of the refusal, which must have `code`. */
function refusal(code: string, changes: Partial<CountsRequest>): string {
  const found = outcome(changes);
  if (found.type !== "refused") throw new Error("it was not refused");
  assert.is(found.refusal.code, code);
  return found.refusal.message;
}

async function storeOf(likes: Readonly<Record<string, bigint>>): Promise<MemoryLedger> {
  const store = new MemoryLedger(new LedgerDisk(LEDGER), FIRST);
  await commit(store, likes);
  return store;
}

function answer(store: MemoryLedger, changes: Partial<CountsRequest>) {
  const selection = selected(changes);
  const outcome = store.countsNow(selection, NOTHING_BESIDE);
  if (outcome.type !== "done") throw new Error("it was not read");
  const read = outcome.value;
  assert.ok(read.meta.version > EMPTY_META.version);
  return buildPage(selection, read, LEDGER);
}

/** Returns the ids of all pages of 5, and runs `between` after each page. */
async function pagesWhile(
  store: MemoryLedger,
  order: CountsRequest["order"],
  between: (round: number) => Promise<void>,
): Promise<readonly string[]> {
  const seen: string[] = [];
  let pageToken = "";
  for (let round = 1; round === 1 || pageToken !== ""; round++) {
    const page = answer(store, { pageSize: 5, pageToken, order });
    seen.push(...ids(page.counts));
    pageToken = page.nextPageToken;
    await between(round);
  }
  return seen;
}

function ids(counts: readonly ItemCount[]): readonly string[] {
  return counts.map(({ itemId }) => itemId);
}
