/** kill -9 of LikesServers under load: each goes on where it was, and every like counts once. */
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { becomes } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { GENERATE, expectGenerated } from "../fixtures/generated.ts";
import { Givers } from "../fixtures/givers.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";

const KILLS = 9;
const IDS = ["a", "b", "generating"] as const;

test("the total is exact when LikesServers are killed again and again under load", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const roles = {
    a: await counter.startAccepting("a"),
    b: await counter.startAccepting("b"),
    generating: await counter.startAccepting("generating", { flags: GENERATE }),
  };
  await using givers = new Givers(roles.a.address, { name: "a" });
  await using others = new Givers(roles.b.address, { name: "b" });
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(Math.random() * 600);
    const id = IDS[kill % IDS.length] ?? "a";
    await roles[id].end("SIGKILL");
    await pause(Math.random() * 300);
    roles[id] = await counter.startLikes(id, id === "generating" ? { flags: GENERATE } : {});
  }
  const before = givers.acceptedEvents;
  await becomes("likes accepted again", 10_000, () => givers.acceptedEvents > before);
  const records = [...(await givers.stop()), ...(await others.stop())];
  assert.is((await roles.generating.end("SIGTERM")).code, 0);
  const servers: Record<string, Role> = { a: roles.a, b: roles.b };
  const total = await expectExact(counter, servers, records);
  expectGenerated(counter, "generating");
  for (const { itemId, acceptedEvents } of records) assert.ok(acceptedEvents > 0, itemId);
  const refused = records.reduce((sum, record) => sum + record.refused, 0);
  const events = givers.acceptedEvents + others.acceptedEvents;
  console.log(`total ${total}, ${events} events given, ${refused} refused`);
});

test.run();
