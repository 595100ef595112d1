/** What an operator decides about real roles: it is recorded, and ends what kept them UNKNOWN. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Status } from "../../src/core/status.ts";
import { becomes, eventually } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { Counter } from "../fixtures/roles.ts";
import { startRolledBack } from "../fixtures/rolled_back.ts";
import { expectDecided, expectRefused } from "../fixtures/operated.ts";

const LIMIT_MS = 15_000;

test("a killed member is retired by an operator, and one that streams is not", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const b = await counter.startAccepting("b");
  await counter.add(a, 5);
  await counter.add(b, 7);
  await expectExact(counter, { a, b }, []);
  await expectRefused(counter, ["retire", "a"], /^Error: Cannot retire "a": it streams; stop it/);
  await expectRefused(counter, ["retire", "c"], /no member of that name is known/);
  await b.end("SIGKILL");
  await becomes("b silent", LIMIT_MS, async () => {
    const { servers } = await counter.status();
    return servers.some(({ serverId, state }) => serverId === "b" && state === "silent");
  });
  const told = await expectDecided(counter, ["retire", "b", "--reason", "its disk is lost"]);
  assert.match(told, /^decision 1: outbox [0-9a-f]{32} is retired: its disk is lost\n$/);
  await expectExact(counter, { a }, []); // what b delivered stays in the total
  await expectRefused(counter, ["retire", "b"], /no member of that name is known/);
});

test("a member that returns after it was retired is counted once, and the span is named", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const b = await counter.startAccepting("b");
  await counter.add(b, 7);
  await expectExact(counter, { a, b }, []);
  await primary.end("SIGKILL");
  await counter.add(b, 11); // on its disk alone
  await b.end("SIGKILL");
  const { asOfMs } = await untilStarted(counter);
  await expectDecided(counter, ["retire", "b"]);
  await becomes("as_of moving on without b", LIMIT_MS, async () => {
    const status = await counter.status();
    return status.convergence === "converged" && status.asOfMs > asOfMs;
  });

  const returned = await counter.startLikes("b");
  const trouble = await eventually("b named", LIMIT_MS, async () => {
    const { troubles } = await counter.status();
    return troubles.find(({ kind }) => kind === "retired_returned");
  });
  assert.is(trouble.serverId, "b");
  assert.ok(trouble.asOfFromMs >= asOfMs && trouble.asOfToMs > trouble.asOfFromMs, "the span");
  await becomes("its likes counted", LIMIT_MS, async () => {
    return (await counter.status()).totalLikes === 18n;
  });
  const { stdout } = await counter.likes(["status", "--once", "--primary", counter.primary]);
  assert.match(stdout, "retired_returned at b, incarnation ");
  assert.match(stdout, `as_of may be wrong from `);
  assert.match(stdout, `likes resolve ${trouble.number})`);
  await expectDecided(counter, ["resolve", `${trouble.number}`, "--reason", "known"]);
  await expectExact(counter, { a, b: returned }, []);
});

test("a gap is closed by an operator, and what follows it is counted", async () => {
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
  await counter.add(a, 9);
  await becomes("all of it let go", LIMIT_MS, () => counter.recordsHeld("a") === 0);
  await primary.end("SIGTERM");
  await counter.add(a, 13); // behind the gap, and in the outbox
  rmSync(ledger, { recursive: true });
  cpSync(copy, ledger, { recursive: true });
  await counter.startPrimary();
  const gap = await eventually("a gap alone", LIMIT_MS, async () => {
    const { troubles } = await counter.status();
    const isOver = troubles.every(({ kind }) => kind === "gap");
    return isOver ? troubles.find(({ incarnation }) => incarnation !== "") : undefined;
  });
  assert.is(gap.firstSequence, 2);
  assert.is(gap.lastSequence, 3);
  const told = await expectDecided(counter, ["resolve", `${gap.number}`]);
  assert.match(
    told,
    /\(gap of incarnation [0-9a-f]{32}\) is resolved, #2 to #3 will never be counted\n$/,
  );
  for (const { number } of (await counter.status()).troubles) {
    await expectDecided(counter, ["resolve", `${number}`]);
  }
  await converged(counter);
  assert.is((await counter.status()).totalLikes, 18n);
});

test("a rolled back outbox is ended by an operator, and its LikesServer goes on", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await startRolledBack(counter);
  await eventually("it named", LIMIT_MS, async () => {
    return (await counter.status()).troubles.find(({ kind }) => kind === "outbox_rolled_back");
  });
  await counter.add(a, 9);
  await resolveAll(counter);
  await converged(counter);
  assert.is((await counter.status()).totalLikes, 21n, "what was applied stays");
});

test("of two copies the one that streams goes on once an operator has said so", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const first = await counter.startAccepting("a");
  await counter.add(first, 5);
  await first.end("SIGKILL");
  const copy = join(counter.folder, "copy");
  cpSync(counter.outboxDir("a"), join(copy, "a"), { recursive: true });
  const a = await counter.startLikes("a");
  await expectExact(counter, { a }, []);
  const twin = await counter.startLikes("a", { dataDir: copy });
  await counter.add(a, 7);
  const { number } = await eventually("both named", LIMIT_MS, async () => {
    return (await counter.status()).troubles.find(({ kind }) => kind === "second_incarnation");
  });
  await expectRefused(counter, ["resolve", `${number}`], /2 copies stream; let the one stream/);
  await twin.end("SIGKILL");
  await eventually("one copy gone", LIMIT_MS, async () => {
    const { code } = await operate(counter, ["resolve", `${number}`]);
    return code === 0 || undefined;
  });
  await resolveAll(counter);
  await converged(counter);
  assert.is((await counter.status()).totalLikes, 12n);
});

/** Starts the primary, and waits until it hears from all members but those that are gone. */
async function untilStarted(counter: Counter): Promise<Status> {
  await counter.startPrimary();
  return eventually("a answering", LIMIT_MS, async () => {
    const status = await counter.status();
    return status.servers.some(({ state }) => state === "streaming") ? status : undefined;
  });
}

/** Resolves every trouble that is left: one may end with another. */
async function resolveAll(counter: Counter): Promise<void> {
  await becomes("no trouble left", LIMIT_MS, async () => {
    const [trouble] = (await counter.status()).troubles;
    if (trouble !== undefined) await operate(counter, ["resolve", `${trouble.number}`]);
    return trouble === undefined;
  });
}

function operate(counter: Counter, args: readonly string[]) {
  return counter.likes([...args, "--data-dir", counter.dataDir]);
}

/** Waits until the counter has converged everywhere. */
async function converged(counter: Counter): Promise<void> {
  const args = ["status", "--wait", "--timeout", "20s", "--primary", counter.primary];
  const { code, stdout, stderr } = await counter.likes(args);
  assert.is(code, 0, stderr + stdout);
}

test.run();
