/**
 * While the primary is away, a member keeps accepting, even across its own restart. It then
 * delivers the backlog in order and in bounded batches. The outbox is the buffer, not memory.
 */
// nightly because it fills an outbox to its bound
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { becomes } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { extent } from "../fixtures/extent.ts";
import { flood } from "../fixtures/flood.ts";
import { healthOf } from "../fixtures/health.ts";
import { residentBytes } from "../fixtures/resident_memory.ts";
import { Counter } from "../fixtures/roles.ts";

const EVENTS = extent(10_000, 30_000);
/** Part of an item id, to make the backlog many batches long. */
const LONG = "/long".repeat(40);
const MIB = 1024 * 1024;
/** The same young generation on every Node. By default, Node 26 has twice that of Node 20. */
const YOUNG_HEAP = { NODE_OPTIONS: "--max-semi-space-size=16" };
/**
 * A LikesServer's allowed growth over a backlog: room for uncollected heap, not for the backlog. It
 * grew by 89 MiB on Node 20, and by 112 MiB on 24, which collects later.
 */
const GROWTH_BYTES_MAX = 160 * MIB;

test("a LikesServer that was never admitted accepts nothing, and names the primary", async () => {
  await using counter = new Counter();
  const role = await counter.startLikes("a");
  const { code, stderr } = await counter.likes(["add", "video", "5", "--server", role.address]);
  assert.is(code, 3);
  assert.match(stderr, `Cannot accept likes at a: it waits for the primary at ${counter.primary}`);
  assert.match(stderr, "start a primary there");
  assert.is(await healthOf(role.address), "NOT_SERVING");
  assert.is(counter.tally("a").events, 0);
});

test("a backlog of two incarnations is delivered in order, in bounded memory, and counts once", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const first = await counter.startAccepting("a");
  await primary.end("SIGKILL");
  const given = await flood(first.address, EVENTS, `first${LONG}`);
  await first.end("SIGKILL");
  assert.is(counter.tally("a").events, EVENTS, "acknowledged events are on the disk");
  assert.is(counter.tally("a").pendingEvents, EVENTS);

  const role = await counter.startLikes("a", { env: YOUNG_HEAP });
  await flood(role.address, 100, "warm"); // the code is warm, the pages are touched
  const before = residentBytes(role.pid);
  const more = await flood(role.address, EVENTS, `second${LONG}`);
  await counter.startPrimary();
  let peak = 0;
  await becomes("the backlog counted", async () => {
    peak = Math.max(peak, residentBytes(role.pid) ?? 0);
    return (await counter.status()).pendingEvents === 0;
  });
  const total = await expectExact(counter, { a: role }, [given, more]);
  assert.is(counter.tally("a").events, 2 * EVENTS + 100);
  if (before !== undefined) {
    assert.ok(peak - before < GROWTH_BYTES_MAX, `${before} bytes grew to ${peak}`);
  }
  expectInOrder(join(counter.logDir, "PrimaryLikesServer", "log.txt"), total);
});

/** Checks in the primary's log that every batch follows the one before it, and is bounded. */
function expectInOrder(path: string, total: bigint): void {
  const applied = /a #(\d+)(?:\.\.#(\d+))? \+(\d+) .*= (\d+)$/gm;
  let batches = 0;
  let next = 1;
  let shown = 0n;
  for (const [line, from, to = from, , sum = ""] of readFileSync(path, "utf8").matchAll(applied)) {
    if (Number(from) === 1) next = 1; // the second incarnation
    assert.is(Number(from), next, line);
    assert.ok(Number(to) - Number(from) < EVENTS, line);
    next = Number(to) + 1;
    shown = BigInt(sum);
    batches++;
  }
  assert.ok(batches > 20, `${batches} batches`);
  assert.is(shown, total);
}

test.run();
