/** The drill of docs/OPERATING.md: a backup of running roles, a lost disk, and a restore. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TROUBLE_KINDS } from "../../src/core/protocol/messages.ts";
import { waitForConvergence } from "../../src/rpc/client/wait_for_convergence.ts";
import { Database } from "../../src/store/sqlite/sqlite.ts";
import { becomes } from "../fixtures/eventually.ts";
import { expectDecided } from "../fixtures/decided.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { extent } from "../fixtures/extent.ts";
import { Clients } from "../fixtures/clients.ts";
import { healthOf } from "../fixtures/health.ts";
import { Counter } from "../fixtures/roles.ts";
import { makeLedger } from "../verify/stores_fixture.ts";

const LIMIT_MS = 300_000;
const ROUNDS = extent(2, 4);
/** Takes about 30 MiB. */
const MANY_ITEMS = 300_000;

interface CopiedLine {
  readonly store: string;
  readonly kind: string;
  readonly path: string;
  readonly totalLikes?: string;
  readonly likes?: string;
}

test("a lost ledger is restored from a backup, and its LikesServers redeliver", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const b = await counter.startAccepting("b");
  await using clients = new Clients(a.address, { name: "a" });
  await becomes("likes added", () => clients.acceptedEvents > 50);
  const destination = join(counter.folder, "backup");
  const copied = await backUp(counter, destination); // while likes arrive
  assert.equal(
    copied.map(({ store, kind }) => [store, kind]),
    [
      ["primary", "ledger"],
      ["a", "outbox"],
      ["b", "outbox"],
      ["shared", "files"],
    ],
  );
  const given = clients.acceptedEvents;
  await becomes("more likes added", () => clients.acceptedEvents > given + 50);
  await counter.add(b, 7);
  const records = await clients.stop();
  const total = await expectExact(counter, { a, b }, records);
  assert.ok(BigInt(copied[0]?.totalLikes ?? total) < total, "the backup is older");
  const { generation } = await counter.status();

  await primary.end("SIGKILL");
  await counter.add(a, 11); // while the primary is away
  restore(counter, destination, "primary");
  await counter.startPrimary();
  assert.is(await expectExact(counter, { a, b }, records), total + 11n);
  const status = await counter.status();
  assert.is.not(status.generation, generation, "only a new generation may be lower");
  assert.equal(status.troubles, []);
  for (const kind of TROUBLE_KINDS) {
    await becomes(`${kind} over`, async () => {
      const name = `likes.v1.trouble.${kind}`;
      const found = [counter.primary, a.address, b.address].map((role) => healthOf(role, name));
      return (await Promise.all(found)).every((health) => health === "SERVING");
    });
  }
  const log = readFileSync(join(counter.logDir, "PrimaryLikesServer", "log.txt"), "utf8");
  assert.match(log, "ledger_restored of the whole ledger: it was opened from a backup");
  assert.match(log, /trouble \d+: ledger_restored at a, /);
  assert.match(
    log,
    /decision \d+: trouble \d+ \(ledger_restored\) ended: every member has answered/,
  );
  assert.match(
    log,
    /decision \d+: trouble \d+ \(ledger_restored of incarnation [^)]+\) ended: its outbox /,
  );
});

test("a person who was forgotten after a backup stays forgotten when it is restored", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const run = async (...args: string[]) => {
    const { code, stderr } = await counter.likes([...args, "--server", a.address]);
    assert.is(code, 0, stderr);
  };
  for (const person of ["ada", "bob"]) await run("set", "blog/post", "1", "--person", person);
  assert.is(await provedTotal(counter), 2n);
  const destination = join(counter.folder, "backup");
  await backUp(counter, destination);
  assert.is(statSync(join(destination, "persons.secret")).mode & 0o777, 0o600);
  await run("forget", "ada", "--site", "blog", "--withdraw");
  assert.is(await provedTotal(counter), 1n);
  await primary.end("SIGKILL");
  restore(counter, destination, "primary");
  await counter.startPrimary();
  await run("set", "blog/post", "1", "--person", "ada", "--revision", "3"); // comes late
  assert.is(await provedTotal(counter), 1n);
});

test("a ledger is restored repeatedly, each time from an older backup", async () => {
  await using counter = new Counter();
  let primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const folders: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await counter.add(a, 5 + round);
    await expectExact(counter, { a }, []);
    folders.push(join(counter.folder, `backup-${round}`));
    await backUp(counter, folders.at(-1) ?? "", ["--id", "primary"]);
  }
  for (const folder of folders.toReversed()) {
    await primary.end("SIGKILL");
    restore(counter, folder, "primary");
    primary = await counter.startPrimary();
    await expectExact(counter, { a }, []);
    await counter.add(a, 1);
  }
  let sum = 0n;
  for (let round = 0; round < ROUNDS; round++) sum += BigInt(5 + round + 1);
  assert.is(await expectExact(counter, { a }, []), sum);
});

test("a ledger is restored from before incarnations that accepted nothing", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  let a = await counter.startAccepting("a", { flags: ["--stay"] });
  let b = await counter.startAccepting("b");
  const destination = join(counter.folder, "backup");
  await backUp(counter, destination, ["--id", "primary"]);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    for (const role of [a, b]) await role.end(signal); // b leaves on the first one
    a = await counter.startAccepting("a", { flags: ["--stay"] });
    b = await counter.startAccepting("b");
    await expectExact(counter, { a, b }, []);
  }
  await primary.end("SIGKILL");
  restore(counter, destination, "primary");
  await counter.startPrimary();
  await counter.add(a, 5);
  assert.is(await expectExact(counter, { a, b }, []), 5n);
  const log = readFileSync(join(counter.logDir, "PrimaryLikesServer", "log.txt"), "utf8");
  assert.match(log, /trouble \d+: ledger_restored at a, /);
  assert.not.match(log, "second_incarnation", "there is no copy");
});

test("a member that does not come back to a restored ledger is retired", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const b = await counter.startAccepting("b");
  await counter.add(a, 5);
  await counter.add(b, 7);
  await expectExact(counter, { a, b }, []);
  const destination = join(counter.folder, "backup");
  await backUp(counter, destination);
  await b.end("SIGKILL");
  await primary.end("SIGKILL");
  restore(counter, destination, "primary");
  await counter.startPrimary();
  await becomes("a delivering again", async () => {
    const { convergence, troubles, servers } = await counter.status();
    const isHeard = servers.some(({ state }) => state === "streaming");
    return isHeard && convergence === "unknown" && troubles.length === 1;
  });
  await expectDecided(counter, ["retire", "b"]);
  await expectExact(counter, { a }, []);
});

test("backup names a store that it cannot copy, and copies the others", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await counter.add(a, 5);
  await expectExact(counter, { a }, []);
  await a.end("SIGKILL");
  await primary.end("SIGKILL");
  const ledger = join(counter.dataDir, "primary", "ledger.sqlite");
  writeFileSync(ledger, "no database, but some text in its place");
  const destination = join(counter.folder, "backup");
  const args = ["backup", destination, "--data-dir", counter.dataDir];
  const { code, stdout, stderr } = await counter.likes(args);
  assert.is(code, 1, stdout);
  assert.match(stdout, /^a: outbox with 1 event, 5 likes accepted; /);
  assert.match(stderr, /^Error: Cannot back up the ledger of ".*primary": /);
  assert.not(existsSync(join(destination, "primary")));
});

test("backup removes a copy that a signal interrupted", async () => {
  await using counter = new Counter();
  const store = makeLedger(counter.dataDir, []);
  const filled = new Database(store);
  filled.pragma("synchronous = OFF");
  const add = filled.prepare("INSERT INTO items VALUES (?, 0)");
  filled.transaction(() => {
    for (let item = 0; item < MANY_ITEMS; item++) add.run(`an item with a long name ${item}`);
  });
  filled.close();
  const destination = join(counter.folder, "backup");
  const backup = counter.spawn(["backup", destination, "--data-dir", counter.dataDir]);
  const copy = join(destination, "primary", "ledger.sqlite");
  const limitMs = performance.now() + LIMIT_MS;
  while (!existsSync(`${copy}.new`) && performance.now() < limitMs) await setTimeout(1);
  backup.signal("SIGINT");
  const { code } = await backup.ended;
  assert.not(existsSync(`${copy}.new`));
  // By then it may be copied, and be under verification.
  assert.is(code, existsSync(copy) ? 0 : 130, backup.stderr);
});

test("backup copies one store, into folders only their owner can read, and overwrites none", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await counter.add(a, 5);
  const destination = join(counter.folder, "new", "backup");
  const [copied] = await backUp(counter, destination, ["--id", "a"]);
  assert.is(copied?.path, join(destination, "a", "outbox.sqlite"));
  assert.is(copied?.likes, "5");
  assert.is(statSync(join(destination, "a")).mode & 0o777, 0o700);
  assert.is(statSync(copied?.path ?? "").mode & 0o777, 0o600);
  const args = ["backup", destination, "--data-dir", counter.dataDir];
  const again = await counter.likes(args);
  assert.is(again.code, 2);
  assert.match(again.stderr, `Cannot back up to "${join(destination, "a")}": it exists already`);
  assert.not(existsSync(join(destination, "primary")), "no partial backup");
  const other = await counter.likes([...args, "--id", "b"]);
  assert.is(other.code, 2);
  assert.match(other.stderr, 'Cannot back up "b": no store has that name; give one of primary, a');
  const none = await counter.likes(["backup", destination, "--data-dir", counter.logDir]);
  assert.is(none.code, 1);
  assert.match(none.stderr, "Cannot find a store in ");
});

/** Runs `likes backup`, and returns its line for each store. */
async function backUp(
  counter: Counter,
  destination: string,
  flags: readonly string[] = [],
): Promise<readonly CopiedLine[]> {
  const args = ["backup", destination, "--data-dir", counter.dataDir, "--json", ...flags];
  const { code, stdout, stderr } = await counter.likes(args);
  assert.is(code, 0, stderr);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as CopiedLine);
}

/** Returns the total once everything is counted, and `likes verify` agrees. */
async function provedTotal(counter: Counter): Promise<bigint> {
  const { totalLikes } = await waitForConvergence(counter.primary, LIMIT_MS, () => {});
  const { code, stdout, stderr } = await counter.likes(["verify", "--data-dir", counter.dataDir]);
  assert.is(code, 0, stdout + stderr);
  return totalLikes;
}

/** Replaces a store by its copy. Its role must not run. */
function restore(counter: Counter, destination: string, name: string): void {
  const folder = join(counter.dataDir, name);
  rmSync(folder, { recursive: true });
  mkdirSync(folder, { mode: 0o700 });
  cpSync(join(destination, name), folder, { recursive: true });
}

test.run();
