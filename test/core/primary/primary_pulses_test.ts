import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  MEMBER_SILENT_MS,
  PULSE_GAP_MAX_MS,
  PULSES_UNANSWERED_MAX,
  REPORT_WAIT_MAX_MS,
} from "../../../src/limits.ts";
import { FIRST, OUTBOX, SECOND, batch, batches, report } from "../core_fixture.ts";
import { PrimaryHarness } from "./primary_harness.ts";

test("handle() sends the Acks of a commit before the pulse that shows it", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 1 });
  primary.receive(1, batch(FIRST, [42]));
  await primary.pass(500);
  const sent = primary.sent(1);
  const shows = sent.findIndex((one) => one.type === "pulse" && one.totalLikes === 42n);
  const acks = sent.findIndex((one) => one.type === "ack" && one.appliedSequence === 1);
  assert.ok(acks !== -1 && acks < shows, JSON.stringify(primary.kinds));
});

test("handle() sends only the newest Ack and pulse when a blocked stream drains", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 2 });
  primary.drive({ type: "blocked", streamId: 1 });
  const before = primary.sent(1).length;
  for (const one of batches(FIRST, [[1], [2]])) primary.receive(1, one);
  await primary.pass(2_000);
  assert.is(primary.sent(1).length, before);
  primary.drive({ type: "writable", streamId: 1 });
  const [ack, pulse, ...rest] = primary.sent(1).slice(before);
  assert.is(ack?.type === "ack" && ack.appliedSequence, 2);
  assert.is(pulse?.type === "pulse" && pulse.totalLikes, 3n);
  assert.equal(rest, []);
});

test("handle() sends no more pulses when too many are unanswered", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  primary.receive(1, batch(FIRST, [1]));
  await primary.pass(REPORT_WAIT_MAX_MS);
  assert.ok(primary.pulses(1).length <= PULSES_UNANSWERED_MAX);
  assert.is(primary.endOf(1), undefined);
  await primary.pass(500);
  assert.is(primary.endOf(1), "peer_silent");
});

test("handle() is converged as of now without members", async () => {
  const primary = await PrimaryHarness.start();
  await primary.pass(1_000);
  const { convergence, everywhere, asOfMs, nowMs } = primary.status();
  assert.equal([convergence, everywhere], ["converged", true]);
  assert.ok(asOfMs > nowMs - 1_000 && asOfMs <= nowMs);
});

test("handle() starts as unknown with members, until each has answered", async () => {
  const before = await PrimaryHarness.start();
  await before.join(1);
  const primary = await PrimaryHarness.start(before.ledger);
  assert.is(primary.status().convergence, "unknown");
  await primary.pass(100);
  assert.is(primary.status().convergence, "unknown");
  await primary.handshake(1);
  assert.is(primary.status().convergence, "unknown", "a Hello is no answer");
  await primary.join(2);
  assert.is(primary.status().convergence, "converged");
});

test("handle() is catching up from the moment that events are reported", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  assert.is(primary.status().convergence, "converged");
  const label = primary.pulses(1).at(-1)?.pulseMs ?? 0;
  assert.is(label, 0);
  await primary.pass(500);
  const pulseMs = primary.pulses(1).at(-1)?.pulseMs ?? 0;
  primary.receive(1, report({ pulseMs, lastSequence: 1 }));
  assert.is(primary.status().convergence, "catching_up", "before the commit");
  await primary.commit();
  primary.receive(1, batch(FIRST, [1]));
  await primary.commitOne();
  assert.is(primary.status().convergence, "converged");
  primary.receive(1, batches(FIRST, [[1], [2]])[1]);
  assert.is(primary.status().convergence, "catching_up");
});

test("handle() counts a member as silent when it answers an old pulse", async () => {
  const primary = await PrimaryHarness.start();
  const { pulse } = await primary.handshake(1);
  primary.nowMs += MEMBER_SILENT_MS;
  primary.receive(1, report({ pulseMs: pulse.pulseMs }));
  await primary.commit();
  assert.is(primary.status().convergence, "converged");
  primary.nowMs += 1;
  assert.is(primary.status().convergence, "unknown", "whenever its answer arrived");
});

test("handle() sends a pulse soon when only the convergence changed", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  await primary.pass(2 * PULSE_GAP_MAX_MS);
  const pulse = primary.pulses(1).at(-1);
  assert.is(pulse?.convergence, "converged");
  primary.receive(1, report({ pulseMs: pulse?.pulseMs ?? 0, lastSequence: 1 }));
  await primary.commit();
  await primary.pass(PULSE_GAP_MAX_MS);
  assert.is(primary.pulses(1).at(-1)?.convergence, "catching_up");
});

test("handle() shows as_of only after its commit, as the pulse time", async () => {
  const primary = await PrimaryHarness.start();
  const { pulse } = await primary.handshake(1);
  primary.receive(1, report({ pulseMs: pulse.pulseMs }));
  await primary.commitOne();
  const asOfMs = primary.status().asOfMs;
  assert.ok(asOfMs < pulse.pulseMs, "its commit is pending");
  await primary.commit();
  assert.is(primary.status().asOfMs, pulse.pulseMs);
});

test("handle() freezes as_of and keeps counting while a trouble is open", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 1 });
  primary.receive(1, batch(FIRST, [5]));
  await primary.pass(100);
  const { asOfMs } = primary.status();
  await primary.join(2, { lastSequence: 1 }, { incarnation: SECOND });
  primary.receive(2, batch(SECOND, [6]));
  await primary.pass(200);
  const status = primary.status();
  assert.equal([status.convergence, status.totalLikes, status.asOfMs], ["unknown", 11n, asOfMs]);
  assert.is(status.servers[0]?.state, "streaming", "its trouble is shown separately");
  assert.is(status.servers[0]?.troubleCount, 1);
  assert.equal(
    status.troubles.map(({ kind, outboxId }) => [kind, outboxId]),
    [["second_incarnation", OUTBOX]],
  );
  assert.is(primary.notices("trouble").length, 1);
});

test("handle() forgets a member when it has left, and no longer lists it", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 1, final: true, leaving: true });
  assert.is(primary.acks(1).at(-1)?.left, false);
  primary.receive(1, batch(FIRST, [5]));
  await primary.pass(500);
  const pulseMs = primary.pulses(1).at(-1)?.pulseMs ?? 0;
  primary.receive(1, report({ pulseMs, lastSequence: 1, final: true, leaving: true }));
  await primary.commit();
  const ack = primary.acks(1).at(-1);
  assert.equal([ack?.closed, ack?.left, ack?.admitted], [true, true, false]);
  const { servers, totalLikes, convergence } = primary.status();
  assert.equal([servers.length, totalLikes, convergence], [0, 5n, "converged"]);
});

test("handle() notifies each change of convergence once", async () => {
  const primary = await PrimaryHarness.start();
  await primary.pass(200);
  await primary.join(1, { lastSequence: 1 });
  await primary.pass(200);
  primary.receive(1, batch(FIRST, [5]));
  await primary.pass(200);
  const told = primary.notices("convergence").map((one) => {
    return one.type === "convergence" ? one.convergence : "";
  });
  assert.equal(told, ["converged", "catching_up", "converged"]);
});

test("status() drives no pulse times ahead of the clock when called often", async () => {
  const primary = await PrimaryHarness.start();
  const { nowMs } = primary.status();
  for (let call = 0; call < 1_000; call++) primary.status();
  assert.is(primary.status().nowMs, nowMs);
});

test.run();
