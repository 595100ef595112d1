/** A LikesServer that ended again and again while its primary was away: what it accepted arrives. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { OutboxDisk } from "../../src/store/outbox/memory_outbox.ts";
import { testId } from "../store/faults.ts";
import { OUTBOX } from "./core_fixture.ts";
import { LikesServerHarness } from "./likes_server/likes_server_harness.ts";
import { PrimaryHarness } from "./primary/primary_harness.ts";

const LIVES = 200;
const TICK_MS = 25;
/** Some ten times what it takes: a life is closed by the report that answers the pulse after it. */
const DELIVERED_MAX_MS = 200_000;

test("handle() delivers 200 lives in order when the primary was away for all of them", async () => {
  const primary = await PrimaryHarness.start();
  const disk = new OutboxDisk(OUTBOX, "likes-server-0");
  const first = await LikesServerHarness.start({ disk, incarnation: testId(0x1000) });
  await joined(first, primary, () => first.core.isAccepting);

  let last = first;
  for (let life = 1; life <= LIVES; life++) {
    last = await LikesServerHarness.start({ disk, incarnation: testId(0x1000 + life) });
    // Some lives accept nothing at all, and are closed all the same.
    for (let add = 0; add < life % 3; add++) last.add(life);
    await last.settle();
  }
  assert.is(disk.content.state.incarnations.length, LIVES + 1);
  const given = disk.content.state.incarnations.reduce((sum, one) => sum + one.last.likes, 0n);
  assert.ok(given > 0n);

  const openMost = await joined(last, primary, () => primary.ledger.row(idOf(LIVES)) !== undefined);
  assert.ok(openMost <= 2, `${openMost} were open at once`);
  assert.is(primary.ledger.meta.totalLikes, given);
  assert.is(last.core.pendingEvents, 0);
  assert.equal(await primary.ledger.troubleKinds(), []);
  const rows = [...primary.ledger.disk.incarnations.values()];
  assert.equal(
    rows.map(({ incarnation, state }) => [incarnation, state]),
    rows.map((_, life) => [idOf(life), life === LIVES ? "open" : "closed"]),
    "each is closed before the next is opened, oldest first",
  );
  assert.is(rows.length, LIVES + 1);
  console.log(`delivered in ${primary.nowMs} ms of its time`);
});

function idOf(life: number): string {
  return testId(0x1000 + life);
}

/**
 * Lets the two talk until `isDone`, and then cuts their stream. Returns the most incarnations that the
 * ledger had open at once.
 */
async function joined(
  likesServer: LikesServerHarness,
  primary: PrimaryHarness,
  isDone: () => boolean,
): Promise<number> {
  const base = primary.nowMs * 1_000; // a stream's id is its own for ever
  let openMost = 0;
  let [asked, answered] = [likesServer.actions.length, primary.actions.length];
  for (let ms = 0; !isDone(); ms += TICK_MS) {
    assert.ok(ms < DELIVERED_MAX_MS, "it is delivered in time");
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
