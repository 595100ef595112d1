import { test } from "uvu";
import * as assert from "uvu/assert";
import { FIRST, LEDGER, SECOND, ack, pulse, welcome } from "../core_fixture.ts";
import { LikesServerHarness } from "./likes_server_harness.ts";

test("handle() leaves by a final report when everything accepted is applied", async () => {
  const server = await LikesServerHarness.admitted();
  const taken = server.add(7);
  server.drive({ type: "stop", leave: true });
  assert.is(server.outcomeText(server.add(8)), "not_accepting");
  await server.settle();
  assert.is(server.outcomeText(taken), "#1");
  assert.is(server.disk.content.state.membership, "leaving");
  await server.pulse();
  const report = server.reports.at(-1);
  assert.equal([report?.final, report?.leaving, report?.lastSequence], [true, true, 1]);
  await server.receive(ack(FIRST, { appliedSequence: 1 }));
  assert.is(server.all("stopped").length, 0);
  await server.receive(ack(FIRST, { appliedSequence: 1, closed: true, admitted: false }));
  assert.is(server.all("stopped").length, 0, "closed is not left");
  const left = { closed: true, left: true, admitted: false };
  await server.receive(ack(FIRST, { appliedSequence: 1, ...left }));
  assert.is(server.all("stopped").length, 1);
  const { membership, seen, incarnations } = server.disk.content.state;
  assert.equal(
    [membership, seen?.ledgerId],
    ["unregistered", LEDGER],
    "it still belongs to its ledger",
  );
  assert.equal(
    incarnations.map(({ closed, last }) => [closed, last.likes]),
    [[true, 7n]],
    "delivered events are retained",
  );
  await server.tick(5_000);
  assert.is(server.all("connect").length, 1, "it does not reconnect");
});

test("handle() reports nothing final while an append is pending", async () => {
  const server = await LikesServerHarness.admitted();
  server.drive({ type: "stop", leave: true });
  await server.settle();
  await server.pulse();
  assert.is(server.reports.at(-1)?.final, true);

  const other = await LikesServerHarness.admitted();
  other.add(7);
  other.add(8);
  other.drive({ type: "stop", leave: true });
  await other.doDiskCall(); // the first like
  await other.doDiskCall(); // leaving
  const message = pulse({ pulseMs: 9 });
  other.drive({ type: "received", streamId: other.streamId, message });
  assert.is(other.reports.at(-1)?.pulseMs, 9);
  assert.is(other.reports.at(-1)?.final, false, "the second like is not written");
});

test("handle() keeps the last seen version when it leaves before that is written", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(7);
  await server.settle();
  await server.receive(ack(FIRST, { appliedSequence: 1, version: 5 }));
  const message = pulse({ pulseMs: 9, version: 6 });
  server.drive({ type: "received", streamId: server.streamId, message });
  server.disk.failNext("disk_full");
  await server.doDiskCall(); // the acknowledgement must be written again
  server.drive({ type: "broken", streamId: server.streamId, reason: "cut" });
  server.drive({ type: "stop", leave: true });
  await server.tick(5_000);
  await server.settle();
  const { membership, seen } = server.disk.content.state;
  assert.equal([membership, seen?.version], ["leaving", 6]);
});

test("handle() reports nothing final before its leave is on the disk", async () => {
  const server = await LikesServerHarness.admitted();
  server.drive({ type: "stop", leave: true });
  const message = pulse({ pulseMs: 9 });
  server.drive({ type: "received", streamId: server.streamId, message });
  const report = server.reports.at(-1);
  assert.equal([report?.pulseMs, report?.final, report?.leaving], [9, false, false]);
});

test("handle() delivers older incarnations before it leaves", async () => {
  const before = await LikesServerHarness.admitted();
  before.add(7);
  await before.settle();
  const server = await before.restart(SECOND);
  server.drive({ type: "stop", leave: true });
  await server.connect();
  assert.equal([server.hello.incarnation, server.reports.at(-1)?.leaving], [FIRST, false]);
  await server.receive(ack(FIRST, { appliedSequence: 1, closed: true }));
  await server.connect();
  assert.equal([server.hello.incarnation, server.reports.at(-1)?.leaving], [SECOND, true]);
  await server.receive(ack(SECOND, { closed: true, left: true, admitted: false }));
  assert.is(server.all("stopped").length, 1);
});

test("handle() also leaves when an unanswered report may have admitted it", async () => {
  const server = await LikesServerHarness.start();
  await server.connect();
  server.drive({ type: "stop", leave: true });
  await server.settle();
  assert.is(server.all("stopped").length, 0);
  await server.receive(ack(FIRST));
  assert.is(server.core.isAccepting, false);
  await server.pulse();
  assert.is(server.reports.at(-1)?.leaving, true);
});

test("handle() stops at once when no ledger can know it or nothing is pending", async () => {
  const unregistered = await LikesServerHarness.start();
  unregistered.drive({ type: "stop", leave: true });
  assert.is(unregistered.all("stopped").length, 1);
  const member = await LikesServerHarness.admitted();
  member.drive({ type: "stop", leave: false });
  assert.is(member.all("stopped").length, 1);
  assert.is(member.disk.content.state.membership, "member");
});

test("handle() delivers its events and remains a member when it only stops", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(7);
  server.drive({ type: "stop", leave: false });
  await server.settle();
  assert.is(server.all("stopped").length, 0);
  await server.pulse();
  assert.is(server.reports.at(-1)?.final, false);
  await server.receive(ack(FIRST, { appliedSequence: 1 }));
  assert.is(server.all("stopped").length, 1);
  assert.is(server.disk.content.state.membership, "member");
});

test("handle() ignores a second stop", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(7);
  server.drive({ type: "stop", leave: false });
  server.drive({ type: "stop", leave: true });
  await server.settle();
  assert.is(server.disk.content.state.membership, "member");
  await server.receive(ack(FIRST, { appliedSequence: 1 }));
  assert.is(server.all("stopped").length, 1);
});

test("handle() waits for admission again when a leave was interrupted", async () => {
  const server = await LikesServerHarness.admitted();
  server.drive({ type: "stop", leave: true });
  await server.settle();
  const next = await server.restart(SECOND);
  assert.is(next.core.isAccepting, false);
  await next.connect();
  await next.receive(ack(FIRST, { closed: true, left: true, admitted: false }));
  assert.is(next.core.isAccepting, false);
  assert.is(next.hello.incarnation, SECOND);
  await next.connect();
  await next.receive(ack(SECOND));
  assert.is(next.core.isAccepting, true);
});

test("handle() does not join when it is asked to leave before its first report", async () => {
  // Without room for idle incarnations, a start writes; that write delays the end.
  const retain = { ageMs: Infinity, bytesMax: Number.MAX_SAFE_INTEGER, incarnationsMax: 0 };
  const server = await LikesServerHarness.start({ retain });
  server.drive({ type: "tick" });
  server.refuseWrite();
  server.drive({ type: "stop", leave: true });
  await server.receive(welcome(server.hello.incarnation));
  assert.equal([server.reports.length, server.all("stopped").length], [0, 0]);
  await server.tick(1_000);
  await server.settle();
  assert.equal([server.reports.length, server.all("stopped").length], [0, 1]);
});

test.run();
