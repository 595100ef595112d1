/** Counts at the primary: bulk and pages, on real processes, while likes arrive. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesClient } from "../../src/rpc/client/likes_client.ts";
import { becomes } from "../fixtures/eventually.ts";
import { Clients } from "../fixtures/clients.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";

const CALL_WAIT_MS = 120_000;
const ITEMS = 1_000;

test("likes count shows 1,000 named items, and every item once by id while likes arrive", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const server = await counter.startAccepting("a");
  const itemIds = Array.from({ length: ITEMS }, (_, index) => `item-${index}`);
  await like(server, itemIds);
  const at = ["--primary", counter.primary];
  assert.is((await counter.likes(["status", "--wait", ...at])).code, 0);

  const bulk = await counter.likes(["count", ...itemIds, "--json", ...at]);
  assert.equal(idsOf(bulk.stdout), itemIds, bulk.stderr);
  const one = await counter.likes(["count", ...itemIds, "one more", ...at]);
  assert.is(one.code, 2);
  assert.match(one.stderr, "Cannot count 1001 items: at most 1000");

  const { totalLikes } = await counter.status();
  await using clients = new Clients(server.address, { name: "meanwhile" });
  await becomes("more items counted", async () => {
    return (await counter.status()).totalLikes > totalLikes;
  });
  const all = await counter.likes(["count", "--all", "--order", "item-id", "--json", ...at]);
  assert.is(all.stdout.trimEnd().split("\n").length, 2, "1,000 items and the new ones: 2 pages");
  await clients.stop();
  const ids = idsOf(all.stdout);
  assert.equal(ids.filter((id) => id.startsWith("item-")).toSorted(), itemIds.toSorted());
  assert.is(new Set(ids).size, ids.length);
});

test("likes count prints the command for the next page, which continues there", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const server = await counter.startAccepting("a");
  for (const [index, itemId] of ["it's one", "two", "three"].entries()) {
    await counter.add(server, 10 - index, itemId);
  }
  const at = ["--primary", counter.primary];
  assert.is((await counter.likes(["status", "--wait", ...at])).code, 0);
  const first = await counter.likes(["count", "--limit", "1", ...at]);
  assert.match(first.stdout, /^item +likes\nit's one +10\n\nCONVERGED as of /);
  assert.match(
    first.stderr,
    /^more: likes count --primary \S+ --limit 1 --page '.*\/10\/it'\\''s one'\n$/,
  );
  const json = await counter.likes(["count", "--limit", "1", "--json", ...at]);
  const { nextPageToken } = JSON.parse(json.stdout);
  const rest = await counter.likes(["count", "--page", nextPageToken, ...at]);
  assert.match(rest.stdout, /^item +likes\ntwo +9\nthree +8\n/);
  assert.is(rest.stderr, "", "no page follows");
  const empty = await counter.likes(["count", "--page", "", ...at]);
  assert.match(empty.stdout, "it's one");
  const bad = await counter.likes(["count", "--page", "x", ...at]);
  assert.is(bad.code, 2);
  assert.match(bad.stderr, 'Cannot continue from the page token "x": this call did not issue it');
  const both = await counter.likes(["count", "two", "--all", ...at]);
  assert.is(both.code, 2);
  const limited = await counter.likes(["count", "--all", "--limit", "3", ...at]);
  assert.is(limited.code, 2);
  assert.match(limited.stderr, "Cannot limit all items: leave --limit out, or --all");
  const there = await counter.likes(["count", "--all", "--server", server.address]);
  assert.is(there.code, 2);
  assert.match(there.stderr, "Cannot page through the items at a LikesServer: ask the primary");
});

test.run();

async function like({ address }: Role, itemIds: readonly string[]): Promise<void> {
  const client = new LikesClient(address);
  await Promise.all(itemIds.map((itemId) => client.addLikes({ itemId, likes: 1n }, CALL_WAIT_MS)));
  client.close();
}

/** Returns the ids in the order of the pages that `--json` printed. */
function idsOf(stdout: string): readonly string[] {
  const pages = stdout.trimEnd().split("\n");
  return pages.flatMap((page) => {
    const { counts } = JSON.parse(page) as { readonly counts: readonly { itemId: string }[] };
    return counts.map(({ itemId }) => itemId);
  });
}
