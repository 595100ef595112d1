/**
 * Wall clocks that are set, step and stand still, on real processes. They change only the printed
 * time of day.
 */
// nightly because the simulator covers clock jumps; these are real processes
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Status } from "../../src/core/primary/status.ts";
import { PrimaryClient } from "../../src/rpc/client/primary_client.ts";
import { becomes } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { extent, sampleOf } from "../fixtures/extent.ts";
import { FakedClock, findLibfaketime } from "../fixtures/faked_clock.ts";
import { Clients } from "../fixtures/clients.ts";
import { Counter } from "../fixtures/roles.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;
/** How far a log line may be from the time that the clock was set to: the test takes that long. */
const NEAR_MS = 300 * SECOND_MS;
const LIMIT_MS = 20_000;
const WATCH_INTERVAL_MS = 100;
const STATUSES_A_JUMP = 3;
const ROUNDS = extent(1, 3);
/** Pause between jumps of a command's clock. Each command sees several jumps. */
const COMMAND_JUMP_MS = 20;

/** A setting of a clock, and the approximate time that it then shows. */
interface Jump {
  readonly time: string;
  readonly shownMs: () => number;
}

function by(time: string, changeMs: number): Jump {
  return { time, shownMs: () => Date.now() + changeMs };
}

function to(time: string): Jump {
  return { time, shownMs: () => Date.parse(`${time.replace("@", "").replace(" ", "T")}Z`) };
}

const JUMPS: readonly Jump[] = [
  by("+1h", HOUR_MS),
  by("-1h", -HOUR_MS),
  by("+10d", 10 * DAY_MS),
  by("-10d", -10 * DAY_MS),
  to("@2038-01-19 03:14:08"),
  to("@1970-01-01 12:00:00"),
  to("2026-11-22 12:00:00"), // and it stands still
  by("+0", 0),
];

const found = findLibfaketime();
const library = "path" in found ? found.path : "";
if ("missing" in found) console.log(`skipped: ${found.missing}`);

function testFaked(name: string, run: () => Promise<void>): void {
  if (library === "") test.skip(name, run);
  else test(name, run);
}

testFaked("the total is exact, and never UNKNOWN, when clocks jump while likes flow", async () => {
  await using counter = new Counter();
  const clocks = Object.fromEntries(
    ["primary", "a", "b"].map((name) => [
      name,
      new FakedClock(library, join(counter.folder, name)),
    ]),
  );
  await counter.startPrimary({ env: clocks["primary"]?.env ?? {} });
  const a = await counter.startAccepting("a", { env: clocks["a"]?.env ?? {} });
  const b = await counter.startAccepting("b", { env: clocks["b"]?.env ?? {} });
  await using clients = new Clients(a.address, { name: "a" });
  await using others = new Clients(b.address, { name: "b" });
  await becomes("a first answer of every member", async () => {
    return (await counter.status()).convergence !== "unknown";
  });
  const watch = new Watch(counter.primary);
  let jumps = 0;
  for (const names of sampleOf([["primary"], ["primary", "a", "b"], ["a"]], 1)) {
    for (const jump of JUMPS) {
      for (const name of names) clocks[name]?.set(jump.time);
      for (const name of names) await logged(counter, name, jump);
      await goesOn([clients, others], watch);
      jumps += names.length;
    }
  }
  const records = [...(await clients.stop()), ...(await others.stop())];
  await watch.stop();
  const total = await expectExact(counter, { a, b }, records);
  for (const { itemId, refused, unknown, acceptedEvents } of records) {
    assert.ok(acceptedEvents > 0, itemId);
    assert.is(refused, 0, itemId);
    assert.is(unknown, 0n, itemId);
  }
  assert.ok(jumps > 0);
  console.log(`total ${total}, ${jumps} jumps, ${watch.seen} statuses`);
});

testFaked("as_of advances when a primary restarts on a clock that was set", async () => {
  await using counter = new Counter();
  const clock = new FakedClock(library, join(counter.folder, "primary"));
  let primary = await counter.startPrimary({ env: clock.env });
  const a = await counter.startAccepting("a");
  let before: Status | undefined;
  for (const [index, jump] of [by("+0", 0), ...sampleOf(JUMPS.toReversed(), 4)].entries()) {
    await counter.add(a, 5);
    await expectExact(counter, { a }, []);
    const status = await counter.status();
    const upMs = status.nowMs - status.startedMs;
    assert.ok(upMs >= 0 && upMs < NEAR_MS, `up ${upMs} ms`);
    assert.ok(status.asOfMs > (before?.asOfMs ?? 0), `${status.asOfMs} at ${index}`);
    assert.ok(status.nowMs > (before?.asOfMs ?? 0), `${status.nowMs} at ${index}`);
    before = status;
    await primary.end("SIGKILL");
    clock.set(jump.time);
    primary = await counter.startPrimary({ env: clock.env });
    await logged(counter, "primary", jump);
  }
  await expectExact(counter, { a }, []);
  assert.ok((await counter.status()).asOfMs > Date.UTC(2038, 0, 19), "2038 was committed");
});

testFaked("commands keep their timeouts when their clock jumps", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const clock = new FakedClock(library, join(counter.folder, "command"));
  const jumping = new Jumping(clock);
  const run = async (...args: readonly string[]) => {
    await using command = counter.spawn(args, { env: clock.env });
    return await command.result();
  };
  for (let round = 0; round < ROUNDS; round++) {
    const given = await run("add", "video", "5", "--server", a.address);
    assert.is(given.code, 0, given.stderr);
    const waited = await run("status", "--wait", "--primary", counter.primary);
    assert.is(waited.code, 0, waited.stderr);
    const count = await run("count", "video", "--primary", counter.primary);
    assert.is(count.code, 0, count.stderr);
  }
  a.signal("SIGSTOP");
  const late = await run("add", "video", "5", "--server", a.address, "--timeout", "1s");
  a.signal("SIGCONT");
  assert.is(late.code, 3, late.stderr);
  assert.match(late.stderr, /it did not answer within \d+ ms/);
  assert.ok(jumping.stop() > 20, "its clock jumped");
  assert.is(await expectExact(counter, { a }, []), 5n * BigInt(ROUNDS));
});

/** Waits until the log of a role shows roughly the time that its clock was set to. */
async function logged(counter: Counter, name: string, { time, shownMs }: Jump): Promise<void> {
  const folder = name === "primary" ? "PrimaryLikesServer" : `LikesServer-${name}`;
  const path = join(counter.logDir, folder, "log.txt");
  await becomes(`${time} in the log of ${name}`, () => {
    const line = readFileSync(path, "utf8").trimEnd().split("\n").at(-1) ?? "";
    const lineMs = Date.parse(`${line.slice(0, 23).replace(" ", "T")}Z`);
    return Math.abs(lineMs - shownMs()) < NEAR_MS;
  });
}

/** Waits until all clients have added more likes, and the watch has seen more statuses. */
async function goesOn(clients: readonly Clients[], watch: Watch): Promise<void> {
  const before = clients.map(({ acceptedEvents }) => acceptedEvents);
  const seen = watch.seen + STATUSES_A_JUMP;
  await becomes("likes and statuses after a jump", () => {
    return watch.seen >= seen && clients.every((one, at) => one.acceptedEvents > (before[at] ?? 0));
  });
}

/** Watches every status of a primary, and checks that a clock jump never shows. */
class Watch {
  readonly #client: PrimaryClient;
  readonly #end = new AbortController();
  readonly #done: Promise<void>;
  #seen = 0;

  constructor(primary: string) {
    this.#client = new PrimaryClient(primary);
    this.#done = this.#watch();
    this.#done.catch(() => {}); // `stop` throws it
  }

  /** Number of statuses seen. */
  get seen(): number {
    return this.#seen;
  }

  /** Ends the watch. Throws if a status was wrong. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#done;
    this.#client.close();
  }

  async #watch(): Promise<void> {
    let before: Status | undefined;
    const watching = {
      intervalMs: WATCH_INTERVAL_MS,
      firstMs: LIMIT_MS,
      signal: this.#end.signal,
    };
    for await (const status of this.#client.watch(watching)) {
      assert.is.not(status.convergence, "unknown", JSON.stringify(status.servers, textOf));
      assert.ok(status.asOfMs >= (before?.asOfMs ?? 0), "as_of never goes back");
      assert.ok(status.nowMs >= (before?.nowMs ?? 0), "its time never goes back");
      assert.ok(status.totalLikes >= (before?.totalLikes ?? 0n), "the total never shrinks");
      before = status;
      this.#seen++;
    }
  }
}

function textOf(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

/** A clock that jumps repeatedly until it is stopped. */
class Jumping {
  #jumps = 0;
  #isStopped = false;

  constructor(clock: FakedClock) {
    void this.#jump(clock);
  }

  /** Stops it. Returns the number of jumps. */
  stop(): number {
    this.#isStopped = true;
    return this.#jumps;
  }

  async #jump(clock: FakedClock): Promise<void> {
    while (!this.#isStopped) {
      clock.set(JUMPS[this.#jumps++ % JUMPS.length]?.time ?? "+0");
      await pause(COMMAND_JUMP_MS);
    }
  }
}

test.run();
