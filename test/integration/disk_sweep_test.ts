/**
 * A disk that fails at each of its first calls in turn: the N-th sync, write or read of a store,
 * from its opening on. After each failure, the process exits with the reason, or was not affected.
 * In the end, everything acknowledged between the failures is there, and nothing else.
 *
 * Each start also repairs what the failure before it left behind. Both roles are swept at the same
 * time, each in its own counter.
 */
// nightly because it tries many failures one by one
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { messageOf } from "../../src/errors.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { extent, sampleOf } from "../fixtures/extent.ts";
import { failing, hasTracer } from "../fixtures/failing_disk.ts";
import type { Failing } from "../fixtures/failing_disk.ts";
import { Clients } from "../fixtures/clients.ts";
import type { ClientRecord } from "../fixtures/clients.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";

const CALLS_SWEPT = 12;
/** Opening a store makes dozens of reads; later ones are rare. */
const READS_SWEPT = [1, 2, 3, 5, 8, 12, 16, 20, 24, 28];
const CALLS = Array.from({ length: CALLS_SWEPT }, (_, index) => index + 1);
const PART = 1;
const SWEPT = {
  fsync: sampleOf(CALLS, PART),
  pwrite64: sampleOf(CALLS, PART),
  pread64: sampleOf(READS_SWEPT, PART),
};
const FAULTS: readonly Failing[] = (["fsync", "pwrite64", "pread64"] as const).flatMap((call) => {
  return SWEPT[call].map((nth) => failure(call, nth));
});
/** Minimum of failures that must hit, per kind of call. With fewer, the sweep proves little. */
const HIT_MIN = {
  fsync: extent(1, CALLS_SWEPT - 2),
  pwrite64: extent(1, CALLS_SWEPT - 2),
  pread64: extent(1, 4),
};
/** Events added, or versions committed: by then each swept call has been made many times. */
const WORK_MIN = 4 * CALLS_SWEPT;
const POLL_MS = 10;
const REASON = /Cannot (?:use|open|read) the (?:outbox|ledger) ".*"/;

/** A role to sweep. */
interface Swept {
  readonly name: string;
  /** The store whose calls fail. */
  readonly folder: string;
  start(through: readonly string[]): Promise<Role>;
  /** Gives the role work until it has ended, or has done WORK_MIN of it. */
  work(role: Role): Promise<void>;
}

test("each early failure of the disk ends a role with the reason, and loses nothing", async () => {
  if (!hasTracer()) return;
  await using first = new Counter();
  await using second = new Counter();
  await Promise.all([sweepLikesServer(first), sweepPrimary(second)]);
});

async function sweepLikesServer(counter: Counter): Promise<void> {
  await counter.startPrimary();
  await (await counter.startAccepting("a")).end("SIGKILL");
  const records: ClientRecord[] = [];
  await sweep({
    name: "LikesServer",
    folder: counter.outboxDir("a"),
    start: (through) => counter.startLikes("a", { through }),
    work: async (role) => {
      await using clients = new Clients(role.address, { name: `${records.length}`, clients: 2 });
      while (!role.hasEnded && clients.acceptedEvents < WORK_MIN) await pause(POLL_MS);
      records.push(...(await clients.stop()));
    },
  });
  const a = await counter.startLikes("a");
  assert.ok((await expectExact(counter, { a }, records)) > 0n, "something was accepted");
}

async function sweepPrimary(counter: Counter): Promise<void> {
  const first = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await first.end("SIGKILL");
  await using clients = new Clients(a.address, { name: "a", clients: 2 });
  await sweep({
    name: "primary",
    folder: join(counter.dataDir, "primary"),
    start: (through) => counter.startPrimary({ through }),
    work: async (role) => {
      let first: number | undefined;
      while (!role.hasEnded) {
        const version = await counter.status().then(
          (status) => status.version,
          () => first, // it is about to end
        );
        first ??= version;
        if (version !== undefined && first !== undefined && version >= first + WORK_MIN) return;
        await pause(POLL_MS);
      }
    },
  });
  await counter.startPrimary();
  const total = await expectExact(counter, { a }, await clients.stop());
  assert.ok(total > 0n, "something was accepted");
}

/** Starts the role once per failure, and kills it when the failure did not. */
async function sweep(swept: Swept): Promise<void> {
  const hit = { fsync: 0, pwrite64: 0, pread64: 0 };
  for (const fault of FAULTS) if (await hits(swept, fault)) hit[fault.call]++;
  console.log(`${swept.name}: ${JSON.stringify(hit)} of ${FAULTS.length} failures hit`);
  for (const call of ["fsync", "pwrite64", "pread64"] as const) {
    assert.ok(hit[call] >= HIT_MIN[call], `${swept.name}: ${hit[call]} failures of ${call} hit`);
  }
}

/** Returns whether the failure hit, after which the process has exited with the reason. */
async function hits(swept: Swept, fault: Failing): Promise<boolean> {
  const what = `${swept.name} ${fault.call} ${fault.when}`;
  const found = await swept.start(failing(fault, swept.folder)).catch(messageOf);
  if (typeof found === "string") {
    assert.match(found, /^It ended with 1 without/, what);
    assert.match(found, REASON, what);
    return true;
  }
  await swept.work(found);
  if (!found.hasEnded) {
    await found.end("SIGKILL");
    return false;
  }
  const { code, stderr } = await found.result();
  assert.is(code, 1, `${what}: ${stderr}`);
  assert.match(stderr, REASON, what);
  return true;
}

function failure(call: Failing["call"], nth: number): Failing {
  return { call, error: "EIO", when: `${nth}` };
}

test.run();
