/**
 * Totals beyond 2^53 and up to 2^63 - 1, written directly into the stores because no test could add
 * them like by like. Every output shows them to the last digit, and no total exceeds the limit.
 */
// nightly because it starts every reader of the counter for one number
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Database } from "../../src/store/sqlite/sqlite.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  LIKES_PER_EVENT_MAX,
  TOTAL_LIKES_ACCEPTING_MAX,
  TOTAL_LIKES_MAX,
} from "../../src/limits.ts";
import { DeliveryPeer, batchAfter, newIdentity } from "../fixtures/delivery_peer.ts";
import { becomes } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { sampleOf } from "../fixtures/extent.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";

test("a total beyond 2^53 is exact and shown to the last digit everywhere", async () => {
  await using counter = new Counter();
  const totals = [
    [2n ** 53n - 2n, 2n ** 53n + 3n],
    [TOTAL_LIKES_ACCEPTING_MAX - 5n, TOTAL_LIKES_ACCEPTING_MAX],
  ] as const;
  for (const [planted, total] of sampleOf(totals, 1)) {
    const { primary, a } = await startedWith(counter, planted);
    await counter.add(a, 5);
    assert.is(await expectExact(counter, { a }, [], { retained: false }), total);
    const digits = String(total);
    const grouped = digits.replace(/\B(?=(?:\d{3})+$)/g, ",");
    await expectPrinted(counter, ["status", "--once", "--primary", counter.primary], grouped);
    await expectPrinted(
      counter,
      ["status", "--once", "--json", "--primary", counter.primary],
      digits,
    );
    await expectPrinted(counter, ["count", "video", "--primary", counter.primary], grouped);
    await expectPrinted(counter, ["count", "--json", "--primary", counter.primary], digits);
    for (const log of ["PrimaryLikesServer", "LikesServer-a"]) {
      await becomes(`the total in the log of ${log}`, () => {
        return readFileSync(join(counter.logDir, log, "log.txt"), "utf8").includes(digits);
      });
    }
    await Promise.all([primary, a].map((role) => role.end("SIGKILL")));
  }
});

test("a total never goes beyond what its store can hold", async () => {
  await using counter = new Counter();
  const { primary, a } = await startedWith(counter, TOTAL_LIKES_MAX - 7n);
  await becomes("the total shown", async () => {
    return (await counter.total(a)).totalLikes === TOTAL_LIKES_MAX - 7n;
  });
  const { code, stderr } = await counter.likes(["add", "video", "5", "--server", a.address]);
  assert.is(code, 1, stderr);
  assert.match(stderr, `the total is ${TOTAL_LIKES_MAX - 7n}, and no more are accepted from`);
  // One that keeps no bound is stopped at the end of the numbers, and nobody else is.
  const identity = newIdentity("boundless");
  await using peer = await DeliveryPeer.admitted(counter.primary, identity);
  const { batch, after } = batchAfter(identity.incarnation, undefined, [7]);
  peer.say(batch);
  assert.is((await peer.next("ack")).appliedSequence, 1);
  peer.say(batchAfter(identity.incarnation, after, [1]).batch);
  const end = await peer.ended();
  assert.is(end.fault, "message_invalid", end.details);
  assert.match(end.details, `the total could be ${TOTAL_LIKES_MAX + 1n}`);
  assert.is((await counter.status()).totalLikes, TOTAL_LIKES_MAX);
  await expectPrinted(
    counter,
    ["count", "video", "--json", "--primary", counter.primary],
    `${TOTAL_LIKES_MAX}`,
  );
  assert.not(primary.hasEnded);
  const stored = new Database(join(counter.dataDir, "primary", "ledger.sqlite"), {
    isReadOnly: true,
  });
  assert.equal(stored.prepare("SELECT typeof(total_likes) FROM ledger").pluck().all(), ["integer"]);
  assert.equal(stored.prepare("SELECT DISTINCT typeof(likes) FROM items").pluck().all(), [
    "integer",
  ]);
  stored.close();
});

/** A primary and its LikesServer `a` that have counted `likes` of the item `video`. */
async function startedWith(
  counter: Counter,
  likes: bigint,
): Promise<{ readonly primary: Role; readonly a: Role }> {
  const first = await counter.startPrimary();
  await (await counter.startAccepting("a")).end("SIGKILL");
  await first.end("SIGKILL");
  plant(join(counter.dataDir, "primary", "ledger.sqlite"), likes, [
    "UPDATE ledger SET total_likes = ?, version = version + 1, total_version = version + 1",
    "UPDATE members SET applied_likes = ?",
    "INSERT INTO items (item_id, likes) VALUES ('video', ?) " +
      "ON CONFLICT DO UPDATE SET likes = excluded.likes",
    "DELETE FROM intake WHERE likes < ?",
  ]);
  const outbox = join(counter.outboxDir("a"), "outbox.sqlite");
  plant(outbox, likes, ["UPDATE outbox SET purged_likes = ?"]);
  const more = counter.tally("a").likes - likes;
  plant(outbox, likes - more, ["UPDATE outbox SET purged_likes = ?"]);
  // As many events as the likes need, of an incarnation that was delivered and purged long ago.
  const events = likes / BigInt(LIKES_PER_EVENT_MAX) + 1n;
  plant(outbox, events, ["UPDATE outbox SET purged_events = ?"]);
  const life =
    "INSERT OR IGNORE INTO incarnations (incarnation, outbox_id, digest, state, applied_sequence)";
  const delivered = "0".repeat(32);
  plant(join(counter.dataDir, "primary", "ledger.sqlite"), events, [
    `${life} SELECT '${delivered}', outbox_id, '${delivered}', 'closed', 0 FROM members WHERE ?`,
    `UPDATE incarnations SET applied_sequence = ? WHERE incarnation = '${delivered}'`,
    "UPDATE members SET applied_events = ?",
  ]);
  return { primary: await counter.startPrimary(), a: await counter.startLikes("a") };
}

function plant(path: string, likes: bigint, statements: readonly string[]): void {
  const database = new Database(path);
  for (const sql of statements) database.prepare<[bigint]>(sql).run(likes);
  database.close();
}

async function expectPrinted(
  counter: Counter,
  args: readonly string[],
  digits: string,
): Promise<void> {
  const { stdout, stderr } = await counter.likes(args);
  assert.ok(stdout.includes(digits), `no ${digits} in ${stdout}${stderr}`);
}

test.run();
