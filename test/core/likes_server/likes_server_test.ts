import { recordDiskBytes } from "../../../src/store/outbox/disk_bytes.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesServerCore } from "../../../src/core/likes_server/likes_server.ts";
import { TOTAL_LIKES_ACCEPTING_MAX } from "../../../src/limits.ts";
import { FIRST, SECOND, ack, pulse } from "../core_fixture.ts";
import { LikesServerHarness } from "./likes_server_harness.ts";

test("handle() refuses likes before it is admitted, with the primary's address", async () => {
  const server = await LikesServerHarness.start();
  const requestId = server.add(1);
  const outcome = server.outcome(requestId);
  assert.is(outcome?.type === "refused" && outcome.refusal.code, "not_accepting");
  assert.match(outcome?.type === "refused" ? outcome.refusal.message : "", "127.0.0.1:50051");
  await server.connect();
  assert.is(server.outcomeText(server.add(1)), "not_accepting", "a Welcome does not admit");
});

test("handle() accepts once the Ack that admits it is on its disk", async () => {
  const server = await LikesServerHarness.start();
  await server.connect();
  server.drive({ type: "received", streamId: server.streamId, message: ack(FIRST) });
  assert.is(server.outcomeText(server.add(1)), "not_accepting");
  await server.settle();
  assert.is(server.disk.content.state.membership, "member");
  const requestId = server.add(2);
  await server.settle();
  assert.is(server.outcomeText(requestId), "#1");
});

test("handle() answers and sends nothing before the write is done", async () => {
  const server = await LikesServerHarness.admitted();
  const requestId = server.add(5);
  assert.equal(server.diskCalls, ["write"]);
  assert.is(server.outcome(requestId), undefined);
  server.drive({ type: "received", streamId: server.streamId, message: pulse({ pulseMs: 7 }) });
  assert.equal([server.reports.at(-1)?.pulseMs, server.reports.at(-1)?.lastSequence], [7, 0]);
  assert.is(server.batches.length, 0);
  await server.settle();
  assert.is(server.outcomeText(requestId), "#1");
  assert.is(server.batches.length, 1);
  assert.equal(server.core.accepted, { events: 1, likes: 5n });
});

test("handle() makes one record of likes that arrive during a write", async () => {
  const server = await LikesServerHarness.admitted();
  const ids = [1, 2, 3, 4].map((likes) => server.add(likes));
  await server.settle();
  assert.equal(
    ids.map((id) => server.outcomeText(id)),
    ["#1", "#2", "#3", "#4"],
  );
  const appends = server.writes.filter(({ type }) => type === "append");
  assert.is(appends.length, 2);
});

test("handle() makes one record of likes that arrive together, without the refused ones", async () => {
  const server = await LikesServerHarness.admitted();
  const ids = server.addAll([1, 1_000_001, 3]);
  await server.settle();
  assert.equal(
    ids.map((id) => server.outcomeText(id)),
    ["#1", "like_invalid", "#2"],
  );
  assert.is(server.writes.filter(({ type }) => type === "append").length, 1);
});

test("handle() refuses an invalid event, and writes nothing", async () => {
  const server = await LikesServerHarness.admitted();
  assert.is(server.outcomeText(server.add(1_000_001)), "like_invalid");
  assert.is(server.outcomeText(server.add(1, "")), "like_invalid");
  assert.equal(server.diskCalls, []);
});

test("handle() refuses likes when the shown total leaves too little room", async () => {
  const server = await LikesServerHarness.admitted();
  const { streamId } = server;
  const totalLikes = TOTAL_LIKES_ACCEPTING_MAX - 1n;
  server.drive({ type: "received", streamId, message: pulse({ pulseMs: 7, totalLikes }) });
  const requestId = server.add(1);
  await server.settle();
  assert.is(server.outcomeText(requestId), "#1");
  const full = pulse({ pulseMs: 8, totalLikes: totalLikes + 1n });
  server.drive({ type: "received", streamId, message: full });
  assert.is(server.outcomeText(server.add(1)), "too_many");
});

test("handle() refuses likes when the outbox is full, counting pending writes", async () => {
  const size = 11;
  // The first like becomes its own record; those that arrive meanwhile share one.
  const outboxBytesMax = recordDiskBytes(size) + recordDiskBytes(2 * size);
  const server = await LikesServerHarness.admitted({ outboxBytesMax });
  const ids = [1, 2, 3, 4].map((likes) => server.add(likes));
  assert.is(server.outcomeText(ids[3] ?? 0), "outbox_full");
  await server.settle();
  assert.is(server.disk.content.state.bytes, outboxBytesMax);
  assert.is(server.outcomeText(server.add(1)), "outbox_full");
});

test("handle() keeps accepting while the primary is away, also after a restart", async () => {
  const server = await LikesServerHarness.admitted();
  server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
  const requestId = server.add(1);
  await server.settle();
  assert.is(server.outcomeText(requestId), "#1");

  const next = await server.restart(SECOND);
  const again = next.add(2);
  await next.settle();
  assert.equal(next.outcome(again), { type: "accepted", incarnation: SECOND, sequence: 1 });
});

test("handle() answers disk_full when the disk refuses likes, and continues", async () => {
  const server = await LikesServerHarness.admitted();
  server.disk.failNext("disk_full");
  const refused = server.add(1);
  const next = server.add(2);
  await server.settle();
  assert.equal([server.outcomeText(refused), server.outcomeText(next)], ["disk_full", "#1"]);
  assert.equal(server.core.accepted, { events: 1, likes: 2n });
  assert.equal(
    [server.notices("store_failing").length, server.notices("store_recovered").length],
    [1, 1],
  );
});

test("handle() answers store_busy when another program writes to the outbox", async () => {
  const server = await LikesServerHarness.admitted();
  const refused = server.add(1);
  server.drive({ type: "written", outcome: "store_busy", state: server.store.state });
  const outcome = server.outcome(refused);
  assert.equal(outcome, {
    type: "refused",
    refusal: {
      code: "store_busy",
      message:
        "Cannot accept the likes: another program is writing to the outbox of likes-server-0; " +
        "end that program",
    },
  });
  assert.equal(server.notices("store_failing"), [{ type: "store_failing", why: "store_busy" }]);
});

test("handle() retries a change of state when the disk refused it", async () => {
  const server = await LikesServerHarness.start();
  await server.connect();
  server.disk.failNext("disk_full");
  await server.receive(ack(FIRST));
  assert.is(server.core.isAccepting, false);
  await server.tick(499);
  assert.is(server.core.isAccepting, false);
  await server.tick(1);
  assert.is(server.core.isAccepting, true);
});

test("LikesServerCore asserts that its incarnation is new", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(1);
  await server.settle();
  const snapshot = await server.store.load();
  assert.throws(() => new LikesServerCore(snapshot, {} as never, 0), /no incarnation of another/);
});

test.run();
