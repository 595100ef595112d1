/** Undisturbed runs: the logs, the verdict and the seed agree to the last like. */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { intervalMs, likesBetween } from "../../src/demo/generator.ts";
import { Orchestration } from "../fixtures/orchestration.ts";
import type { JsonResult, LogLine } from "../fixtures/orchestration.ts";
import { typed } from "../fixtures/typed.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

const SEED = 7;
const PLAN = { seed: SEED, intervalMinMs: 400, intervalMaxMs: 900, likesMax: 42, persons: 0 };
const INTERVALS = ["--interval-min", "400ms", "--interval-max", "900ms", "--seed", String(SEED)];
const SMALL = ["--servers", "2", ...INTERVALS];

/** The log shows the start on the wall clock; ticks are due on the monotonic one. */
const CLOCKS_APART_MS = 50;

const LOG_NAMES = ["ParentProcessStatus", "PrimaryLikesServer", "LikesServer0", "LikesServer9"];

interface Added {
  readonly atMs: number;
  readonly sequence: number;
  readonly likes: number;
}

/** In the order of the server ids. */
type AddedByServer = readonly (readonly Added[])[];

test("orchestrate agrees with its logs and its seed when ten LikesServers run", async () => {
  await using folder = temporaryFolder();
  const logDir = join(folder.path, "log");
  const inodes = leaveOldLogs(logDir);
  await using run = new Orchestration(["--duration", "4s", "--json", ...INTERVALS], { logDir });
  const result = await run.jsonResult();
  assert.is(result.code, 0);
  assert.is(result.exact, true);
  assert.is(result.converged, true);
  assert.is(result.servers.length, 10);
  expectOfSeed(result);
  const logged = result.servers.map((_server, index) => addedBy(run.log(`LikesServer${index}`)));
  for (const [index, server] of result.servers.entries()) {
    const events = logged[index] ?? [];
    assert.is(String(sum(events)), server.acceptedLikes, server.serverId);
    assert.is(String(events.length), server.events, server.serverId);
    expectNoGaps(events);
    assert.is(server.knownTotalLikes, result.totalLikes, server.serverId);
  }
  expectTicks(run, logged, result);
  expectApplied(run.log("PrimaryLikesServer"), logged, result);
  expectParentLog(run.log(), result);
  assert.equal(logInodes(run.logDir), inodes, "the logs were emptied in place");
  assert.is(result.emptiedLogs, LOG_NAMES.length);
  assert.match(run.parent.stderr, /^logs .*; emptied 4 logs of earlier roles$/m);
  const [added, due] = [Number(result.addedEvents), Number(result.dueEvents)];
  assert.ok(added <= due && added >= due / 2, `${added} of ${due} due events`);
  assert.is(result.showing, 11);
  await run.gone();
  await expectProof(result);
});

test("orchestrate prints a banner, a line a second and one verdict when it is piped", async () => {
  await using run = new Orchestration(["--duration", "2s", ...SMALL]);
  const { code, stdout, stderr } = await run.result();
  assert.is(code, 0, stderr);
  const [, likes = "?"] = /^EXACT ([\d,]+) likes in /.exec(stdout) ?? [];
  const sums = `outboxes ${likes}, seed ${likes}, primary ${likes}; 3 of 3 processes agree`;
  assert.match(
    stdout.replace(`sums   ${sums}`, "SUMS"),
    /^EXACT .* events; converged \S+ s after the last like\nSUMS\nadded {2}\d+ of \d+ due event/,
  );
  assert.ok(stdout.endsWith(`\nnext   npx likes verify --data-dir ${run.dataDir}\n`), stdout);
  const primary = /^primary {9}(127\.0\.0\.1:\d+)  pid \d+$/m.exec(stderr)?.[1] ?? "none";
  for (const text of [
    "likes-server-1  127.0.0.1:",
    `seed      ${SEED}`,
    "duration  2 s",
    `data      ${run.dataDir}`,
    `logs      ${run.logDir}`,
    `tail -f ${run.logDir}/PrimaryLikesServer/log.txt`,
    `try       npx likes add video 5 --primary ${primary}`,
    "\nUNKNOWN      a process is silent: likes may be missing\n",
    "\ntime is up: the LikesServers stop adding likes\n",
    "\nall LikesServers have stopped adding likes; ",
    `kill -9 ${run.pid("likes-server-1")} `,
  ]) {
    assert.ok(stderr.includes(text), text);
  }
  for (const { name, pid } of run.forks()) {
    assert.match(stderr, new RegExp(`^${name} +127\\.0\\.0\\.1:\\d+  pid ${pid}$`, "m"));
  }
  const logged = run.log().filter(({ text }) => /^[\d,]+ likes /.test(text));
  const spanMs = (logged.at(-1)?.atMs ?? 0) - (logged[0]?.atMs ?? 0);
  const most = spanMs / 1_000 + 3; // one more is logged at the end
  assert.ok(logged.length >= 2 && logged.length <= most, `${logged.length} lines in ${spanMs} ms`);
  const lines = stderr.match(/^\d\d:\d\d:\d\d [\d,]+ likes /gm) ?? [];
  assert.is(lines.length, logged.length, "the parent's log has each of them");
});

test("orchestrate continues from the totals of a reused data folder", async () => {
  await using first = new Orchestration(["--duration", "2s", "--json", "--quiet", ...SMALL]);
  const one = await first.jsonResult();
  assert.is(first.parent.stderr, "", "--quiet says nothing");
  expectOfSeed(one);
  await using second = new Orchestration(["--duration", "2s", "--json", ...SMALL], first);
  const two = await second.jsonResult();
  assert.is(two.code, 0, second.parent.stderr);
  assert.is(two.exact, true);
  assert.is(two.seedLikes, null, "not all likes come from this run");
  assert.ok(Number(two.events) > Number(one.events));
  assert.ok(BigInt(two.acceptedLikes) > BigInt(one.acceptedLikes));
});

test("orchestrate --persons is exact when persons like, take back and repeat", async () => {
  const fast = ["--interval-min", "100ms", "--interval-max", "200ms"];
  const flags = ["--persons", "20", "--servers", "3", ...fast];
  await using run = new Orchestration(["--duration", "3s", "--json", ...flags]);
  const result = await run.jsonResult();
  assert.is(result.code, 0, run.parent.stderr);
  assert.is(result.exact, true);
  assert.is(result.seedLikes, result.totalLikes, "the persons of the seed");
  assert.ok(Number(result.totalLikes) <= 20, "each person counts at most once");
  const primary = run.log("PrimaryLikesServer").map(({ text }) => text);
  assert.ok(
    primary.some((text) => / -1 video = \d+$/.test(text)),
    "a like was taken back",
  );
});

test("orchestrate counts likes that are added by hand when it runs", async () => {
  await using run = new Orchestration(["--duration", "5m", "--json", ...SMALL]);
  const primary = await run.started();
  const added = await typed(["add", "video", "1000", "--primary", primary]);
  assert.is(added.code, 0, added.stderr);
  await run.logged(/^#2 \+/, "LikesServer1");
  run.finish();
  const result = await run.jsonResult();
  assert.is(result.code, 0);
  assert.is(result.exact, true);
  assert.is(result.seedLikes, null, "not all likes were generated");
  // The few numbers that were generated may all be 0.
  assert.ok(BigInt(result.acceptedLikes) >= 1_000n, "likes added by hand are in the total");
  assert.ok(Number(result.events) >= 2);
});

test("orchestrate is exact with no likes when its time is up at once", async () => {
  await using run = new Orchestration(["--duration", "0s", "--json", "--servers", "1"]);
  const result = await run.jsonResult();
  assert.is(result.code, 0, run.parent.stderr);
  assert.equal([result.exact, result.converged, result.convergedAfterMs], [true, true, null]);
  const [head = "", , added = ""] = run
    .log()
    .slice(-4)
    .map(({ text }) => text);
  assert.is(head, "EXACT 0 likes in 0 events; converged; no likes were added");
  assert.is(added, "added  0 of 0 due events");
});

test("orchestrate is not exact when its generators added none of their due events", async () => {
  // As if each process had its own monotonic clock: no tick is ever due.
  const clock =
    'if (process.argv.includes("--supervised")) {' +
    "const { bigint } = process.hrtime; process.hrtime.bigint = () => bigint() - 3_600_000_000_000n; }";
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(clock)}` };
  await using run = new Orchestration(["--duration", "2s", "--json", ...SMALL], { env });
  const result = await run.jsonResult();
  assert.is(result.code, 5, run.parent.stderr);
  assert.equal([result.verdict, result.exact], ["undecided", false]);
  assert.equal([result.totalLikes, result.acceptedLikes, result.addedEvents], ["0", "0", "0"]);
  assert.ok(Number(result.dueEvents) >= 4, result.dueEvents);
  assert.is(result.idle.length, 2);
  assert.match(
    run.log().at(-4)?.text ?? "",
    /^UNDECIDED: the sums agree, but the generators added nothing although \d+ events were /,
  );
});

/** Returns the events in a LikesServer's log. */
function addedBy(lines: readonly LogLine[]): readonly Added[] {
  return lines.flatMap(({ atMs, text }) => {
    const [, sequence = "", likes = ""] = /^#(\d+) \+(\d+) video$/.exec(text) ?? [];
    return sequence === "" ? [] : [{ atMs, sequence: Number(sequence), likes: Number(likes) }];
  });
}

function sum(events: readonly Added[]): number {
  return events.reduce((total, { likes }) => total + likes, 0);
}

function expectNoGaps(events: readonly Added[]): void {
  assert.equal(
    events.map(({ sequence }) => sequence),
    events.map((_event, index) => index + 1),
  );
}

/** Checks that the likes of each LikesServer are what the seed yields for its number of events. */
function expectOfSeed({ servers, totalLikes, acceptedLikes, seedLikes, durationMs }: JsonResult) {
  let likes = 0n;
  for (const { serverId, intervalMs: interval, events } of servers) {
    const plan = { ...PLAN, serverId };
    assert.is(interval, intervalMs(plan));
    // A machine that is busy for a whole interval misses a tick, but no value.
    assert.ok(Number(events) <= Math.floor(durationMs / interval), serverId);
    likes += likesBetween(plan, 0, Number(events));
  }
  assert.equal([totalLikes, acceptedLikes, seedLikes], Array(3).fill(String(likes)));
}

/** Ticks are due at start + k × interval: the k-th event never comes before the k-th tick. */
function expectTicks(run: Orchestration, added: AddedByServer, result: JsonResult): void {
  const startMs = run.log().find(({ text }) => text.startsWith("start: "))?.atMs ?? 0;
  for (const [index, events] of added.entries()) {
    const interval = result.servers[index]?.intervalMs ?? 0;
    for (const { atMs, sequence } of events) {
      const lateMs = atMs - startMs - sequence * interval;
      assert.ok(lateMs > -CLOCKS_APART_MS, `#${sequence} came ${lateMs} ms after its tick`);
    }
  }
}

/** Checks that the primary applied each event once, in order, and that its totals add up. */
function expectApplied(lines: readonly LogLine[], added: AddedByServer, result: JsonResult): void {
  const applied = new Map<string, number[]>();
  let total = 0;
  for (const { text } of lines) {
    const match = /^(\S+) #(\d+) \+(\d+) video = (\d+)$/.exec(text);
    if (match === null) continue;
    const [, serverId = "", sequence = "", likes = "", shown = ""] = match;
    const numbers = applied.get(serverId) ?? [];
    applied.set(serverId, numbers);
    assert.is(Number(sequence), numbers.push(Number(likes)), text);
    total += Number(likes);
    assert.is(Number(shown), total, text);
  }
  assert.is(String(total), result.totalLikes);
  for (const [index, events] of added.entries()) {
    assert.equal(
      applied.get(`likes-server-${index}`),
      events.map(({ likes }) => likes),
    );
  }
}

function expectParentLog(lines: readonly LogLine[], { servers, acceptedLikes }: JsonResult): void {
  const count = (pattern: RegExp): number => lines.filter(({ text }) => pattern.test(text)).length;
  assert.is(count(/^forked (?:primary|likes-server-\d): process \d+$/), servers.length + 1);
  assert.is(count(/^(?:primary|likes-server-\d) ended: code 0$/), servers.length + 1);
  const likes = Number(acceptedLikes).toLocaleString("en-US");
  assert.ok(lines.at(-4)?.text.startsWith(`EXACT ${likes} likes in `), lines.at(-4)?.text);
  assert.is(count(/^emptied 4 logs of earlier roles$/), 1);
  assert.not.ok(lines.some(({ text }) => text.includes("of an earlier run")));
}

/** Checks that the command named by the verdict finds the same total. */
async function expectProof({ next, totalLikes }: JsonResult): Promise<void> {
  const [npx, likes, ...args] = next.split(" ");
  assert.equal([npx, likes], ["npx", "likes"]);
  const { code, stdout } = await typed([...args, "--json"]);
  assert.is(code, 0, stdout);
  const { ledger } = JSON.parse(stdout) as { ledger: { totalLikes: string } };
  assert.is(ledger.totalLikes, totalLikes);
}

/** Writes logs of an earlier run, to be emptied. Returns their inodes. */
function leaveOldLogs(logDir: string): readonly number[] {
  for (const name of LOG_NAMES) {
    mkdirSync(join(logDir, name), { recursive: true, mode: 0o700 });
    writeFileSync(join(logDir, name, "log.txt"), "of an earlier run\n");
  }
  return logInodes(logDir);
}

function logInodes(logDir: string): readonly number[] {
  return LOG_NAMES.map((name) => statSync(join(logDir, name, "log.txt")).ino);
}

test.run();
