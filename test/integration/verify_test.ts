/** Audits of real roles, while they run and after they ended. */
import { copyFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { becomes } from "../fixtures/eventually.ts";
import { extent } from "../fixtures/extent.ts";
import { Clients } from "../fixtures/clients.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";
import { edit, makeStores, withFirstIncarnation } from "../verify/stores_fixture.ts";

const AUDITS_WHILE_GIVEN = extent(2, 10);

/** Adds likes with `likes add --json`, and appends its output to the client's record. */
async function add(counter: Counter, { address }: Role, item: string, likes: number) {
  const add = ["add", item, `${likes}`, "--json", "--server", address];
  const { code, stdout } = await counter.likes(add);
  assert.is(code, 0, stdout);
  writeFileSync(recordOf(counter), stdout, { flag: "a" });
}

function recordOf(counter: Counter): string {
  return join(counter.folder, "given.jsonl");
}

async function verify(counter: Counter, ...args: readonly string[]) {
  const { code, stdout, stderr } = await counter.likes(["verify", "--json", ...args]);
  return { code, stderr, report: stdout === "" ? {} : JSON.parse(stdout) };
}

test("likes verify is exact on running roles, on killed roles, and on a backup", async () => {
  await using counter = new Counter();
  let primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const b = await counter.startAccepting("b");
  await add(counter, a, "video", 5);
  await add(counter, b, "söng", 0);
  await add(counter, b, "söng", 1_000_000);
  const wait = ["status", "--wait", "--primary", counter.primary];
  assert.is((await counter.likes(wait)).code, 0);
  const all = ["--data-dir", counter.dataDir, "--clients", recordOf(counter)];
  const running = await verify(counter, ...all);
  assert.equal([running.code, running.report.verdict], [0, "exact"], running.stderr);
  assert.is(running.report.sums.outboxes, "1000005");
  assert.equal(running.report.clients.counted, { events: "3", likes: "1000005" });

  await primary.end("SIGKILL");
  await add(counter, a, "video", 2);
  await Promise.all([a.end("SIGKILL"), b.end("SIGKILL")]);
  const killed = await verify(counter, ...all);
  assert.equal([killed.code, killed.report.verdict], [0, "exact"], JSON.stringify(killed.report));
  assert.equal(killed.report.waiting, { events: "1", likes: "2" });
  assert.equal(killed.report.clients.waiting, { events: "1", likes: "2" });

  const backup = join(counter.folder, "backup");
  const copied = await counter.likes(["backup", backup, "--data-dir", counter.dataDir]);
  assert.is(copied.code, 0, copied.stderr);
  primary = await counter.startPrimary();
  await counter.startAccepting("a");
  await becomes("the like counted", async () => (await counter.status()).totalLikes === 1_000_007n);
  const copy = await verify(counter, "--data-dir", backup, "--clients", recordOf(counter));
  assert.equal([copy.code, copy.report.waiting.likes], [0, "2"], JSON.stringify(copy.report));
  const both = await verify(counter, ...all, "--outbox", join(backup, "a", "outbox.sqlite"));
  assert.equal([both.code, both.report.read.outboxes], [0, "3"], JSON.stringify(both.report));
});

test("likes verify is exact at any moment when likes are added all the time", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await using clients = new Clients(a.address, { name: "a" });
  let waited = 0;
  for (let times = 0; times < AUDITS_WHILE_GIVEN; times++) {
    const before = clients.acceptedEvents;
    await becomes("likes added", () => clients.acceptedEvents > before + 100);
    const { code, report } = await verify(counter, "--data-dir", counter.dataDir);
    assert.equal([code, report.verdict], [0, "exact"], JSON.stringify(report));
    waited += Number(report.waiting.events);
  }
  console.log(`${clients.acceptedEvents} events added, ${waited} waited during audits`);
});

test("likes verify prints what is wrong, and its exit code says so to programs", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await add(counter, a, "video", 5);
  assert.is((await counter.likes(["status", "--wait", "--primary", counter.primary])).code, 0);
  await a.end("SIGTERM");
  await primary.end("SIGTERM");
  const state = ["--data-dir", counter.dataDir];
  const exact = await counter.likes(["verify", ...state]);
  assert.match(exact.stdout, /^EXACT 5 likes: the events add up to the total, item by item\n/);
  assert.equal([exact.code, exact.stderr], [0, ""]);

  const moved = join(counter.folder, "moved");
  cpSync(counter.dataDir, moved, { recursive: true });
  const path = join(moved, "primary", "ledger.sqlite");
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length - 4_096));
  const damaged = await counter.likes(["verify", "--data-dir", moved]);
  assert.is(damaged.code, 4, damaged.stdout);
  assert.match(
    damaged.stderr,
    /^Error: Cannot verify the ledger ".*": it is damaged: database disk/,
  );

  copyFileSync(join(counter.dataDir, "primary", "ledger.sqlite"), path);
  edit(path, "INSERT INTO intake VALUES (0, 'video', 1)");
  const wrong = await counter.likes(["verify", "--data-dir", moved]);
  assert.is(wrong.code, 4, wrong.stderr);
  assert.match(
    wrong.stdout,
    /^NOT EXACT 5 likes: 2 errors found\nfirst {4}item "video": the item's likes/,
  );
  edit(path, "DELETE FROM intake WHERE run = 0");
  const alone = await counter.likes(["verify", "--ledger", path]);
  assert.is(alone.code, 5);
  assert.match(alone.stdout, /^UNDECIDED 5 likes: part of the history is missing/);
  assert.match(alone.stdout, /^missing {2}a, incarnation [0-9a-f]{32}, #1: in no outbox$/m);
  const none = await counter.likes(["verify", "--data-dir", join(counter.folder, "none")]);
  assert.is(none.code, 2);
  assert.match(none.stderr, /^Error: Cannot look for stores in ".*none": there is no such folder/);
  const absent = await counter.likes(["verify", "--ledger", join(counter.folder, "none")]);
  assert.is(absent.code, 2);
  assert.match(
    absent.stderr,
    /^Error: Cannot verify the ledger ".*none": there is no such file; give the right/,
  );
  const unnamed = await counter.likes(["verify", "--outbox", path]);
  assert.is(unnamed.code, 2);
  assert.match(unnamed.stderr, /^Error: Cannot verify without a ledger: none was named; give --/);
});

test("likes verify --strict exits 4 when an exact total excludes given-up events", async () => {
  await using counter = new Counter();
  makeStores(counter.dataDir, withFirstIncarnation({ gap: [1, 2] }));
  const state = ["--data-dir", counter.dataDir];
  const plain = await counter.likes(["verify", ...state]);
  assert.is(plain.code, 0, plain.stderr);
  assert.match(plain.stdout, /^EXACT 25 likes, excluding 1 event given up \(#3 of fra-1/);
  const strict = await counter.likes(["verify", "--strict", ...state]);
  assert.equal([strict.code, strict.stdout], [4, plain.stdout]);
  const { code, report } = await verify(counter, "--strict", ...state);
  assert.equal([code, report.verdict, report.givenUp.events], [4, "exact", "1"]);
  const whole = new Counter();
  makeStores(whole.dataDir);
  assert.is((await whole.likes(["verify", "--strict", "--data-dir", whole.dataDir])).code, 0);
  await whole[Symbol.asyncDispose]();
});

test.run();
