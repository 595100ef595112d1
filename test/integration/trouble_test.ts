/**
 * Disks that lost data or exist twice: detected and named, without losing a surviving like. An
 * operator's decision about each is recorded, and ends the UNKNOWN status.
 */
import { cpSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { becomes, eventually } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { expectTrouble } from "../fixtures/expect_trouble.ts";
import { healthOf } from "../fixtures/health.ts";
import { expectDecided, expectRefused } from "../fixtures/decided.ts";
import { Counter } from "../fixtures/roles.ts";
import { startRolledBack } from "../fixtures/rolled_back.ts";
import type { LikeEvent } from "../../src/core/protocol/like_event.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { Database } from "../../src/store/sqlite/sqlite.ts";
import { idFrom } from "../store/faults.ts";

test("a copied outbox is named second_incarnation when both copies run", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const first = await counter.startAccepting("a");
  await counter.add(first, 5);
  await first.end("SIGKILL");
  const copy = join(counter.folder, "copy");
  cpSync(counter.outboxDir("a"), join(copy, "a"), { recursive: true });
  const a = await counter.startLikes("a");
  await expectExact(counter, { a }, []);
  const twin = await counter.startLikes("a", { dataDir: copy });
  await expectTrouble(counter, { id: "a", kinds: ["second_incarnation"], clients: [a, twin] });
  assert.is((await counter.status()).totalLikes, 11n);

  const { asOfMs } = await counter.status();
  await primary.end("SIGKILL");
  await counter.startPrimary();
  await expectTrouble(counter, { id: "a", kinds: ["second_incarnation"], clients: [a] });
  assert.is((await counter.status()).asOfMs, asOfMs, "it stands still across a restart too");
  const log = readFileSync(join(counter.logDir, "PrimaryLikesServer", "log.txt"), "utf8");
  assert.match(log, /trouble 1: second_incarnation at a, incarnation [0-9a-f]{32}/);

  const { totalLikes, troubles } = await counter.status();
  const number = `${troubles[0]?.number}`;
  await expectRefused(counter, ["resolve", number], /2 copies stream; let one copy stream/);
  await twin.end("SIGKILL");
  await eventually("one copy gone", async () => {
    const { code } = await decide(counter, ["resolve", number]);
    return code === 0 || undefined;
  });
  await resolveAll(counter);
  await converged(counter);
  assert.is((await counter.status()).totalLikes, totalLikes);
});

test("a live outbox is named closed_incarnation when its copy closed its incarnation", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await counter.add(a, 5);
  await expectExact(counter, { a }, []);
  a.signal("SIGSTOP");
  const copy = join(counter.folder, "copy");
  cpSync(counter.outboxDir("a"), join(copy, "a"), { recursive: true });
  const twin = await counter.startLikes("a", { dataDir: copy });
  await becomes("the copy delivering its own likes", async () => {
    const { servers } = await counter.status();
    return servers.some(({ address }) => address === twin.address);
  });
  await counter.add(twin, 7);
  a.signal("SIGCONT");
  const kinds = ["closed_incarnation", "second_incarnation"] as const;
  await expectTrouble(counter, { id: "a", kinds, clients: [a, twin] });
  assert.is((await counter.status()).totalLikes, 5n + 7n + 6n);
});

test("an outbox is named outbox_rolled_back when it ends before the applied sequence", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await startRolledBack(counter);
  await expectTrouble(counter, { id: "a", kinds: ["outbox_rolled_back"], clients: [a] });
  assert.is((await counter.status()).totalLikes, 15n, "applied likes stay");
  const name = "likes.v1.trouble.outbox_rolled_back";
  assert.is(await healthOf(a.address, name), "NOT_SERVING");
  await a.waitFor(/trouble: outbox_rolled_back/);
  await counter.add(a, 9);
  await resolveAll(counter);
  await converged(counter);
  assert.is((await counter.status()).totalLikes, 24n, "applied likes stay, and counting continues");
});

test("outbox_rolled_back names the events of a restored outbox, which may be different ones", async () => {
  await using counter = new Counter();
  const away = await counter.startPrimary();
  const first = await counter.startAccepting("a");
  await counter.add(first, 5);
  await expectExact(counter, { a: first }, []);
  await away.end("SIGKILL");
  await counter.add(first, 7);
  const copy = join(counter.folder, "copy");
  first.signal("SIGSTOP"); // so that the copy is of one moment
  cpSync(counter.outboxDir("a"), copy, { recursive: true });
  first.signal("SIGCONT");
  await counter.startPrimary();
  await counter.add(first, 9);
  await expectExact(counter, { a: first }, []);
  await first.end("SIGKILL");
  // As in a snapshot of a machine that ran on for a moment: its #2 has other likes.
  rewrite(copy, { itemId: "song", change: { kind: "add", likes: 7n } });
  rmSync(counter.outboxDir("a"), { recursive: true });
  cpSync(copy, counter.outboxDir("a"), { recursive: true });
  await counter.startLikes("a");
  const named = await eventually("outbox_rolled_back", async () => {
    const { troubles } = await counter.status();
    return troubles.find(({ kind }) => kind === "outbox_rolled_back");
  });
  const { events = { first: 0, last: 0 } } = named;
  // It depends on timing whether the disk already had the acknowledgement of #1.
  assert.ok(events.first <= 2, `it begins at #${events.first}`);
  assert.is(events.last, 3);
});

test("an outbox is named digest_differs when its events differ from the applied ones", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const first = await counter.startAccepting("a");
  await counter.add(first, 5);
  await expectExact(counter, { a: first }, []);
  await first.end("SIGKILL");
  rewrite(counter.outboxDir("a"), { itemId: "song", change: { kind: "add", likes: 5n } });
  const a = await counter.startLikes("a");
  await expectTrouble(counter, { id: "a", kinds: ["digest_differs"], clients: [a] });
});

test("an older ledger is named ledger_restored, and events that no outbox retains a gap", async () => {
  await using counter = new Counter();
  let primary = await counter.startPrimary();
  const a = await counter.startAccepting("a", { flags: ["--retain", "0s"] });
  await counter.add(a, 5);
  await expectExact(counter, { a }, [], { retained: false });
  await primary.end("SIGTERM");
  const ledger = join(counter.dataDir, "primary");
  const copy = join(counter.folder, "copy");
  cpSync(ledger, copy, { recursive: true });
  primary = await counter.startPrimary();
  await counter.add(a, 7);
  await expectExact(counter, { a }, [], { retained: false });
  await becomes("the 7 likes trimmed", () => counter.recordsHeld("a") === 0);
  const { generation } = await counter.status();
  await primary.end("SIGTERM");
  rmSync(ledger, { recursive: true });
  cpSync(copy, ledger, { recursive: true });
  const older = await counter.likes(["verify", "--data-dir", counter.dataDir, "--json"]);
  assert.is(older.code, 4, older.stdout);
  assert.match(older.stdout, /"what":"the ledger was rolled back, or copied before this outbox"/);
  await counter.startPrimary();
  await a.waitFor(/trouble: ledger_restored/);
  await becomes("no pending redelivery", async () => {
    const kinds = (await counter.status()).troubles.map(({ kind }) => kind);
    return kinds.length > 0 && !kinds.includes("ledger_restored");
  });
  // The acknowledged events were trimmed, so the 7 likes are a gap: named, not invented.
  await expectTrouble(counter, { id: "a", kinds: ["gap"], clients: [a] });
  const undecided = await counter.likes(["verify", "--data-dir", counter.dataDir]);
  assert.is(undecided.code, 5, undecided.stdout);
  assert.match(undecided.stdout, /^trouble {2}a, incarnation \w{32}, #2: gap, not decided; see/m);
  const status = await counter.status();
  assert.is(status.totalLikes, 8n);
  assert.is.not(status.generation, generation, "only a new generation may be lower");
  const log = readFileSync(join(counter.logDir, "PrimaryLikesServer", "log.txt"), "utf8");
  assert.match(log, /trouble \d: ledger_restored at a, incarnation [0-9a-f]{32}: /);
  assert.match(
    log,
    /decision 1: trouble \d \(ledger_restored of incarnation [0-9a-f]{32}\) ended: its outbox/,
  );

  const gap = status.troubles.find(({ incarnation }) => incarnation !== undefined);
  assert.equal(gap?.events, { first: 2, last: 2 });
  const told = await expectDecided(counter, ["resolve", `${gap?.number}`]);
  assert.match(
    told,
    /\(gap of incarnation [0-9a-f]{32}\) is resolved, #2 to #2 will never be counted\n$/,
  );
  await resolveAll(counter);
  await converged(counter);
  assert.is((await counter.status()).totalLikes, 8n);
});

/** Replaces the last event of an outbox by `event`, as if it had always been that. */
function rewrite(folder: string, event: LikeEvent): void {
  const outbox = new Database(join(folder, "outbox.sqlite"));
  const one = (sql: string): unknown => outbox.prepare<[], unknown>(sql).pluck().get();
  const last = Number(one("SELECT max(last_sequence) FROM records"));
  const before =
    one(`SELECT digest FROM records WHERE last_sequence = ${last - 1}`) ??
    one("SELECT incarnation FROM incarnations");
  const bytes = recordCodec.encode(event);
  const digest = recordCodec.digest(idFrom(String(before)), last, bytes);
  const rewritten = "UPDATE records SET events = ?, digest = ? WHERE last_sequence = ?";
  outbox.prepare(rewritten).run(bytes, digest, last);
  const acknowledged = "UPDATE incarnations SET acknowledged_digest = ?";
  outbox.prepare(`${acknowledged} WHERE acknowledged_sequence = ?`).run(digest, last);
  outbox.close();
}

test("an exchanged ledger accepts nothing, and health names it until the right one is back", async () => {
  await using counter = new Counter();
  const own = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await counter.add(a, 5);
  await expectExact(counter, { a }, []);
  const isNamed = async (): Promise<boolean> => {
    return (await healthOf(a.address, "likes.v1.trouble.ledger_other")) === "NOT_SERVING";
  };
  assert.is(await isNamed(), false);
  await own.end("SIGKILL");
  const folder = join(counter.dataDir, "primary");
  renameSync(folder, `${folder}-own`);
  const other = await counter.startPrimary();
  await becomes("another ledger named", isNamed);
  await counter.add(a, 7);
  const status = await counter.status();
  assert.equal([status.totalLikes, status.convergence], [0n, "unknown"]);
  assert.equal(
    status.foreignServers.map(({ serverId }) => serverId),
    ["a"],
  );
  const health = "likes.v1.trouble.ledger_other";
  assert.is(await healthOf(counter.primary, health), "NOT_SERVING");
  const log = readFileSync(join(counter.logDir, "LikesServer-a", "log.txt"), "utf8");
  assert.match(log, "Cannot take the outbox of ledger");
  await other.end("SIGKILL");
  const told = readFileSync(join(counter.logDir, "PrimaryLikesServer", "log.txt"), "utf8");
  const lines = told.split("\n").filter((line) => /ledger [0-9a-f]{32}$/.test(line));
  assert.is(lines.length, 1, "one line, however often it recurs");
  assert.match(lines[0] ?? "", /a came from .+, but its outbox [0-9a-f]{32} belongs to ledger/);
  rmSync(folder, { recursive: true });
  renameSync(`${folder}-own`, folder);
  await counter.startPrimary();
  await becomes("the right ledger accepted", async () => !(await isNamed()));
  assert.is(await healthOf(counter.primary, health), "SERVING");
  await expectExact(counter, { a }, []);
});

/** Resolves all troubles of `a`, until no new one appears. */
async function resolveAll(counter: Counter): Promise<void> {
  await becomes("no trouble left", async () => {
    const { troubleCount } = await counter.status();
    if (troubleCount > 0) await decide(counter, ["resolve", "--all", "--of", "a", "--yes"]);
    return troubleCount === 0;
  });
}

function decide(counter: Counter, args: readonly string[]) {
  return counter.likes([...args, "--data-dir", counter.dataDir]);
}

/** Waits until the counter has converged everywhere. */
async function converged(counter: Counter): Promise<void> {
  const args = ["status", "--wait", "--timeout", "20s", "--primary", counter.primary];
  const { code, stdout, stderr } = await counter.likes(args);
  assert.is(code, 0, stderr + stdout);
}

test.run();
