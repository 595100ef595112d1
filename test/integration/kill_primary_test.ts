/** kill -9 of the primary under load: nothing acknowledged is lost, nothing is counted twice. */
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { expectExact } from "../fixtures/expect_exact.ts";
import { GENERATE, expectGenerated } from "../fixtures/generated.ts";
import { Givers } from "../fixtures/givers.ts";
import { Counter } from "../fixtures/roles.ts";

const KILLS = 8;

test("the total is exact when the primary is killed again and again under load", async () => {
  await using counter = new Counter();
  let primary = await counter.startPrimary();
  const servers = { a: await counter.startAccepting("a"), b: await counter.startAccepting("b") };
  const generating = await counter.startAccepting("generating", { flags: GENERATE });
  await using givers = new Givers(servers.a.address, { name: "a" });
  await using others = new Givers(servers.b.address, { name: "b" });
  const seen: { total: bigint; asOfMs: number }[] = [];
  const look = async (): Promise<void> => {
    const { totalLikes: total, asOfMs } = await counter.status();
    seen.push({ total, asOfMs });
  };
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(Math.random() * 700);
    await look();
    await pause(Math.random() * 100);
    await primary.end("SIGKILL");
    await pause(Math.random() * 400);
    primary = await counter.startPrimary();
    await look();
  }
  const records = [...(await givers.stop()), ...(await others.stop())];
  assert.is((await generating.end("SIGTERM")).code, 0);
  const total = await expectExact(counter, servers, records);
  expectGenerated(counter, "generating");
  await look();
  for (const [index, { total, asOfMs }] of seen.entries()) {
    const before = seen[index - 1] ?? { total: 0n, asOfMs: 0 };
    assert.ok(total >= before.total, "the total never shrank");
    assert.ok(asOfMs >= before.asOfMs, "as_of never went back");
  }
  for (const { itemId, refused, unknown, acceptedEvents } of records) {
    assert.ok(acceptedEvents > 0, itemId);
    assert.is(refused, 0, `${itemId}: a LikesServer accepts while its primary is away`);
    assert.is(unknown, 0n, `${itemId}: no LikesServer went away`);
  }
  console.log(`total ${total}, ${givers.acceptedEvents} + ${others.acceptedEvents} events given`);
});

test.run();
