/**
 * kill -9 under load: of LikesServers, of the primary, and of everything at once, as in a power
 * cut. Nothing acknowledged is lost, nothing is counted twice, and no reader sees a number go back.
 */
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { becomes } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { extent } from "../fixtures/extent.ts";
import { GENERATE, expectGenerated } from "../fixtures/generated.ts";
import { Clients } from "../fixtures/clients.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";

const LIKES_SERVER_KILLS = extent(3, 12);
const PRIMARY_KILLS = extent(2, 12);
const POWER_CUTS = extent(1, 8);
const IDS = ["a", "b", "generating"] as const;

test("the total is exact when processes are killed repeatedly under load", async () => {
  await using counter = new Counter();
  let primary = await counter.startPrimary();
  const roles = {} as Record<(typeof IDS)[number], Role>;
  const start = async (id: (typeof IDS)[number]): Promise<void> => {
    roles[id] = await counter.startLikes(id, id === "generating" ? { flags: GENERATE } : {});
  };
  for (const id of IDS) {
    const flags = id === "generating" ? GENERATE : [];
    roles[id] = await counter.startAccepting(id, { flags });
  }
  await using clients = new Clients(roles.a.address, { name: "a" });
  await using others = new Clients(roles.b.address, { name: "b" });
  const seen = new Seen(counter);

  for (let kill = 0; kill < PRIMARY_KILLS; kill++) {
    await pause(Math.random() * 700);
    await seen.look();
    await primary.end("SIGKILL");
    await pause(Math.random() * 400);
    primary = await counter.startPrimary();
    await seen.look();
  }
  for (const { itemId, refused, unknown } of [...clients.records, ...others.records]) {
    assert.is(refused, 0, `${itemId}: a LikesServer accepts while its primary is away`);
    assert.is(unknown, 0n, `${itemId}: no LikesServer died`);
  }

  for (let kill = 0; kill < LIKES_SERVER_KILLS; kill++) {
    await pause(Math.random() * 600);
    const id = IDS[kill % IDS.length] ?? "a";
    await roles[id].end("SIGKILL");
    await pause(Math.random() * 300);
    await start(id);
  }

  for (let cut = 0; cut < POWER_CUTS; cut++) {
    await pause(100 + Math.random() * 700);
    const all = [primary, ...Object.values(roles)].toSorted(() => Math.random() - 0.5);
    await Promise.all(all.map((role) => role.end("SIGKILL")));
    // In any order: a LikesServer that is a member needs no primary to accept.
    const starts = [
      async () => void (primary = await counter.startPrimary()),
      ...IDS.map((id) => () => start(id)),
    ].toSorted(() => Math.random() - 0.5);
    await Promise.all(starts.map((one) => one()));
  }

  const before = clients.acceptedEvents;
  await becomes("likes accepted again", () => clients.acceptedEvents > before);
  const records = [...(await clients.stop()), ...(await others.stop())];
  assert.is((await roles.generating.end("SIGTERM")).code, 0);
  const total = await expectExact(counter, { a: roles.a, b: roles.b }, records);
  await seen.look();
  seen.expectForward();
  expectGenerated(counter, "generating");
  for (const { itemId, acceptedEvents } of records) assert.ok(acceptedEvents > 0, itemId);
  console.log(`total ${total}, ${clients.acceptedEvents} + ${others.acceptedEvents} events added`);
});

/** Checks the totals and `as_of` that a reader sees, in order. */
class Seen {
  readonly #counter: Counter;
  readonly #all: { readonly total: bigint; readonly asOfMs: number }[] = [];

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  async look(): Promise<void> {
    const { totalLikes: total, asOfMs } = await this.#counter.status();
    this.#all.push({ total, asOfMs });
  }

  expectForward(): void {
    for (const [index, { total, asOfMs }] of this.#all.entries()) {
      const before = this.#all[index - 1] ?? { total: 0n, asOfMs: 0 };
      assert.ok(total >= before.total, "the total never shrank");
      assert.ok(asOfMs >= before.asOfMs, "as_of never went back");
    }
  }
}

test.run();
