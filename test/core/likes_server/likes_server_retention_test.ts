import { test } from "uvu";
import * as assert from "uvu/assert";
import type { GenerationId } from "../../../src/core/protocol/ids.ts";
import { ACKNOWLEDGE_GAP_MIN_MS, RETAINED_INCARNATIONS_MAX } from "../../../src/limits.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { MemoryOutbox, OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import type { Pulse } from "../../../src/core/protocol/messages.ts";
import {
  FIRST,
  GENERATION,
  OUTBOX,
  SECOND,
  ack,
  batches,
  like,
  pulse,
  recordAfter,
  welcome,
} from "../core_fixture.ts";
import { LikesServerHarness } from "./likes_server_harness.ts";
import { testId } from "../../store/faults.ts";

const NOTHING = { ageMs: Infinity, bytesMax: 0 };
const [ONE, TWO] = batches(FIRST, [[1], [2]]);

/** A LikesServer whose first incarnation has `#1` and `#2`, both acknowledged. */
async function delivered(retain = NOTHING): Promise<LikesServerHarness> {
  const server = await LikesServerHarness.admitted({ retain });
  for (const likes of [1, 2]) {
    server.add(likes);
    await server.settle();
  }
  await server.receive(ack(FIRST, { appliedSequence: 2, version: 7 }));
  await server.pulse({ version: 8 });
  return server;
}

/** Its second process, after the first incarnation was closed. */
async function closed(retain?: typeof NOTHING): Promise<LikesServerHarness> {
  const before = await delivered(retain);
  const server = await before.restart(SECOND);
  await server.connect({ appliedSequence: 2, digest: TWO.digest });
  await server.receive(ack(FIRST, { appliedSequence: 2, closed: true, version: 9 }));
  await server.connect();
  await server.receive(ack(SECOND, { version: 9 }));
  return server;
}

function kinds(server: LikesServerHarness): readonly string[] {
  return server.core.troubles.map(({ kind }) => kind);
}

function gone(server: LikesServerHarness): void {
  server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
}

function restored(generation: GenerationId = testId(0x92)) {
  return { redeliver: true, generation };
}

function stateOf(server: LikesServerHarness, incarnation = FIRST) {
  return server.disk.content.state.incarnations.find((one) => one.incarnation === incarnation);
}

test("handle() writes acknowledgements and the ledger version when a pulse comes", async () => {
  const server = await LikesServerHarness.admitted({ retain: NOTHING });
  for (const likes of [1, 2]) {
    server.add(likes);
    await server.settle();
  }
  await server.pulse();
  assert.is(server.writes.filter(({ type }) => type === "acknowledge").length, 0);
  await server.receive(ack(FIRST, { appliedSequence: 1, version: 8 }));
  await server.pulse({ version: 7 });
  assert.equal([stateOf(server)?.trimmed.sequence, stateOf(server)?.last.sequence], [1, 2]);
  assert.is(server.disk.content.state.seen?.version, 8, "the Ack was newer");
  assert.equal(server.core.accepted, { events: 2, likes: 3n });
});

test("handle() retains acknowledged events for their age", async () => {
  const server = await delivered({ ageMs: 10_000, bytesMax: 1e6 });
  assert.equal([stateOf(server)?.trimmed.sequence, stateOf(server)?.acknowledged.sequence], [0, 2]);
  await server.tick(2_000);
  await server.pulse();
  assert.is(stateOf(server)?.trimmed.sequence, 0);
  for (let pulses = 0; pulses < 4; pulses++) {
    await server.tick(2_000);
    await server.pulse();
  }
  assert.is(stateOf(server)?.trimmed.sequence, 2);
});

test("handle() parks a gap when the Welcome asks for removed events", async () => {
  const server = await delivered();
  assert.is(server.disk.content.state.bytes, 0, "nothing is retained");
  gone(server);
  await server.connect(restored());
  assert.equal(kinds(server), ["ledger_restored"]);
  await server.connect();
  assert.equal(kinds(server), ["ledger_restored", "gap"]);
  const [, gap] = server.core.troubles;
  assert.equal([gap?.events, gap?.digest], [{ first: 1, last: 2 }, TWO.digest]);
});

test("handle() reports nothing on the stream that shows the ledger was restored", async () => {
  const server = await closed({ ageMs: Infinity, bytesMax: 1e6 });
  gone(server);
  const [reports, hellos] = [server.reports.length, server.all("connect").length];
  await server.connect(restored());
  assert.is(server.reports.length, reports, "its own incarnation would look like a second copy");
  await server.tick(1_000);
  assert.is(server.all("connect").length, hellos + 2);
  assert.is(server.hello.incarnation, FIRST, "the oldest comes first");
});

test("handle() redelivers all retained events, including closed incarnations", async () => {
  const server = await closed({ ageMs: Infinity, bytesMax: 1e6 });
  server.add(4);
  await server.settle();
  gone(server);
  const sent = server.batches.length;
  await server.connect(restored());
  await server.connect();
  const again = server.batches.slice(sent).flatMap(({ records }) => records);
  assert.equal(
    again.map(({ events }) => events.first),
    [1, 2],
  );
  const report = server.reports.at(-1);
  assert.equal(
    report?.troubles.map(({ kind }) => kind),
    ["ledger_restored"],
  );
  assert.is(report?.otherPendingEvents, 1);
  assert.is(server.core.pendingEvents, 3);
  await server.receive(ack(FIRST, { appliedSequence: 2, closed: true }));
  assert.is(server.disk.content.state.isRedelivering, true, "it is not done yet");
  await server.connect();
  assert.is(server.hello.incarnation, SECOND);
  await server.pulse();
  assert.equal(kinds(server), ["ledger_restored"]);
  await server.receive(ack(SECOND, { appliedSequence: 1 }));
  await server.pulse();
  assert.equal(kinds(server), []);
  assert.equal(server.reports.at(-1)?.troubles, []);
  assert.is(server.disk.content.state.isRedelivering, false);
});

test("handle() restarts redelivery when the ledger forgets redelivered events", async () => {
  const server = await delivered({ ageMs: Infinity, bytesMax: 1e6 });
  const redelivered = () => server.writes.filter(({ type }) => type === "begin_redelivery").length;
  gone(server);
  await server.connect(restored());
  await server.connect();
  await server.receive(ack(FIRST, { appliedSequence: 2 }));
  assert.is(redelivered(), 1);
  gone(server);
  await server.connect({ appliedSequence: 1, digest: ONE.digest });
  assert.is(redelivered(), 2);
});

test("handle() reports a restored ledger until recorded, even without events", async () => {
  const server = await LikesServerHarness.admitted();
  gone(server);
  await server.connect(restored());
  await server.connect();
  const reported = () =>
    server.reports
      .at(-1)
      ?.troubles.map(({ kind }) => kind)
      .join();
  await server.pulse();
  assert.is(reported(), "ledger_restored", "the ledger has not confirmed that it recorded it");
  await server.receive(ack(FIRST, { admitted: false }));
  await server.pulse();
  assert.is(reported(), "ledger_restored", "an Ack before the commit confirms nothing");
  await server.receive(ack(FIRST, { admitted: false, left: true }));
  await server.pulse();
  assert.equal([reported(), kinds(server)], ["", []]);
});

test("handle() continues redelivery after a restart", async () => {
  const before = await closed({ ageMs: Infinity, bytesMax: 1e6 });
  gone(before);
  await before.connect(restored());
  await before.connect();
  const server = await before.restart(testId(3));
  assert.equal(kinds(server), ["ledger_restored"]);
  await server.connect();
  assert.is(server.hello.incarnation, FIRST);
  assert.equal(
    server.reports.at(-1)?.troubles.map(({ kind }) => kind),
    ["ledger_restored"],
  );
});

test("handle() restarts redelivery when another ledger forgot more", async () => {
  const server = await closed({ ageMs: Infinity, bytesMax: 1e6 });
  const redelivered = () => server.writes.filter(({ type }) => type === "begin_redelivery").length;
  gone(server);
  await server.connect(restored());
  await server.connect({ generation: testId(0x92) });
  gone(server);
  await server.connect({ generation: testId(0x92) });
  assert.is(redelivered(), 1);
  gone(server);
  await server.connect(restored(testId(0x93)));
  assert.is(redelivered(), 2);
});

test("handle() redelivers when less was applied than acknowledged", async () => {
  const server = await delivered({ ageMs: Infinity, bytesMax: 1e6 });
  gone(server);
  const sent = server.batches.length;
  await server.connect({ appliedSequence: 1, digest: ONE.digest });
  await server.connect({ appliedSequence: 1, digest: ONE.digest });
  assert.is(server.batches.length, sent + 1);
  assert.equal(kinds(server), ["ledger_restored"]);
});

test("handle() keeps retained events when the ledger forgot before their removal", async () => {
  const server = await LikesServerHarness.admitted({ retain: NOTHING });
  server.add(1);
  await server.settle();
  await server.receive(ack(FIRST, { appliedSequence: 1 }));
  server.disk.failNext("disk_full");
  await server.pulse();
  gone(server);
  await server.tick(100);
  await server.receive(welcome(FIRST, restored()));
  await server.tick(1_000);
  assert.is(stateOf(server)?.trimmed.sequence, 0);
  assert.is(stateOf(server)?.acknowledged.sequence, 0);
});

test("handle() accepts while much is retained, which does not fill the outbox", async () => {
  const server = await LikesServerHarness.admitted({ outboxBytesMax: 300 });
  const outcomes: (string | undefined)[] = [];
  for (let sequence = 1; sequence <= 6; sequence++) {
    const requestId = server.add(1);
    await server.settle();
    outcomes.push(server.outcomeText(requestId));
    await server.receive(ack(FIRST, { appliedSequence: sequence }));
    await server.pulse();
    server.nowMs += ACKNOWLEDGE_GAP_MIN_MS;
  }
  assert.equal(outcomes, ["#1", "#2", "#3", "#4", "#5", "#6"]);
  assert.ok(server.disk.content.state.bytes > 300);
});

test("handle() stores acknowledgements only now and then: each takes a sync", async () => {
  const server = await LikesServerHarness.admitted();
  const acknowledged = () => server.writes.filter(({ type }) => type === "acknowledge").length;
  for (let sequence = 1; sequence <= 10; sequence++) {
    server.add(1);
    await server.settle();
    await server.receive(ack(FIRST, { appliedSequence: sequence }));
    await server.pulse();
    server.nowMs += ACKNOWLEDGE_GAP_MIN_MS / 5;
  }
  assert.is(acknowledged(), 2);
});

test("handle() evicts the oldest incarnations when too many are closed", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(1);
  await server.settle();
  await server.receive(ack(FIRST, { appliedSequence: 1 }));
  await server.pulse();
  const evict = server.writes.find(({ type }) => type === "evict");
  assert.ok(evict?.type === "evict" && evict.closedMax === RETAINED_INCARNATIONS_MAX);
  // The store's suite tests eviction; here only one of two may stay.
  const disk = new OutboxDisk(OUTBOX, "likes-server-0");
  const store = new MemoryOutbox(disk);
  for (const id of [FIRST, SECOND]) {
    const { record, last } = recordAfter(origin(id), [like(1)]);
    const append = { type: "append", incarnation: id, record, last, mark: undefined } as const;
    await store.write([{ type: "mint", incarnation: id }, append]);
    await store.write([{ type: "close", incarnation: id }]);
  }
  await store.write([{ ...evict, closedMax: 1 }]);
  assert.equal(
    store.state.incarnations.map(({ incarnation }) => incarnation),
    [SECOND],
  );
});

test("handle() ignores a pulse when its pulse time is not newer", async () => {
  const server = await LikesServerHarness.admitted();
  const show = (changes: Partial<Pulse>) => server.receive(pulse(changes));
  await show({ pulseMs: 5_000, totalLikes: 7n, generation: GENERATION });
  const { length } = server.reports;
  await show({ pulseMs: 4_999, totalLikes: 5n });
  await show({ pulseMs: 5_000, totalLikes: 5n });
  assert.is(server.core.total(server.nowMs)?.pulse.totalLikes, 7n);
  assert.is(server.reports.length, length);
  await server.receive(welcome(FIRST));
});

test.run();
