/** Cached counts with what a person gives, which is fetched each time. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CountCache } from "../../../src/core/likes_server/count_cache.ts";
import type {
  CachedCount,
  CountsQuery,
  CountsView,
} from "../../../src/core/likes_server/count_cache.ts";
import { registerKey } from "../../../src/core/protocol/register.ts";
import { COUNTS_FRESH_MS, COUNTS_MAX, COUNT_REQUESTS_WAITING_MAX } from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";
import { FIRST, like } from "../core_fixture.ts";
import { fresh } from "./count_cache_fixture.ts";
import {
  ADA,
  ADA_OF_VIDEO,
  BOB,
  BOB_OF_VIDEO,
  answerTo,
  liked,
  setOf,
  takenBack,
} from "./persons_fixture.ts";

test("query() with a person waits for the primary though the count is fresh", () => {
  const counts = fresh();
  const states = { [ADA_OF_VIDEO]: liked(3) };
  assert.equal(ownIn(ask(counts, queryOf(ADA), { states })), {
    state: liked(3),
    countedLikes: 1,
    isCertain: true,
  });
  assert.is(counts.query({ requestId: 1, itemIds: ["video"], limit: 0 }, 0).type, "answered");
  const later = { [ADA_OF_VIDEO]: takenBack(4) };
  const own = { state: takenBack(4), countedLikes: 0, isCertain: true };
  assert.equal(ownIn(ask(counts, queryOf(ADA), { states: later })), own);
});

test("query() without a person tells nobody what another one gives", () => {
  const counts = fresh();
  ask(counts, queryOf(ADA), { states: { [ADA_OF_VIDEO]: liked(3) } });
  const outcome = counts.query({ requestId: 2, itemIds: ["video"], limit: 0 }, 0);
  assert.not.ok(outcome.type === "answered" && "own" in (outcome.view.counts?.[0] ?? {}));
});

test("fetched() joins the state of the ledger with a greater one of this outbox", () => {
  const counts = fresh();
  counts.accepted(FIRST, 1, [setOf(liked(1)), setOf(takenBack(2))]);
  const [behind] = ask(counts, queryOf(ADA), { states: { [ADA_OF_VIDEO]: liked(1) } });
  assert.equal(behind?.own, { state: takenBack(2), countedLikes: 1, isCertain: true });
  const [ahead] = ask(counts, queryOf(ADA), { states: { [ADA_OF_VIDEO]: liked(3) } });
  assert.equal(ahead?.own, { state: liked(3), countedLikes: 1, isCertain: true });
  const [none] = ask(counts, queryOf(ADA));
  assert.equal(
    none?.own,
    { state: takenBack(2), countedLikes: 0, isCertain: true },
    "the ledger has nothing yet",
  );
});

test("fetched() joins a set that is acknowledged while the primary answers", () => {
  const counts = fresh();
  counts.accepted(FIRST, 1, [setOf(liked(1))]);
  counts.query(queryOf(ADA), 0);
  const fetch = fetchOf(counts);
  counts.prune([{ id: FIRST, last: { sequence: 1 }, acknowledged: { sequence: 1 } }]);
  const views = counts.fetched(answerTo(fetch), 0);
  assert.equal(ownIn(views[0]?.counts ?? []), {
    state: liked(1),
    countedLikes: 0,
    isCertain: true,
  });
});

test("fetch() asks for several persons at once, each answered with the own state", () => {
  const counts = fresh();
  for (const [index, person] of [ADA, BOB, ADA].entries()) {
    counts.query({ ...queryOf(person), requestId: index }, 0);
  }
  counts.query({ requestId: 3, itemIds: ["video"], limit: 0 }, 0);
  const fetch = fetchOf(counts);
  assert.equal([fetch.itemIds, fetch.registers], [["video"], [ADA_OF_VIDEO, BOB_OF_VIDEO]]);
  const states = { [ADA_OF_VIDEO]: liked(3), [BOB_OF_VIDEO]: takenBack(6) };
  const views = counts.fetched(answerTo(fetch, { states }), 0);
  assert.equal(
    views.map(({ requestId, counts: found = [] }) => [requestId, found[0]?.own?.state]),
    [
      [0, liked(3)],
      [1, takenBack(6)],
      [2, liked(3)],
      [3, undefined],
    ],
  );
});

test("fetched() gives each of several items the state of its own register", () => {
  const counts = fresh();
  const itemIds = ["video", "song", "video"];
  const states = { [ADA_OF_VIDEO]: liked(3), [registerKey(ADA, "song")]: liked(9) };
  const found = ask(counts, queryOf(ADA, itemIds), { states });
  assert.equal(
    found.map(({ itemId, own }) => [itemId, own?.state]),
    [
      ["video", liked(3)],
      ["song", liked(9)],
      ["video", liked(3)],
    ],
  );
});

test("fetch() asks for at most COUNTS_MAX registers, and for the rest next", () => {
  const counts = fresh();
  const itemIds = Array.from({ length: 0.4 * COUNTS_MAX }, (_, index) => `item-${index}`);
  for (const person of [1, 2, 3]) {
    counts.query({ ...queryOf(testId(person), itemIds), requestId: person }, 0);
  }
  const first = fetchOf(counts);
  assert.equal(
    [first.itemIds.length, first.registers.length],
    [0.4 * COUNTS_MAX, 0.8 * COUNTS_MAX],
  );
  assert.equal(
    counts.fetched(answerTo(first), 0).map(({ requestId }) => requestId),
    [1, 2],
  );
  assert.is(fetchOf(counts).registers.length, 0.4 * COUNTS_MAX);
});

test("fetched() is not certain of a person while events of an earlier process are not applied", () => {
  for (const [applied, isCertain] of [
    [4, false],
    [5, true],
  ] as const) {
    const earlier = { sequence: 5 };
    const counts = new CountCache([{ id: FIRST, last: earlier, acknowledged: { sequence: 0 } }]);
    const [count] = ask(counts, queryOf(ADA), { applied, states: { [ADA_OF_VIDEO]: liked(1) } });
    assert.equal(count?.own, { state: liked(1), countedLikes: 1, isCertain });
  }
});

test("failed() answers a person with the sets of this outbox, and no counted likes", () => {
  const counts = fresh();
  counts.accepted(FIRST, 1, [setOf(liked(4))]);
  counts.query(queryOf(ADA), 0);
  counts.query({ ...queryOf(BOB), requestId: 2 }, 0);
  fetchOf(counts);
  const [ada, bob] = counts.failed(0);
  const own = { state: liked(4), countedLikes: undefined, isCertain: true };
  assert.equal(ada?.counts, [{ itemId: "video", fetched: undefined, own }]);
  assert.equal(bob, { requestId: 2, counts: undefined }, "nothing is known of Bob");
});

test("query() just after a failure does not wait, and shows a cached count without a state", () => {
  const counts = fresh();
  ask(counts, queryOf(ADA), { likes: 8n, states: { [ADA_OF_VIDEO]: liked(3) } });
  counts.query(queryOf(ADA), 0);
  fetchOf(counts);
  counts.failed(0);
  const outcome = counts.query(queryOf(ADA), COUNTS_FRESH_MS);
  const [count] = (outcome.type === "answered" && outcome.view.counts) || [];
  assert.equal([count?.fetched?.likes, count?.own], [8n, undefined]);
  assert.is(counts.query(queryOf(ADA), COUNTS_FRESH_MS + 1).type, "waits");
});

test("query() with a person is refused when too many wait, even if its count is cached", () => {
  const counts = fresh();
  ask(counts, queryOf(ADA), { states: { [ADA_OF_VIDEO]: liked(3) } });
  for (let wait = 0; wait < COUNT_REQUESTS_WAITING_MAX; wait++) counts.query(queryOf(BOB), 0);
  const outcome = counts.query(queryOf(ADA), 0);
  assert.is(outcome.type === "refused" && outcome.refusal.code, "too_many");
});

test("fetched() counts the sets that it lacks, and later ones until the next fetch", () => {
  const counts = fresh();
  counts.accepted(FIRST, 1, [setOf(liked(1)), like(5), setOf(liked(1), BOB)]);
  const [count] = ask(counts, queryOf(ADA), { applied: 1 });
  assert.equal(count?.fetched?.pending, { likes: 5n, sets: 1 });
  counts.accepted(FIRST, 4, [setOf(takenBack(2))]);
  const outcome = counts.query({ requestId: 2, itemIds: ["video"], limit: 0 }, 0);
  const [later] = (outcome.type === "answered" && outcome.view.counts) || [];
  assert.equal(later?.fetched?.pending, { likes: 5n, sets: 2 });
});

test.run();

function queryOf(person: typeof ADA, itemIds: readonly string[] = ["video"]): CountsQuery {
  const registers = itemIds.map((itemId) => registerKey(person, itemId));
  return { requestId: 1, itemIds, limit: 0, registers };
}

/** Makes the primary answer a query, which must wait for it. */
function ask(
  counts: CountCache,
  query: CountsQuery,
  answer: Parameters<typeof answerTo>[1] = {},
): NonNullable<CountsView["counts"]> {
  assert.is(counts.query(query, 0).type, "waits");
  const [view] = counts.fetched(answerTo(fetchOf(counts), answer), 0);
  return view?.counts ?? [];
}

function fetchOf(counts: CountCache) {
  const fetch = counts.fetch(0);
  if (fetch === undefined) throw new Error("No query waits for the primary");
  return fetch;
}

function ownIn([count]: readonly CachedCount[]): CachedCount["own"] {
  return count?.own;
}
