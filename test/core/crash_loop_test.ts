/** A LikesServer that restarts often while its primary is away: every accepted like arrives. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { IncarnationId } from "../../src/core/protocol/ids.ts";
import { OutboxDisk } from "../../src/store/outbox/memory_outbox.ts";
import { testId } from "../store/faults.ts";
import { OUTBOX } from "./core_fixture.ts";
import { LikesServerHarness } from "./likes_server/likes_server_harness.ts";
import { PrimaryHarness } from "./primary/primary_harness.ts";

const INCARNATIONS = 200;
const TICK_MS = 25;
/** About ten times what it takes: an incarnation closes with the report after its last pulse. */
const DELIVERED_MAX_MS = 200_000;

test("handle() delivers 200 incarnations in order when the primary was away for all", async () => {
  const primary = await PrimaryHarness.start();
  const disk = new OutboxDisk(OUTBOX, "likes-server-0");
  const first = await LikesServerHarness.start({ disk, incarnation: idOf(0) });
  await connectUntil(first, primary, () => first.core.isAccepting);

  let last = first;
  for (let index = 1; index <= INCARNATIONS; index++) {
    last = await LikesServerHarness.start({ disk, incarnation: idOf(index) });
    // Some incarnations accept nothing; they must close too.
    for (let add = 0; add < index % 3; add++) last.add(index);
    await last.settle();
  }
  assert.is(disk.content.state.incarnations.length, INCARNATIONS + 1);
  const added = disk.content.state.incarnations.reduce((sum, one) => sum + one.last.likes, 0n);
  assert.ok(added > 0n);

  const openMost = await connectUntil(
    last,
    primary,
    () => primary.ledger.row(idOf(INCARNATIONS)) !== undefined,
  );
  assert.ok(openMost <= 2, `${openMost} incarnations were open at once`);
  assert.is(primary.ledger.meta.totalLikes, added);
  assert.is(last.core.pendingEvents, 0);
  assert.equal(await primary.ledger.troubleKinds(), []);
  const rows = [...primary.ledger.disk.incarnations.values()];
  assert.equal(
    rows.map(({ incarnation, state }) => [incarnation, state]),
    rows.map((_, index) => [idOf(index), index === INCARNATIONS ? "open" : "closed"]),
    "each is closed before the next is opened, oldest first",
  );
  assert.is(rows.length, INCARNATIONS + 1);
  console.log(`delivered in ${primary.nowMs} ms of simulated time`);
});

function idOf(index: number): IncarnationId {
  return testId(0x1000 + index);
}

/**
 * Connects both until `isDone`, and then cuts their stream. Returns the highest number of
 * incarnations that the ledger had open at once.
 */
async function connectUntil(
  likesServer: LikesServerHarness,
  primary: PrimaryHarness,
  isDone: () => boolean,
): Promise<number> {
  const base = primary.nowMs * 1_000; // stream ids are never reused
  let openMost = 0;
  let [asked, answered] = [likesServer.actions.length, primary.actions.length];
  for (let ms = 0; !isDone(); ms += TICK_MS) {
    assert.ok(ms < DELIVERED_MAX_MS, "delivery takes too long");
    await likesServer.tick(TICK_MS);
    await primary.pass(TICK_MS);
    while (asked < likesServer.actions.length || answered < primary.actions.length) {
      for (; asked < likesServer.actions.length; asked++)
        toPrimary(likesServer, primary, asked, base);
      await primary.commit();
      openMost = Math.max(openMost, openRows(primary));
      for (; answered < primary.actions.length; answered++) {
        const action = primary.actions[answered];
        if (action?.type === "end") assert.unreachable(action.refusal.message);
        if (action?.type !== "send" || action.streamId !== base + likesServer.streamId) continue;
        await likesServer.receive(action.message);
      }
    }
  }
  primary.drive({ type: "closed", streamId: base + likesServer.streamId });
  return openMost;
}

function toPrimary(
  { actions }: LikesServerHarness,
  primary: PrimaryHarness,
  index: number,
  base: number,
): void {
  const action = actions[index];
  if (action?.type === "connect") {
    primary.drive({ type: "opened", streamId: base + action.streamId });
  } else if (action?.type === "send") {
    primary.receive(base + action.streamId, action.message);
  } else if (action?.type === "disconnect") {
    primary.drive({ type: "closed", streamId: base + action.streamId });
  }
}

function openRows({ ledger }: PrimaryHarness): number {
  return [...ledger.disk.incarnations.values()].filter(({ state }) => state === "open").length;
}

test.run();
