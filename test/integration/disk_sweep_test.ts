/**
 * A disk that fails at each of its first calls in turn: the N-th sync, write or read of a store,
 * from its opening on. After each failure, the role ends with the reason, or the primary opens its
 * ledger again, or the failure was not met. In the end, everything acknowledged between the failures
 * is there, and nothing else.
 *
 * Each start also repairs what the failure before it left behind.
 */
// nightly because it tries many failures one by one
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError, messageOf } from "../../src/errors.ts";
import { PRIMARY_LOG_NAME, likesServerLogName } from "../../src/log/log_file.ts";
import { PrimaryClient } from "../../src/rpc/client/primary_client.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { OPENED_AGAIN, failing, hasTracer } from "../fixtures/failing_disk.ts";
import type { Failing } from "../fixtures/failing_disk.ts";
import { Clients } from "../fixtures/clients.ts";
import type { ClientRecord } from "../fixtures/clients.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";

const FIRST = Array.from({ length: 12 }, (_, index) => index + 1);
const CALLS = ["fsync", "pwrite64", "pread64"] as const;
const SWEPT = {
  /** A commit and a fold make one each. */
  fsync: FIRST,
  /** A commit and a fold make two for each page. */
  pwrite64: [...FIRST, 16, 20, 24, 28, 32, 40, 48, 56, 64],
  /** Opening a store makes dozens; later ones are rare. */
  pread64: [1, 2, 3, 5, 8, 12, 16, 20, 24, 28],
};
/** Minimum of failures that must hit, per kind of call. With fewer, the sweep proves little. */
const HIT_MIN = {
  fsync: SWEPT.fsync.length - 2,
  pwrite64: SWEPT.pwrite64.length - 2,
  pread64: 4,
};
/** Minimum of folds between the failures of a primary. With fewer, hardly any failure hits one. */
const FOLDS_MIN = 12;
/** Events added, or pages read that differ: by then each swept call has been made many times. */
const WORK_MIN = 48;
const POLL_MS = 10;
const CALL_WAIT_MS = 60_000;
const REASON = /Cannot (?:open|keep using) the (?:outbox|ledger) ".*"/;

/** A role to sweep. */
interface Swept {
  readonly name: string;
  /** The store whose calls fail. */
  readonly folder: string;
  /** The file of its log. */
  readonly log: string;
  start(through: readonly string[]): Promise<Role>;
  /** Gives the role work until `isOver`, or until it has done WORK_MIN of it. */
  work(role: Role, isOver: () => boolean): Promise<void>;
}

test("each early failure of its disk ends a LikesServer with the reason, and loses nothing", async () => {
  if (!hasTracer()) return;
  await using counter = new Counter();
  await counter.startPrimary();
  await (await counter.startAccepting("a")).end("SIGKILL");
  const records: ClientRecord[] = [];
  await sweep({
    name: "LikesServer",
    folder: counter.outboxDir("a"),
    log: join(counter.logDir, likesServerLogName("a"), "log.txt"),
    start: (through) => counter.startLikes("a", { through }),
    work: async (role, isOver) => {
      await using clients = new Clients(role.address, { name: `${records.length}`, clients: 2 });
      while (!isOver() && clients.acceptedEvents < WORK_MIN) await pause(POLL_MS);
      records.push(...(await clients.stop()));
    },
  });
  const a = await counter.startLikes("a");
  assert.ok((await expectExact(counter, { a }, records)) > 0n, "something was accepted");
});

test("each early failure of its disk ends a primary or its opening, and counts nothing twice", async () => {
  if (!hasTracer()) return;
  await using counter = new Counter();
  const first = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await first.end("SIGKILL");
  await using clients = new Clients(a.address, { name: "a", clients: 2 });
  const totals: bigint[] = [];
  await sweep({
    name: "primary",
    folder: join(counter.dataDir, "primary"),
    log: join(counter.logDir, PRIMARY_LOG_NAME, "log.txt"),
    start: (through) => counter.startPrimary({ through }),
    work: async (role, isOver) => {
      totals.push(...(await readTotals(role.address, isOver)));
    },
  });
  const folds = new Set(totals).size - 1;
  console.log(`primary: ${folds} folds`);
  assert.ok(folds >= FOLDS_MIN, `${folds} folds`);
  for (const [index, total] of totals.entries()) {
    assert.ok(total >= (totals[index - 1] ?? 0n), "no page is below an earlier one");
  }
  await counter.startPrimary();
  const total = await expectExact(counter, { a }, await clients.stop());
  assert.ok(total > 0n, "something was accepted");
});

/**
 * Reads pages of counts until `isOver`, or until WORK_MIN of them differ. Returns the sums of those
 * that differ. The intake is empty when a page is read, so there was a fold between two of them.
 */
async function readTotals(address: string, isOver: () => boolean): Promise<readonly bigint[]> {
  const client = new PrimaryClient(address);
  const totals: bigint[] = [];
  while (!isOver() && totals.length < WORK_MIN) {
    const total = await totalOfPage(client);
    if (total === undefined) await pause(POLL_MS);
    else if (total !== totals.at(-1)) totals.push(total);
  }
  client.close();
  return totals;
}

/** Returns the sum of a page, or undefined while the primary ends or opens its ledger again. */
async function totalOfPage(client: PrimaryClient): Promise<bigint | undefined> {
  try {
    const { counts } = await client.counts({}, CALL_WAIT_MS);
    return counts.reduce((sum, { likes }) => sum + likes, 0n);
  } catch (error) {
    if (!(error instanceof LikesError)) throw error;
    return undefined;
  }
}

/** Starts the role once per failure, and kills it when the failure did not end it. */
async function sweep(swept: Swept): Promise<void> {
  for (const call of CALLS) {
    let hit = 0;
    for (const nth of SWEPT[call]) if (await hits(swept, call, nth)) hit++;
    console.log(`${swept.name}: ${hit} of ${SWEPT[call].length} failures of ${call} hit`);
    assert.ok(hit >= HIT_MIN[call], `${swept.name}: ${hit} failures of ${call} hit`);
  }
}

/** Returns whether the failure hit: the role has ended with the reason, or opened its store again. */
async function hits(swept: Swept, call: Failing["call"], nth: number): Promise<boolean> {
  const what = `${swept.name} ${call} ${nth}`;
  const before = readFileSync(swept.log, "utf8").length;
  const hasReopened = (): boolean => {
    return OPENED_AGAIN.test(readFileSync(swept.log, "utf8").slice(before));
  };
  const fault: Failing = { call, error: "EIO", when: `${nth}` };
  const found = await swept.start(failing(fault, swept.folder)).catch(messageOf);
  if (typeof found === "string") {
    assert.match(found, /^It ended with 1 without/, `${what}: ${found}`);
    assert.match(found, REASON, `${what}: ${found}`);
    return true;
  }
  await swept.work(found, () => found.hasEnded || hasReopened());
  const { code, signal, stderr } = await found.end("SIGKILL");
  if (signal === "SIGKILL") return hasReopened();
  assert.is(code, 1, `${what}: ${stderr}`);
  assert.match(stderr, REASON, `${what}: ${stderr}`);
  return true;
}

test.run();
