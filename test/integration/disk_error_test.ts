/**
 * A disk that fails: the N-th write, sync or read of a store returns an error, once or from then
 * on. The process acknowledges nothing more, and ends with the reason. The next process reads the
 * disk afresh: it has everything that was acknowledged, and nothing that was not added.
 */
// nightly because each fault needs all the writes before it
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { becomes, eventually } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { sampleOf } from "../fixtures/extent.ts";
import { OPENED_AGAIN, failing, hasTracer, quotaUsedUp } from "../fixtures/failing_disk.ts";
import type { Failing } from "../fixtures/failing_disk.ts";
import { Clients } from "../fixtures/clients.ts";
import type { ClientRecord } from "../fixtures/clients.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";

const ALL_FAULTS: readonly Failing[] = [
  { call: "fsync", error: "EIO", when: "12" },
  { call: "fsync", error: "EIO", when: "25+" },
  { call: "pwrite64", error: "EIO", when: "60" },
  { call: "pwrite64", error: "EROFS", when: "90+" },
  { call: "fsync", error: "ENOSPC", when: "18" },
  { call: "fsync", error: "EDQUOT", when: "22" },
  // A checkpoint's sync, which comes after some hundred commits.
  { call: "fsync", error: "EIO", when: "1", suffixes: [""] },
];
const FAULTS = sampleOf(ALL_FAULTS, 1);
const STORE = /Cannot keep using the (?:outbox|ledger) ".*": .*SQLITE_\w+.*open the store again/;

test("a LikesServer ends with the reason when its disk fails, and loses nothing", async () => {
  if (!hasTracer()) return;
  await using counter = new Counter();
  await counter.startPrimary();
  let a: Role = await counter.startAccepting("a");
  const records: ClientRecord[] = [];
  for (const fault of FAULTS) {
    await a.end("SIGKILL");
    a = await counter.startLikes("a", {
      through: failing(fault, counter.outboxDir("a")),
    });
    await using clients = new Clients(a.address, { name: `${FAULTS.indexOf(fault)}`, clients: 4 });
    await expectEnd(counter, a, "LikesServer-a", JSON.stringify(fault));
    a = await counter.startLikes("a");
    records.push(...(await clients.stop()));
  }
  const total = await expectExact(counter, { a }, records);
  assert.ok(total > 0n, "something was accepted");
  console.log(`${FAULTS.length} faults, total ${total}`);
});

test("a primary opens its ledger again when its disk fails, or ends, and counts nothing twice", async () => {
  if (!hasTracer()) return;
  await using counter = new Counter();
  let primary: Role = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await using clients = new Clients(a.address, { name: "a", clients: 4 });
  for (const fault of FAULTS) {
    await primary.end("SIGKILL");
    const through = failing(fault, join(counter.dataDir, "primary"));
    const before = logOf(counter, "PrimaryLikesServer").length;
    primary = await counter.startPrimary({ through });
    const what = JSON.stringify(fault);
    await becomes(`an opening that ends after ${what}`, () => {
      const log = logOf(counter, "PrimaryLikesServer").slice(before);
      return primary.hasEnded || OPENED_AGAIN.test(log);
    });
    // A disk that goes on failing cannot be opened.
    if (primary.hasEnded)
      assert.match((await primary.result()).stderr, "Cannot open the ledger", what);
    else await primary.end("SIGKILL");
    primary = await counter.startPrimary();
  }
  const records = await clients.stop();
  await expectExact(counter, { a }, records);
});

test("roles keep running when their disk quota is used up, and count exactly afterwards", async () => {
  if (!hasTracer()) return;
  await using counter = new Counter();
  const whole = await counter.startPrimary();
  // A member, which accepts without a primary.
  await (await counter.startAccepting("a")).end("SIGKILL");
  await whole.end("SIGTERM");
  const ledger = quotaUsedUp("60..120", join(counter.dataDir, "primary"));
  const primary = await counter.startPrimary({ through: ledger });
  const outbox = quotaUsedUp("60..120", counter.outboxDir("a"));
  const a = await counter.startLikes("a", { through: outbox });
  await using clients = new Clients(a.address, { name: "a", clients: 4 });
  for (const log of ["LikesServer-a", "PrimaryLikesServer"]) {
    await becomes(`${log} written again`, () => {
      return /the disk of the (\w+) is full[^]*the \1 is written again/.test(logOf(counter, log));
    });
  }
  const records = await clients.stop();
  assert.ok(records.some(({ refused }) => refused > 0));
  assert.not.ok(a.hasEnded || primary.hasEnded);
  await expectExact(counter, { a }, records);
});

/** Checks that the role exits with 1, and gives the reason on stderr and in its log. */
async function expectEnd(counter: Counter, role: Role, log: string, what: string): Promise<void> {
  await eventually(`the end after ${what}`, () => role.hasEnded || undefined);
  const { code, stderr } = await role.result();
  assert.is(code, 1, `${what}: ${stderr}`);
  assert.match(stderr, STORE, what);
  const lines = logOf(counter, log);
  assert.match(lines.split("\n").slice(-3).join("\n"), /ended: Cannot keep using the/, what);
}

function logOf({ logDir }: Counter, name: string): string {
  return readFileSync(join(logDir, name, "log.txt"), "utf8");
}

test.run();
