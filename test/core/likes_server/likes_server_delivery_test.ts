import { test } from "uvu";
import * as assert from "uvu/assert";
import { BACKOFF_MAX_MS, PULSE_WAIT_MAX_MS, WINDOW_BATCHES_MAX } from "../../../src/limits.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { testId } from "../../store/faults.ts";
import { FIRST, SECOND, ack, batches, like, recordAfter, welcome } from "../core_fixture.ts";
import { LikesServerHarness } from "./likes_server_harness.ts";

test("handle() delivers the oldest incarnation first, each on its own stream", async () => {
  const before = await LikesServerHarness.admitted();
  before.add(7);
  await before.settle();
  const server = await before.restart(SECOND);
  server.add(8);
  await server.connect();
  const [report] = server.reports;
  assert.is(server.hello.incarnation, FIRST);
  assert.equal([report?.final, report?.leaving, report?.otherPendingEvents], [true, false, 1]);
  assert.equal(
    server.batches.map(({ incarnation }) => incarnation),
    [FIRST],
  );
  await server.receive(ack(FIRST, { appliedSequence: 1 }));
  assert.is(server.all("connect").length, 1, "applied is not closed");
  await server.receive(ack(FIRST, { appliedSequence: 1, closed: true }));
  assert.is(server.all("disconnect").length, 1);
  assert.is(server.hello.incarnation, SECOND);
  assert.is(server.disk.content.state.incarnations[0]?.closed, true);
  assert.equal(server.core.accepted, { events: 2, likes: 15n });
  await server.connect();
  assert.is(server.reports.at(-1)?.final, false);
});

test("handle() continues after the position in the Welcome", async () => {
  const server = await LikesServerHarness.admitted();
  const [one, two] = batches(FIRST, [[1], [2]]);
  server.add(1);
  await server.settle();
  server.add(2);
  await server.settle();
  server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
  const sent = server.batches.length;
  await server.connect({ appliedSequence: 1, digest: one?.digest ?? "" });
  const again = server.batches.slice(sent);
  assert.equal(
    again.map(({ events, digest }) => [events.first, digest]),
    [[2, two?.digest]],
  );
  assert.is(server.core.pendingEvents, 1);
});

test("handle() parks, and mints a new incarnation, when the Welcome shows amnesia", async () => {
  const cases = [
    ["outbox_rolled_back", { appliedSequence: 5, digest: testId(5) }],
    ["digest_differs", { appliedSequence: 1, digest: testId(5) }],
  ] as const;
  for (const [kind, changes] of cases) {
    const server = await LikesServerHarness.admitted();
    server.add(1);
    await server.settle();
    server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
    await server.connect(changes);
    assert.equal(
      server.core.troubles.map((one) => [one.kind, one.incarnation]),
      [[kind, FIRST]],
    );
    assert.is(server.core.incarnation, testId(0x100));
    await server.tick(BACKOFF_MAX_MS);
    assert.is(server.hello.incarnation, testId(0x100));
    const requestId = server.add(2);
    await server.connect();
    assert.equal(
      server.reports.at(-1)?.troubles.map((one) => one.kind),
      [kind],
    );
    assert.equal(server.outcome(requestId), {
      type: "accepted",
      incarnation: testId(0x100),
      sequence: 1,
    });
  }
});

test("handle() parks an older incarnation and keeps the current one", async () => {
  const before = await LikesServerHarness.admitted();
  before.add(7);
  await before.settle();
  const server = await before.restart(SECOND);
  await server.connect({ appliedSequence: 5, digest: testId(5) });
  assert.equal([server.core.incarnation, server.core.troubles.length], [SECOND, 1]);
  await server.tick(BACKOFF_MAX_MS);
  assert.is(server.hello.incarnation, SECOND);
});

test("handle() reports all doubtful events when the Welcome shows amnesia", async () => {
  const cases = [
    ["outbox_rolled_back", { appliedSequence: 5, digest: testId(5) }, { first: 2, last: 5 }],
    ["digest_differs", { appliedSequence: 2, digest: testId(5) }, { first: 2, last: 3 }],
  ] as const;
  for (const [kind, changes, events] of cases) {
    const server = await LikesServerHarness.admitted();
    for (const likes of [1, 2, 3]) {
      server.add(likes);
      await server.settle();
    }
    await server.receive(ack(FIRST, { appliedSequence: 1 }));
    server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
    await server.connect(changes);
    const [found] = server.core.troubles;
    assert.is(found?.kind, kind);
    assert.equal(found?.events, events);
  }
});

test("handle() reports all events when acknowledged ones differ", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(1);
  await server.settle();
  await server.receive(ack(FIRST, { appliedSequence: 1 }));
  server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
  await server.connect({ appliedSequence: 1, digest: testId(5) });
  const [found] = server.core.troubles;
  assert.equal([found?.kind, found?.events], ["digest_differs", { first: 1, last: 1 }]);
});

test("handle() breaks the stream when the outbox lacks the next events", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(1);
  await server.doDiskCall();
  assert.equal(server.diskCalls, ["read"]);
  const read = { position: undefined, records: [], end: undefined };
  server.drive({ type: "read", streamId: server.streamId, read });
  assert.is(server.batches.length, 0);
  assert.is(server.notices("disconnected").length, 1);
});

test("handle() sends no batch on a stream that is about to end", async () => {
  const before = await LikesServerHarness.admitted();
  const server = await before.restart(SECOND);
  await server.connect();
  const { streamId } = server;
  const closed = ack(FIRST, { closed: true });
  server.drive({ type: "received", streamId, message: closed });
  const { record, last } = recordAfter(origin(FIRST), [like(1)]);
  const read = { position: origin(FIRST), records: [record], end: last };
  server.drive({ type: "read", streamId, read });
  assert.is(server.batches.length, 0);
});

test("handle() appends nothing to an incarnation that is about to be parked", async () => {
  const server = await LikesServerHarness.admitted();
  server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
  server.disk.failNext("disk_full");
  await server.connect({ appliedSequence: 5 });
  const waiting = server.add(2);
  await server.settle();
  const later = server.add(3);
  for (const requestId of [waiting, later]) {
    const refused = server.outcome(requestId);
    assert.is(refused?.type === "refused" && refused.refusal.code, "disk_full");
  }
  await server.tick(500);
  const requestId = server.add(4);
  await server.settle();
  const outcome = server.outcome(requestId);
  assert.is(outcome?.type === "accepted" && outcome.incarnation, testId(0x100));
});

test("handle() parks once when its stream breaks before the write", async () => {
  const server = await LikesServerHarness.admitted();
  server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
  await server.tick(1_000);
  const message = welcome(FIRST, { appliedSequence: 5 });
  server.drive({ type: "received", streamId: server.streamId, message });
  server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
  server.nowMs += 1_000;
  const connects = server.all("connect").length;
  server.drive({ type: "tick" });
  assert.is(server.all("connect").length, connects, "it waits for its disk");
  await server.settle();
  await server.tick(1_000);
  assert.is(server.writes.filter(({ type }) => type === "mint").length, 1);
});

test("handle() ignores messages of an older stream", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(1);
  await server.settle();
  const old = server.streamId;
  server.drive({ type: "broken", streamId: old, reason: "gone" });
  await server.connect();
  server.drive({ type: "received", streamId: old, message: ack(FIRST, { appliedSequence: 1 }) });
  server.drive({ type: "broken", streamId: old, reason: "again" });
  server.drive({ type: "blocked", streamId: old });
  assert.is(server.core.pendingEvents, 1);
  assert.is(server.all("disconnect").length, 1);
});

test("handle() breaks the stream when unsent events are acknowledged", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(1);
  await server.settle();
  await server.receive(ack(SECOND, { appliedSequence: 1 }));
  assert.is(server.core.pendingEvents, 1);
  await server.receive(ack(FIRST, { appliedSequence: 2 }));
  assert.is(server.all("disconnect").length, 1);
});

test("handle() bounds what is in flight when nothing is acknowledged", async () => {
  const server = await LikesServerHarness.admitted();
  server.drive({ type: "blocked", streamId: server.streamId });
  for (let index = 0; index < 300 * WINDOW_BATCHES_MAX; index++) {
    server.add(1);
    await server.settle();
  }
  assert.is(server.batches.length, 0, "the transport is full");
  server.drive({ type: "writable", streamId: server.streamId });
  await server.settle();
  assert.is(server.batches.length, WINDOW_BATCHES_MAX);
  await server.receive(ack(FIRST, { appliedSequence: server.batches[0]?.events.last ?? 0 }));
  assert.is(server.batches.length, WINDOW_BATCHES_MAX + 1);
});

test("handle() answers only the newest pulse after its stream was blocked", async () => {
  const server = await LikesServerHarness.admitted();
  server.drive({ type: "blocked", streamId: server.streamId });
  const before = server.reports.length;
  for (let index = 0; index < 5; index++) await server.pulse({ totalLikes: BigInt(index) });
  assert.is(server.reports.length, before);
  assert.is(server.core.total(server.nowMs)?.pulse.totalLikes, 4n, "it shows the newest");
  server.drive({ type: "writable", streamId: server.streamId });
  assert.equal(
    server.reports.slice(before).map(({ pulseMs }) => pulseMs),
    [1_005],
  );
});

test("total() returns the total and this outbox's likes that it lacks", async () => {
  const server = await LikesServerHarness.start();
  assert.is(server.core.total(0), undefined);
  await server.connect();
  await server.receive(ack(FIRST));
  server.add(5);
  await server.settle();
  await server.pulse({ totalLikes: 10n });
  assert.equal(server.core.total(server.nowMs + 40)?.pendingLikes, 5n);
  assert.is(server.core.total(server.nowMs + 40.7)?.pulseAgeMs, 40);
  await server.receive(ack(FIRST, { appliedSequence: 1 }));
  assert.is(server.core.total(0)?.pendingLikes, 5n, "until a pulse includes them");
  await server.pulse({ totalLikes: 15n });
  assert.is(server.core.total(0)?.pendingLikes, 0n);
});

test("a new version of the ledger is told, even if the total is the same", async () => {
  const server = await LikesServerHarness.admitted();
  const before = server.notices("ledger_changed").length;
  await server.pulse({ totalLikes: 10n, version: 7 });
  await server.pulse({ totalLikes: 10n, version: 8 });
  await server.pulse({ totalLikes: 10n, version: 8 });
  assert.is(server.notices("ledger_changed").length - before, 2);
});

test("handle() abandons a silent stream and backs off", async () => {
  const server = await LikesServerHarness.admitted();
  await server.tick(PULSE_WAIT_MAX_MS);
  assert.is(server.notices("disconnected").length, 0);
  await server.tick(25);
  assert.is(server.notices("disconnected").length, 1);
  const connects = server.all("connect").length;
  await server.tick(24);
  assert.is(server.all("connect").length, connects);
  await server.tick(1);
  assert.is(server.all("connect").length, connects + 1);
});

test("handle() reports the version that it shows, not the newest that it received", async () => {
  const server = await LikesServerHarness.admitted();
  const { streamId } = server;
  server.drive({ type: "blocked", streamId });
  await server.pulse({ version: 5, totalLikes: 5n });
  await server.receive(ack(FIRST, { version: 9 }));
  server.drive({ type: "writable", streamId });
  const report = server.reports.at(-1);
  assert.equal([report?.shownVersion, report?.shownTotalLikes], [5, 5n]);
});

test.run();
