import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CountsAnswer } from "../../../src/core/likes_server/count_cache.ts";
import { COUNT_REQUESTS_WAITING_MAX } from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";
import { FIRST, GENERATION, LEDGER, SECOND, ack } from "../core_fixture.ts";
import { LikesServerHarness } from "./likes_server_harness.ts";

const ANSWER: CountsAnswer = {
  counts: [{ itemId: "video", likes: 5n }],
  registers: [],
  applied: [{ incarnation: FIRST, appliedSequence: 1 }],
  asOfMs: 9,
  version: 3,
  ledgerId: LEDGER,
  generation: GENERATION,
};

test("count asks the primary once, and returns its likes plus the pending ones", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(5);
  await server.settle();
  server.add(7);
  await server.settle();
  count(server, 1);
  assert.equal(
    server.all("fetch_counts").map(({ fetch }) => fetch),
    [{ itemIds: ["video"], limit: 0, incarnations: [FIRST], registers: [] }],
  );
  server.add(9);
  server.drive({ type: "counts_fetched", answer: ANSWER });
  assert.is(pendingOf(server, 1), 7n, "likes that are not on the disk are not accepted yet");
  await server.settle();
  count(server, 2);
  assert.is(pendingOf(server, 2), 16n);
});

test("count is right when an Ack overtakes an answer that was read before it", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(5);
  server.add(7);
  await server.settle();
  count(server, 1);
  await server.receive(ack(FIRST, { appliedSequence: 2 }));
  await server.pulse({ totalLikes: 12n });
  const read = { ...ANSWER, applied: [{ incarnation: FIRST, appliedSequence: 0 }] };
  server.drive({
    type: "counts_fetched",
    answer: { ...read, counts: [{ itemId: "video", likes: 0n }] },
  });
  assert.is(pendingOf(server, 1), 12n);
});

test("count refuses when COUNT_REQUESTS_WAITING_MAX wait for the primary", async () => {
  const server = await LikesServerHarness.admitted();
  // The first is fetched at once and does not wait.
  for (let call = 0; call <= COUNT_REQUESTS_WAITING_MAX; call++) count(server, call);
  count(server, COUNT_REQUESTS_WAITING_MAX + 1);
  assert.is(refusalOf(server, COUNT_REQUESTS_WAITING_MAX + 1), "too_many");
});

test("count explains its refusal when nothing was fetched and the primary is silent", async () => {
  const server = await LikesServerHarness.start();
  count(server, 1);
  server.drive({ type: "counts_fetched", answer: undefined });
  assert.equal(refusalOf(server, 1), "count_unknown");
});

test("count rejects counts of a foreign ledger", async () => {
  const server = await LikesServerHarness.admitted();
  count(server, 1);
  server.drive({ type: "counts_fetched", answer: { ...ANSWER, ledgerId: testId(0x1f) } });
  assert.equal(refusalOf(server, 1), "count_unknown");
  const unregistered = await LikesServerHarness.start();
  count(unregistered, 1);
  unregistered.drive({ type: "counts_fetched", answer: { ...ANSWER, ledgerId: testId(0x1f) } });
  assert.is(pendingOf(unregistered, 1), 0n, "an outbox without a ledger accepts any");
});

test("count asks for an earlier incarnation, and has no sum until the ledger has it", async () => {
  const before = await LikesServerHarness.admitted();
  before.add(5);
  await before.settle();
  const server = await before.restart(SECOND);
  count(server, 1);
  assert.equal(server.all("fetch_counts")[0]?.fetch.incarnations, [FIRST, SECOND]);
  const own = { incarnation: SECOND, appliedSequence: 0 };
  const lacking = [{ incarnation: FIRST, appliedSequence: 0 }, own];
  server.drive({ type: "counts_fetched", answer: { ...ANSWER, applied: lacking } });
  assert.is(pendingOf(server, 1), undefined);
  server.nowMs += 60_000;
  count(server, 2);
  const all = [{ incarnation: FIRST, appliedSequence: 1 }, own];
  server.drive({ type: "counts_fetched", answer: { ...ANSWER, applied: all } });
  assert.is(pendingOf(server, 2), 0n);
});

test("count asks for the next incarnation as soon as it is minted", async () => {
  const server = await LikesServerHarness.start();
  await server.connect({ appliedSequence: 3 }); // beyond its end: parks it, mints the next
  assert.is(server.core.incarnation, testId(0x100));
  count(server, 1);
  const { fetch } = server.all("fetch_counts")[0] ?? {};
  assert.equal(fetch?.incarnations, [FIRST, testId(0x100)]);
});

test("count refuses too many items or an invalid id without asking", async () => {
  const server = await LikesServerHarness.admitted();
  const itemIds = Array.from({ length: 1_001 }, (_, index) => `item-${index}`);
  server.drive({ type: "count", query: { requestId: 1, itemIds, limit: 0 } });
  server.drive({ type: "count", query: { requestId: 2, itemIds: ["__proto__"], limit: 0 } });
  server.drive({ type: "count", query: { requestId: 3, itemIds: [], limit: 1_001 } });
  assert.equal(
    [1, 2, 3].map((requestId) => refusalOf(server, requestId)),
    ["usage", "like_invalid", "usage"],
  );
  assert.is(server.all("fetch_counts").length, 0);
});

test.run();

function count(server: LikesServerHarness, requestId: number): void {
  server.drive({ type: "count", query: { requestId, itemIds: ["video"], limit: 0 } });
}

function outcomeOf(server: LikesServerHarness, requestId: number) {
  const counted = server.all("counted").filter((action) => action.requestId === requestId);
  assert.is(counted.length, 1, "it was answered once");
  return counted[0]?.outcome;
}

function pendingOf(server: LikesServerHarness, requestId: number): bigint | undefined {
  const outcome = outcomeOf(server, requestId);
  if (outcome?.type !== "counted") throw new Error("it was refused");
  return outcome.counts[0]?.fetched?.pending?.likes;
}

function refusalOf(server: LikesServerHarness, requestId: number): string | undefined {
  const outcome = outcomeOf(server, requestId);
  return outcome?.type === "refused" ? outcome.refusal.code : undefined;
}
