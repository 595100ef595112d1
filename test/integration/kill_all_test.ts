/** kill -9 of everything at once, as a power cut does, again and again under load. */
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { becomes } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { Givers } from "../fixtures/givers.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";

const KILLS = 6;
const IDS = ["a", "b", "c"];

test("the total is exact when all processes are killed at once, again and again", async () => {
  await using counter = new Counter();
  let primary = await counter.startPrimary();
  const servers: Record<string, Role> = {};
  for (const id of IDS) servers[id] = await counter.startAccepting(id);
  await using givers = new Givers(servers["a"]?.address ?? "", { name: "a" });
  await using others = new Givers(servers["b"]?.address ?? "", { name: "b" });
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(100 + Math.random() * 700);
    const roles = [primary, ...Object.values(servers)].toSorted(() => Math.random() - 0.5);
    await Promise.all(roles.map((role) => role.end("SIGKILL")));
    // In either order: a LikesServer that is known needs no primary to accept.
    const starts = [
      async () => (primary = await counter.startPrimary()),
      ...IDS.map((id) => async () => (servers[id] = await counter.startLikes(id))),
    ].toSorted(() => Math.random() - 0.5);
    await Promise.all(starts.map((start) => start()));
  }
  const before = givers.acceptedEvents;
  await becomes("likes accepted again", 10_000, () => givers.acceptedEvents > before);
  const records = [...(await givers.stop()), ...(await others.stop())];
  const total = await expectExact(counter, servers, records);
  for (const { itemId, acceptedEvents } of records) assert.ok(acceptedEvents > 0, itemId);
  console.log(`total ${total}, ${givers.acceptedEvents} + ${others.acceptedEvents} events given`);
});

test.run();
