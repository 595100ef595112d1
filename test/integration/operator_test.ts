/** Members that an operator retires: one that is lost, and one that returns. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Status } from "../../src/core/primary/status.ts";
import { becomes, eventually } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { Counter } from "../fixtures/roles.ts";
import { expectDecided, expectRefused } from "../fixtures/decided.ts";

test("an operator retires a killed member, but not a streaming one", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const b = await counter.startAccepting("b");
  await counter.add(a, 5);
  await counter.add(b, 7);
  await expectExact(counter, { a, b }, []);
  await expectRefused(counter, ["retire", "a"], /^Error: Cannot retire "a": it streams; stop it/);
  await expectRefused(counter, ["retire", "c"], /no member has that server id or outbox id/);
  await b.end("SIGKILL");
  await becomes("b silent", async () => {
    const { servers } = await counter.status();
    return servers.some(({ serverId, state }) => serverId === "b" && state === "silent");
  });
  const told = await expectDecided(counter, ["retire", "b", "--reason", "its disk is lost"]);
  assert.match(told, /^decision 1: outbox [0-9a-f]{32} is retired: its disk is lost\n$/);
  await expectExact(counter, { a }, []); // what b delivered stays in the total
  await expectRefused(counter, ["retire", "b"], /no member has that server id or outbox id/);
});

test("a retired member that returns is counted once, and the span is named", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const b = await counter.startAccepting("b");
  await counter.add(b, 7);
  await expectExact(counter, { a, b }, []);
  await primary.end("SIGKILL");
  await counter.add(b, 11); // on its disk only
  await b.end("SIGKILL");
  const { asOfMs } = await untilStarted(counter);
  await expectDecided(counter, ["retire", "b"]);
  await becomes("as_of advancing without b", async () => {
    const status = await counter.status();
    return status.convergence === "converged" && status.asOfMs > asOfMs;
  });

  const returned = await counter.startLikes("b");
  const trouble = await eventually("b named", async () => {
    const { troubles } = await counter.status();
    return troubles.find(({ kind }) => kind === "retired_returned");
  });
  assert.is(trouble.serverId, "b");
  const { afterMs, upToMs } = trouble.doubtfulAsOf ?? { afterMs: 0, upToMs: 0 };
  assert.ok(afterMs >= asOfMs && upToMs > afterMs, "the span");
  await becomes("its likes counted", async () => {
    return (await counter.status()).totalLikes === 18n;
  });
  const { stdout } = await counter.likes(["status", "--once", "--primary", counter.primary]);
  assert.match(stdout, "retired_returned at b, incarnation ");
  assert.match(stdout, `as_of may be wrong from `);
  assert.match(stdout, `likes resolve ${trouble.number})`);
  await expectDecided(counter, ["resolve", `${trouble.number}`, "--reason", "known"]);
  await expectExact(counter, { a, b: returned }, []);
});

/** Starts the primary, and waits for all members except the missing ones. */
async function untilStarted(counter: Counter): Promise<Status> {
  await counter.startPrimary();
  return eventually("a answering", async () => {
    const status = await counter.status();
    return status.servers.some(({ state }) => state === "streaming") ? status : undefined;
  });
}

test.run();
