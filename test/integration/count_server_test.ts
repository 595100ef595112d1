/** Counts at a LikesServer, on real processes: exact with its own likes, even without a primary. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COUNTS_FRESH_MS } from "../../src/limits.ts";
import { LikesClient } from "../../src/rpc/client/likes_client.ts";
import type { CachedLikes } from "../../src/core/likes_server/count_cache.ts";
import { becomes, eventually } from "../fixtures/eventually.ts";
import { Clients } from "../fixtures/clients.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";

const CALL_WAIT_MS = 60_000;
const ASKS = 100;
/** Likes of one call of a client. */
const LIKES_MAX = 1_000n;

test("likes count --server shows cached likes with their age while the primary is away", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const server = await counter.startAccepting("a");
  await counter.add(server, 5);
  assert.is((await counter.likes(["status", "--wait", "--primary", counter.primary])).code, 0);
  const at = ["--server", server.address];
  const fetched = await counter.likes(["count", "video", ...at]);
  assert.match(
    fetched.stdout,
    /^item +likes +\+here +fetched\nvideo +5 +0 +[\d.]+ s ago\n\ncached by a/,
  );
  const ranking = await counter.likes(["count", ...at]);
  assert.match(ranking.stdout, /\nvideo +5 /);

  await primary.end("SIGKILL");
  await counter.add(server, 7);
  const away = await becomesAway(server);
  assert.is(away.likes, 5n);
  assert.is(away.pending?.likes, 7n, "its own likes are separate");
  const named = await counter.likes(["count", "video", "never", "--json", ...at]);
  const { serverId, counts } = JSON.parse(named.stdout);
  assert.is(serverId, "a");
  assert.is(counts[0].likes, "5");
  assert.is(counts[0].pendingLikes, "7");
  assert.ok(Number(counts[0].ageMs) > 1_000, "the count has its age");
  assert.equal(counts[1], { itemId: "never" }, "an unknown count is absent, not 0");
  const most = await counter.likes(["count", ...at]);
  assert.match(most.stdout, /\nvideo +5 +7 /);
  const unknown = await counter.likes(["count", "never", ...at]);
  assert.is(unknown.code, 3);
  assert.match(unknown.stderr, "Cannot tell the likes at a: they are not cached");

  await counter.startPrimary();
  await becomes("the likes of both", async () => {
    const { likes, pending } = await countAt(server);
    return likes === 12n && pending?.likes === 0n;
  });
});

test("count plus own likes always equals all acknowledged likes, even across restarts", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const server = await counter.startAccepting("a");
  await counter.add(server, 1, "mine/0");
  await using clients = new Clients(server.address, { name: "mine", clients: 1 });
  const client = new LikesClient(server.address);
  const [record] = clients.records;
  if (record === undefined) throw new Error("There is no client");
  let told = 0;
  /** Asks for the count and checks it. Returns its age. */
  const ask = async (): Promise<number> => {
    const before = 1n + record.accepted;
    const { counts } = await client.counts({ itemIds: ["mine/0"], limit: 0 }, CALL_WAIT_MS);
    // At most one call of this client is in flight: it waits for each answer.
    const after = 1n + record.accepted + record.unknown + LIKES_MAX;
    const { likes, pending, ageMs } = counts[0]?.fetched ?? missing();
    if (pending === undefined) return ageMs;
    told++;
    const all = likes + pending.likes;
    assert.ok(before <= all && all <= after, `${likes} + ${pending.likes} in ${before}..${after}`);
    return ageMs;
  };
  for (let asked = 0; asked < ASKS; asked++) await ask();
  await primary.end("SIGKILL");
  await becomes("old counts", async () => (await ask()) > COUNTS_FRESH_MS);
  for (let asked = 0; asked < ASKS; asked++) await ask();
  await counter.startPrimary();
  await becomes("fresh counts", async () => (await ask()) <= COUNTS_FRESH_MS);
  for (let asked = 0; asked < ASKS; asked++) await ask();
  client.close();
  assert.ok(told > ASKS, `only ${told} answers had pending own likes`);
});

test.run();

/** Waits until the count is older than the primary's death, and returns it. */
function becomesAway(server: Role): Promise<CachedLikes> {
  return eventually("a count that is old", async () => {
    const fetched = await countAt(server);
    return fetched.ageMs > COUNTS_FRESH_MS ? fetched : undefined;
  });
}

async function countAt({ address }: Role): Promise<CachedLikes> {
  const client = new LikesClient(address);
  try {
    const { counts } = await client.counts({ itemIds: ["video"], limit: 0 }, CALL_WAIT_MS);
    return counts[0]?.fetched ?? missing();
  } finally {
    client.close();
  }
}

function missing(): never {
  throw new Error("The count is not known");
}
