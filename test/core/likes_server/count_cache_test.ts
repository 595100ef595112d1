import { test } from "uvu";
import * as assert from "uvu/assert";
import type {
  CountsView,
  CachedCount,
  CountCache,
} from "../../../src/core/likes_server/count_cache.ts";
import {
  COUNTS_MAX,
  COUNT_REQUEST_IDS_MAX,
  COUNT_REQUESTS_WAITING_MAX,
  COUNTS_CACHED_MAX,
  COUNTS_FRESH_MS,
  COUNTS_KEPT_MS,
} from "../../../src/limits.ts";
import { FIRST, GENERATION, like } from "../core_fixture.ts";
import { answer, fresh } from "./count_cache_fixture.ts";

test("fetched() answers with the likes, the pending likes and their age", () => {
  const counts = fresh();
  counts.accepted(FIRST, 1, [like(1), like(2, "song"), like(4)]);
  assert.equal(counts.query({ requestId: 7, itemIds: ["video", "song"], limit: 0 }, 100), {
    type: "waits",
  });
  assert.equal(counts.fetch(100), {
    itemIds: ["video", "song"],
    limit: 0,
    incarnations: [FIRST],
    registers: [],
  });
  assert.is(counts.fetch(100), undefined, "one fetch at a time");
  const views = counts.fetched(answer({ video: 51n, song: 2n }, 2), 140);
  assert.equal(views, [
    {
      requestId: 7,
      counts: [shown("video", 51n, 4n, 40), shown("song", 2n, 0n, 40)],
    },
  ]);
});

test("query() is answered at once while fresh, including what was accepted since", () => {
  const counts = fresh();
  fetchCounts(counts, { video: 5n }, 0);
  counts.accepted(FIRST, 1, [like(3), like(9, "song")]);
  assert.equal(viewOf(counts, ["video"], COUNTS_FRESH_MS), [shown("video", 5n, 3n, 1_000)]);
  assert.is(viewOf(counts, ["video"], COUNTS_FRESH_MS + 1), undefined, "then it fetches again");
});

test("fetch() asks for named items first and for the ranking next", () => {
  const counts = fresh();
  counts.query({ requestId: 1, itemIds: ["video"], limit: 0 }, 0);
  counts.query({ requestId: 2, itemIds: [], limit: 5 }, 0);
  counts.query({ requestId: 3, itemIds: ["song"], limit: 0 }, 0);
  assert.equal(counts.fetch(0)?.itemIds, ["video", "song"]);
  counts.fetched(answer({ video: 1n, song: 2n }), 1);
  const next = counts.fetch(1);
  assert.equal([next?.itemIds, next?.limit], [[], 5]);
});

test("failed() answers with cached counts, and unknown for what was never fetched", () => {
  const counts = fresh();
  fetchCounts(counts, { video: 5n }, 0);
  assert.is(viewOf(counts, ["video", "song"], 60_000), undefined);
  assert.is(viewOf(counts, ["other"], 60_000), undefined);
  counts.fetch(60_000);
  const [kept, nothing] = counts.failed(60_500);
  const song = { itemId: "song", fetched: undefined };
  assert.equal(kept?.counts, [shown("video", 5n, 0n, 60_500), song]);
  assert.equal(nothing?.counts, undefined);
});

test("query() does not ask the primary again right after a failure", () => {
  const counts = fresh();
  counts.query({ requestId: 1, itemIds: ["video"], limit: 0 }, 0);
  counts.fetch(0);
  counts.query({ requestId: 2, itemIds: ["song"], limit: 0 }, 0);
  const views = counts.failed(10);
  assert.equal(
    views.map(({ requestId }) => requestId),
    [1, 2],
    "queries do not wait meanwhile",
  );
  const again = { requestId: 3, itemIds: ["video"], limit: 0 };
  assert.is(counts.query(again, 10 + COUNTS_FRESH_MS).type, "answered");
  assert.is(counts.query(again, 11 + COUNTS_FRESH_MS).type, "waits");
});

test("query() without names returns the most liked items as fetched, up to its limit", () => {
  const counts = fresh();
  counts.query({ requestId: 1, itemIds: [], limit: 2 }, 0);
  counts.query({ requestId: 2, itemIds: [], limit: 3 }, 0);
  assert.equal(counts.fetch(0)?.limit, 3, "one fetch serves all");
  const views = counts.fetched(answer({ a: 9n, b: 8n, c: 7n }), 0);
  assert.equal(views.map(idsOf), [
    ["a", "b"],
    ["a", "b", "c"],
  ]);
  assert.is(viewOf(counts, [], 2, 4), undefined, "more than it fetched");
  counts.fetch(2);
  counts.failed(2);
  assert.equal(
    viewOf(counts, [], 2, 1)?.map(({ itemId }) => itemId),
    ["a"],
  );
});

test("failed() distinguishes an empty ranking from one that was never fetched", () => {
  const counts = fresh();
  counts.query({ requestId: 1, itemIds: [], limit: 20 }, 0);
  counts.fetch(0);
  assert.equal(counts.failed(0), [{ requestId: 1, counts: undefined }]);
  counts.query({ requestId: 2, itemIds: [], limit: 20 }, 5_000);
  counts.fetch(5_000);
  assert.equal(counts.fetched(answer({}), 5_000), [{ requestId: 2, counts: [] }]);
});

test("fetch() gathers queries up to COUNTS_MAX items, and the rest comes next", () => {
  const counts = fresh();
  const items = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `item-${from + index}`);
  counts.query({ requestId: 1, itemIds: items(0, 600), limit: 0 }, 0);
  counts.query({ requestId: 2, itemIds: items(300, 700), limit: 0 }, 0);
  counts.query({ requestId: 3, itemIds: items(1_000, 1), limit: 0 }, 0);
  const first = counts.fetch(0);
  assert.equal(first?.itemIds, items(0, COUNTS_MAX));
  const views = counts.fetched(
    answer(Object.fromEntries(items(0, 1_000).map((id) => [id, 1n]))),
    0,
  );
  assert.equal(
    views.map(({ requestId }) => requestId),
    [1, 2],
  );
  assert.equal(counts.fetch(0)?.itemIds, items(1_000, 1));
});

test("query() is refused when COUNT_REQUESTS_WAITING_MAX wait, until an answer", () => {
  const counts = fresh();
  const ask = { requestId: 1, itemIds: ["video"], limit: 0 };
  fetchCounts(counts, { kept: 9n }, -5_000);
  for (let count = 0; count < COUNT_REQUESTS_WAITING_MAX; count++) counts.query({ ...ask }, 0);
  const refused = counts.query(ask, 0);
  assert.is(refused.type === "refused" && refused.refusal.code, "too_many");
  assert.equal(
    viewOf(counts, ["kept"], 0),
    [shown("kept", 9n, 0n, 5_000)],
    "stale, as its age shows",
  );
  counts.fetch(0);
  assert.is(counts.fetched(answer({ video: 1n }), 0).length, COUNT_REQUESTS_WAITING_MAX);
  assert.is(counts.query({ ...ask, itemIds: ["song"] }, 0).type, "waits");
});

test("query() is refused when waiting queries have COUNT_REQUEST_IDS_MAX ids", () => {
  const counts = fresh();
  const itemIds = Array.from({ length: COUNTS_MAX }, (_, index) => `item-${index}`);
  for (let ids = 0; ids < COUNT_REQUEST_IDS_MAX; ids += COUNTS_MAX) {
    assert.is(counts.query({ requestId: ids, itemIds, limit: 0 }, 0).type, "waits");
  }
  assert.is(counts.query({ requestId: 1, itemIds: ["one more"], limit: 0 }, 0).type, "refused");
});

test("fetched() keeps the COUNTS_CACHED_MAX items that were queried last", () => {
  const counts = fresh();
  for (let from = 0; from <= COUNTS_CACHED_MAX; from += COUNTS_MAX) {
    const items = Array.from({ length: COUNTS_MAX }, (_, index) => `item-${from + index}`);
    fetchCounts(counts, Object.fromEntries(items.map((itemId) => [itemId, 1n])), 0);
    viewOf(counts, ["item-0"], 0);
  }
  counts.query({ requestId: 1, itemIds: ["another"], limit: 0 }, 9_000);
  counts.fetch(9_000);
  counts.failed(9_000);
  assert.is(viewOf(counts, ["item-0"], 9_000)?.[0]?.fetched?.likes, 1n, "it was queried again");
  const newest = `item-${COUNTS_CACHED_MAX + COUNTS_MAX - 1}`;
  const [gone, kept] = viewOf(counts, ["item-1", newest], 9_000) ?? [];
  assert.is(gone?.fetched, undefined);
  assert.is(kept?.fetched?.likes, 1n);
});

test("failed() returns unknown for counts older than COUNTS_KEPT_MS", () => {
  const counts = fresh();
  fetchCounts(counts, { video: 5n }, 0);
  assert.is(viewOf(counts, ["video"], COUNTS_KEPT_MS), undefined);
  counts.fetch(COUNTS_KEPT_MS);
  assert.is(counts.failed(COUNTS_KEPT_MS)[0]?.counts?.length, 1);
  assert.equal(viewOf(counts, ["video"], COUNTS_KEPT_MS + 1), []);
});

test("fetched() returns no pending likes when the ledger lacks acknowledged ones", () => {
  const counts = fresh();
  counts.accepted(FIRST, 1, [like(3)]);
  counts.accepted(FIRST, 2, [like(4)]);
  counts.prune([{ id: FIRST, last: { sequence: 2 }, acknowledged: { sequence: 2 } }]);
  counts.query({ requestId: 1, itemIds: ["video"], limit: 0 }, 0);
  counts.fetch(0);
  const [view] = counts.fetched(answer({ video: 3n }, 1), 0);
  assert.is(view?.counts?.[0]?.fetched?.pending?.likes, undefined);
});

test.run();

/** Makes `counts` fetch `likes` at once. */
function fetchCounts(
  counts: CountCache,
  likes: Readonly<Record<string, bigint>>,
  nowMs: number,
): void {
  const itemIds = Object.keys(likes);
  counts.query({ requestId: 1, itemIds, limit: 0 }, nowMs);
  counts.fetch(nowMs);
  counts.fetched(answer(likes), nowMs);
}

/** Returns the immediate answer: undefined if it waits, no items if none is known. */
function viewOf(
  counts: CountCache,
  itemIds: readonly string[],
  nowMs: number,
  limit = 0,
): readonly CachedCount[] | undefined {
  const asked = counts.query({ requestId: 1, itemIds, limit }, nowMs);
  return asked.type === "answered" ? (asked.view.counts ?? []) : undefined;
}

function idsOf({ counts }: CountsView): readonly string[] | undefined {
  return counts?.map(({ itemId }) => itemId);
}

function shown(itemId: string, likes: bigint, pendingLikes: bigint, ageMs: number): CachedCount {
  const pending = { likes: pendingLikes, sets: 0 };
  const fetched = { likes, pending, asOfMs: 5, version: 6, generation: GENERATION, ageMs };
  return { itemId, fetched };
}
