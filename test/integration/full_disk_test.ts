/**
 * A full or read-only disk, or a store locked by another program, under each role. Nothing is
 * acknowledged that is not on the disk, clients get the reason, and everything recovers by itself.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../src/errors.ts";
import { LikesClient } from "../../src/rpc/client/likes_client.ts";
import { Database } from "../../src/store/sqlite/sqlite.ts";
import { becomes, eventually } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { healthOf } from "../fixtures/health.ts";
import { Clients } from "../fixtures/clients.ts";
import { Counter } from "../fixtures/roles.ts";
import { SmallDisk } from "../fixtures/small_disk.ts";

const DISK_MIB = 2;
const CALL_WAIT_MS = 60_000;

test("a LikesServer on a full disk rejects likes, and accepts again once there is space", async () => {
  await using counter = new Counter();
  await using disk = SmallDisk.mount(counter.outboxDir("a"), DISK_MIB);
  if (disk === undefined) return;
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const b = await counter.startAccepting("b");
  await using clients = new Clients(a.address, { name: "a" });
  for (let round = 0; round < 2; round++) {
    const before = clients.acceptedEvents;
    await becomes("likes accepted", () => clients.acceptedEvents > before);
    disk.fill();
    assert.match(await refusal(a.address), /^disk_full .*the disk of a is full/);
    const held = clients.acceptedEvents;
    assert.is(await healthOf(a.address, "likes.v1.store"), "NOT_SERVING");
    await counter.add(b, 1, "beside");
    assert.is((await counter.likes(["add", "video", "--server", a.address])).code, 1);
    assert.is(clients.acceptedEvents, held, "nothing is acknowledged while the disk is full");
    disk.free();
  }
  const before = clients.acceptedEvents;
  await becomes("likes accepted again", () => clients.acceptedEvents > before);
  assert.is(await healthOf(a.address, "likes.v1.store"), "SERVING");
  const records = await clients.stop();
  assert.ok(
    records.every(({ refused }) => refused > 0),
    "each client was rejected",
  );
  await expectExact(counter, { a, b }, records);
});

test("a primary on a full disk keeps its status, and continues once there is space", async () => {
  await using counter = new Counter();
  await using disk = SmallDisk.mount(join(counter.dataDir, "primary"), DISK_MIB);
  if (disk === undefined) return;
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await using clients = new Clients(a.address, { name: "a" });
  for (let round = 0; round < 2; round++) {
    const before = (await counter.status()).totalLikes;
    await becomes("likes counted", async () => {
      return (await counter.status()).totalLikes > before;
    });
    disk.fill();
    const { totalLikes, version } = await eventually("a total that stands", standing);
    const held = clients.acceptedEvents;
    await becomes("likes accepted", () => clients.acceptedEvents > held + 20);
    // Its streams ended with the rejection. The members' last reports stay valid for a while.
    const later = await eventually("not converged", async () => {
      const status = await counter.status();
      return status.convergence === "converged" ? undefined : status;
    });
    assert.is(later.totalLikes, totalLikes);
    assert.is(later.version, version);
    assert.is(later.writeFailure, "disk_full");
    assert.is(await healthOf(counter.primary, "likes.v1.store"), "NOT_SERVING");
    const { stdout } = await counter.likes(["status", "--once", "--primary", counter.primary]);
    assert.match(stdout, /, ledger disk full, /);
    disk.free();
  }
  await expectExact(counter, { a }, await clients.stop());
  assert.is((await counter.status()).writeFailure, undefined);
  assert.is(await healthOf(counter.primary, "likes.v1.store"), "SERVING");

  async function standing() {
    const before = await counter.status();
    const after = await new Promise<typeof before>((resolve, reject) => {
      setTimeout(() => void counter.status().then(resolve, reject), 700);
    });
    return after.version === before.version ? after : undefined;
  }
});

test("a role does not start on a full or a read-only disk, and says so", async () => {
  await using counter = new Counter();
  await using disk = SmallDisk.mount(counter.dataDir, DISK_MIB);
  if (disk === undefined) return;
  const folders = ["--port=0", "--data-dir", counter.dataDir, "--log-dir", counter.logDir];
  const starts = {
    primary: ["start-primary", ...folders],
    a: ["start-likes", "--id=a", ...folders],
  };
  const expectRefused = async (pattern: RegExp): Promise<void> => {
    for (const args of Object.values(starts)) {
      const { code, stdout, stderr } = await counter.spawn(args).result();
      assert.is(code, 1, stdout + stderr);
      assert.match(stderr, pattern);
      assert.is(stdout, "");
    }
  };
  disk.fill();
  await expectRefused(/Cannot open the \w+ ".*": the disk is full; free some space/);
  disk.free();
  disk.setReadOnly(true);
  await expectRefused(/Cannot open the \w+ ".*read-only/);
  disk.setReadOnly(false);
  await (await counter.startPrimary()).end("SIGTERM");
  await (await counter.startLikes("a")).end("SIGTERM");
  disk.setReadOnly(true);
  await expectRefused(/Cannot open the \w+ ".*": its disk is read-only \(\w+\); make it writable/);
  disk.setReadOnly(false);
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await counter.add(a, 5);
  await a.end("SIGKILL");
  disk.fill();
  const { code, stderr } = await counter.spawn(starts.a).result();
  assert.is(code, 1, stderr);
  assert.match(stderr, /the disk is full|its disk is full/);
  disk.free();
  await expectExact(counter, { a: await counter.startLikes("a") }, []);
});

test("a role whose store another program writes to says so, and continues afterwards", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await counter.add(a, 5);
  const outbox = new Database(join(counter.outboxDir("a"), "outbox.sqlite"));
  outbox.exec("BEGIN IMMEDIATE");
  assert.match(
    await refusal(a.address),
    /^store_busy .*another program is writing to the outbox of a; end that program/,
  );
  const { code, stderr } = await counter.likes(["add", "video", "--server", a.address]);
  assert.is(code, 1, stderr);
  assert.match(stderr, /another program is writing to the outbox of a/);
  outbox.close();
  await counter.add(a, 1);
  const ledger = new Database(join(counter.dataDir, "primary", "ledger.sqlite"));
  ledger.exec("BEGIN IMMEDIATE");
  await becomes("streams that end", () => {
    return logs().includes("a disconnected: Cannot write the ledger: another program is writing");
  });
  assert.match(logs(), /another program is writing to the outbox: nothing is accepted/);
  assert.match(logs(), /another program is writing to the ledger: nothing is applied/);
  assert.not.match(logs(), /full/);
  ledger.close();
  await expectExact(counter, { a }, []);

  function logs(): string {
    const folders = readdirSync(counter.logDir);
    return folders
      .map((name) => readFileSync(join(counter.logDir, name, "log.txt"), "utf8"))
      .join();
  }
});

/** Adds likes until the store rejects them. Returns the fault and its text. */
function refusal(address: string): Promise<string> {
  return eventually("a refusal", async () => {
    const client = new LikesClient(address);
    try {
      await client.addLikes({ itemId: "refused", likes: 0n }, CALL_WAIT_MS);
      return undefined;
    } catch (error) {
      return error instanceof LikesError ? `${error.code} ${error.message}` : undefined;
    } finally {
      client.close();
    }
  });
}

test.run();
