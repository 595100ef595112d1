/**
 * Many distinct items through both roles. A role keeps items on disk, not in memory. Pages over all
 * items are complete. The most liked items are found as fast as among few items.
 */
// nightly because it creates 50,000 items
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COUNTS_MAX, RECENT_EVENTS_MAX } from "../../src/limits.ts";
import { LikesClient } from "../../src/rpc/client/likes_client.ts";
import { PrimaryClient } from "../../src/rpc/client/primary_client.ts";
import { becomes } from "../fixtures/eventually.ts";
import { residentBytes } from "../fixtures/resident_memory.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";
import { askFootprint, footprintEnv, leastFootprint } from "../leaks/footprint.ts";

const ITEMS = 50_000;
const FEW_ITEMS = 1_000;
const CALLS_AT_ONCE = 500;
const CALL_WAIT_MS = 30_000;
/**
 * If a role kept memory per item, both halves of the load would add the same. The first half also
 * fills bounded structures and warms up code and caches. A ratio of one half separates both cases.
 */
const GROWTH_RATIO_MAX = 0.5;
/** Noise of the heap: 20 bytes per item of one half. An id in a map takes over 100. */
const HEAP_NOISE_BYTES = 20 * (ITEMS / 2);
/** Noise of resident memory, which the allocator keeps and returns at its discretion. */
const RESIDENT_NOISE_BYTES = 8 * 1024 * 1024;
/**
 * V8's young generation grows to three of these with the load, not with live data: 48 MiB by
 * default.
 */
const SEMI_SPACE_MIB = 1;
/** A scan of 50 times as many items takes 50 times as long; a tree with one more level, hardly. */
const PAGE_TIME_RATIO_MAX = 4;
const PAGES_TIMED = 300;
const PAGE_ITEMS = 100;

test("memory stays and pages are complete when there are 50,000 distinct items", async () => {
  assert.ok(RECENT_EVENTS_MAX < ITEMS / 2, "bounded structures are full after the first half");
  await using counter = new Counter();
  const { NODE_OPTIONS } = footprintEnv();
  const env = { NODE_OPTIONS: `${NODE_OPTIONS} --max-semi-space-size=${SEMI_SPACE_MIB}` };
  const primary = await counter.startPrimary({ env });
  const a = await counter.startAccepting("a", { env });
  const roles = { primary, a };
  const held = [await heldBy(roles)];
  for (const half of [0, 1]) {
    await addItems(a, (half * ITEMS) / 2, ((half + 1) * ITEMS) / 2);
    await counted(counter);
    held.push(await heldBy(roles));
  }
  for (const name of ["primary", "a"] as const) {
    const heap = held.map((one) => one[name].heapBytes);
    const resident = held.map((one) => one[name].residentBytes);
    console.log(`${name}: heap ${heap.join(", ")}; resident ${resident.join(", ")} bytes`);
    expectLevel(`heap of ${name}`, heap, HEAP_NOISE_BYTES);
    expectLevel(`resident memory of ${name}`, resident, RESIDENT_NOISE_BYTES);
  }
  await using few = new Counter();
  await few.startPrimary();
  await addItems(await few.startAccepting("a"), 0, FEW_ITEMS);
  await counted(few);
  await expectPages(counter, ITEMS);
  await expectPages(few, FEW_ITEMS);
  await expectAsFast(counter, few);
});

/** Checks that the second half adds less than half of the first one's growth, or only noise. */
function expectLevel(what: string, held: readonly number[], noiseBytes: number): void {
  const [start = 0, middle = 0, end = 0] = held;
  const boundBytes = Math.max((middle - start) * GROWTH_RATIO_MAX, noiseBytes);
  assert.ok(end - middle < boundBytes, `${what}: ${held.join(", ")} bytes`);
}

/** Adds to each numbered item of a range the likes for its number. */
async function addItems({ address }: Role, from: number, to: number): Promise<void> {
  const client = new LikesClient(address);
  let next = from;
  const add = async (): Promise<void> => {
    for (let index = next++; index < to; index = next++) {
      await client.addLikes({ itemId: itemId(index), likes: BigInt(index % 1_000) }, CALL_WAIT_MS);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, add));
  client.close();
}

/** Returns the id of an item, scattered so that items do not arrive in the order of ids. */
function itemId(index: number): string {
  return `item-${String((index * 7_919) % ITEMS).padStart(6, "0")}`;
}

/** Waits until the primary has counted all that the LikesServer accepted, and both know it. */
async function counted(counter: Counter): Promise<void> {
  const { events, likes } = counter.tally("a");
  await becomes(`${events} events counted`, async () => {
    const { totalLikes, everywhere } = await counter.status();
    return everywhere && totalLikes === likes;
  });
}

/** The heap of the roles after garbage collection, and their resident memory. */
async function heldBy<T extends string>(roles: Readonly<Record<T, Role>>) {
  const held = {} as Record<T, { readonly heapBytes: number; readonly residentBytes: number }>;
  for (const name of Object.keys(roles) as T[]) {
    const footprints = [];
    for (let times = 0; times < 3; times++) footprints.push(await askFootprint(roles[name]));
    const { heapBytes } = leastFootprint(footprints);
    held[name] = { heapBytes, residentBytes: residentBytes(roles[name].pid) ?? 0 };
  }
  return held;
}

/**
 * Checks pages over all items, by id and by likes: each item comes once, in order, with its likes.
 */
async function expectPages(counter: Counter, items: number): Promise<void> {
  const likes = new Map(
    Array.from({ length: items }, (_, index) => [itemId(index), BigInt(index % 1_000)]),
  );
  const client = new PrimaryClient(counter.primary);
  for (const order of ["item_id", "most_liked"] as const) {
    const found: { readonly itemId: string; readonly likes: bigint }[] = [];
    let pageToken = "";
    do {
      const asked = pageToken === "" ? { order } : {};
      const page = await client.counts({ ...asked, pageSize: COUNTS_MAX, pageToken }, CALL_WAIT_MS);
      found.push(...page.counts);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    assert.is(found.length, items, order);
    assert.is(new Set(found.map((one) => one.itemId)).size, items, `${order}: each once`);
    for (const [at, one] of found.entries()) {
      assert.is(one.likes, likes.get(one.itemId), one.itemId);
      const before = found[at - 1];
      if (before === undefined) continue;
      const isById = before.itemId < one.itemId;
      const isInOrder = order === "item_id" || before.likes === one.likes ? isById : undefined;
      assert.ok(isInOrder ?? before.likes > one.likes, `${order}: ${before.itemId}, ${one.itemId}`);
    }
  }
  client.close();
}

/** Checks that the two most liked pages take as long among many items as among few. */
async function expectAsFast(many: Counter, few: Counter): Promise<void> {
  const clients = [many, few].map(({ primary }) => new PrimaryClient(primary));
  const times: number[][] = [[], []];
  for (let round = 0; round < PAGES_TIMED; round++) {
    for (const [index, client] of clients.entries()) {
      const startedMs = performance.now();
      const { nextPageToken: pageToken } = await client.counts(
        { order: "most_liked", pageSize: PAGE_ITEMS },
        CALL_WAIT_MS,
      );
      await client.counts({ pageSize: PAGE_ITEMS, pageToken }, CALL_WAIT_MS);
      times[index]?.push(performance.now() - startedMs);
    }
  }
  for (const client of clients) client.close();
  const [manyMs = 0, fewMs = 0] = times.map(
    (one) => one.toSorted((x, y) => x - y)[PAGES_TIMED / 2],
  );
  console.log(`two pages: ${manyMs.toFixed(2)} ms of ${ITEMS} items, ${fewMs.toFixed(2)} of a few`);
  assert.ok(manyMs < PAGE_TIME_RATIO_MAX * fewMs, `${manyMs} and ${fewMs} ms`);
}

test.run();
