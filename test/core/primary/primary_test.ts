import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  COMMIT_COMMANDS_MAX,
  HELLO_WAIT_MAX_MS,
  REFUSED_KEPT_MS,
  STREAM_BATCHES_QUEUED_MAX,
  STREAMS_MAX,
} from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";
import {
  FIRST,
  GENERATION,
  LEDGER,
  OTHER_OUTBOX,
  SECOND,
  batch,
  batches,
  hello,
  report,
} from "../core_fixture.ts";
import { PrimaryHarness } from "./primary_harness.ts";

test("handle() ends a stream when no Hello comes in time", async () => {
  const primary = await PrimaryHarness.start();
  primary.drive({ type: "opened", streamId: 1 });
  await primary.pass(HELLO_WAIT_MAX_MS);
  assert.is(primary.endOf(1), undefined);
  await primary.pass(25);
  assert.is(primary.endOf(1), "peer_silent");
});

test("handle() ends a stream when it breaks the order of messages", async () => {
  const primary = await PrimaryHarness.start();
  primary.drive({ type: "opened", streamId: 1 });
  primary.receive(1, report());
  assert.is(primary.endOf(1), "message_invalid", "a report before the Hello");

  primary.drive({ type: "opened", streamId: 2 });
  primary.receive(2, hello());
  primary.receive(2, batch(FIRST, [1]));
  assert.is(primary.endOf(2), "message_invalid", "a batch before the Welcome");

  await primary.commit();
  await primary.handshake(3);
  primary.receive(3, hello());
  assert.is(primary.endOf(3), "message_invalid", "a second Hello");

  await primary.handshake(4);
  primary.receive(4, batch(SECOND, [1]));
  assert.is(primary.endOf(4), "message_invalid", "another incarnation");
});

test("handle() refuses a Hello of another ledger or protocol version", async () => {
  const primary = await PrimaryHarness.start();
  primary.drive({ type: "opened", streamId: 1 });
  const seen = { ledgerId: testId(0x77), generation: testId(1), version: 1 };
  primary.receive(1, hello({ seen }));
  assert.is(primary.endOf(1), "ledger_other");
  primary.drive({ type: "opened", streamId: 2 });
  primary.receive(2, hello({ protocolVersion: 2 }));
  assert.is(primary.endOf(2), "protocol_version");
  assert.is(primary.isCommitting, false);
});

test("status() is UNKNOWN and lists foreign servers when only these come", async () => {
  const primary = await PrimaryHarness.start();
  await primary.pass(1_000);
  const { asOfMs } = primary.status();
  assert.is(primary.status().convergence, "converged");
  refuseForeign(primary, 1);
  for (let passedMs = 0; passedMs <= REFUSED_KEPT_MS; passedMs += 1_000) {
    const { convergence, foreignServers } = primary.status();
    assert.equal([convergence, foreignServers.length], ["unknown", 1]);
    assert.is(foreignServers[0]?.ledgerId, FOREIGN_LEDGER.ledgerId);
    await primary.pass(1_000);
  }
  const { convergence, foreignServers } = primary.status();
  assert.equal([convergence, foreignServers], ["unknown", []], "it stays unknown");
  assert.is(
    primary.status().asOfMs,
    asOfMs,
    "foreign servers say nothing about this ledger's likes",
  );
  assert.is(primary.notices("foreign_server").length, 1);
  assert.is(primary.notices("foreign_server_gone").length, 1);
});

test("status() stays CONVERGED with members when a foreign server comes", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  refuseForeign(primary, 2);
  const { convergence, foreignServers } = primary.status();
  assert.equal([convergence, foreignServers.length], ["converged", 1]);
});

test("status() lists a LikesServer with another secret, and nothing of it is taken", async () => {
  const primary = await PrimaryHarness.start();
  const fingerprint = testId(0xf);
  const other = { outboxId: OTHER_OUTBOX, incarnation: SECOND, fingerprint };
  const { pulse } = await primary.handshake(2, other);
  await primary.join(1);
  primary.receive(2, report({ incarnation: SECOND, pulseMs: pulse.pulseMs }));
  await primary.commit();
  assert.is(primary.endOf(2), "secret_differs", "it said Hello before the first was admitted");
  primary.drive({ type: "opened", streamId: 3 });
  primary.receive(3, hello(other));
  await primary.commit();
  assert.is(primary.endOf(3), "secret_differs");
  const { convergence, foreignServers, servers } = primary.status();
  assert.equal([convergence, servers.length, foreignServers.length], ["converged", 1, 1]);
  assert.equal(
    [foreignServers[0]?.ledgerId, foreignServers[0]?.fingerprint],
    [undefined, fingerprint],
  );
  assert.is(primary.notices("foreign_server").length, 1);
  await primary.pass(REFUSED_KEPT_MS + 1_000);
  assert.equal(primary.status().foreignServers, []);
});

test("status() stays CONVERGED after all members left when a foreign server comes", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  primary.receive(1, batch(FIRST, [5]));
  await primary.commit();
  const { pulse } = await primary.handshake(2);
  const last = { lastSequence: 1, final: true, leaving: true, pulseMs: pulse.pulseMs };
  primary.receive(2, report(last));
  await primary.commit();
  refuseForeign(primary, 3);
  const { convergence, servers, totalLikes, foreignServers } = primary.status();
  assert.equal(primary.core.foreignServers, foreignServers);
  assert.equal([convergence, servers, totalLikes], ["converged", [], 5n]);
  assert.is(foreignServers.length, 1);
});

const FOREIGN_LEDGER = { ledgerId: testId(0x77), generation: testId(1), version: 1 };

function refuseForeign(primary: PrimaryHarness, streamId: number): void {
  primary.drive({ type: "opened", streamId });
  primary.receive(streamId, hello({ seen: FOREIGN_LEDGER, outboxId: OTHER_OUTBOX }));
  assert.is(primary.endOf(streamId), "ledger_other");
}

test("handle() refuses another stream when STREAMS_MAX are open", async () => {
  const primary = await PrimaryHarness.start();
  for (let streamId = 1; streamId <= STREAMS_MAX; streamId++) {
    primary.drive({ type: "opened", streamId });
  }
  primary.drive({ type: "opened", streamId: STREAMS_MAX + 1 });
  assert.is(primary.endOf(STREAMS_MAX + 1), "too_many");
  primary.drive({ type: "closed", streamId: 1 });
  primary.drive({ type: "opened", streamId: STREAMS_MAX + 2 });
  assert.is(primary.endOf(STREAMS_MAX + 2), undefined);
});

test("handle() writes nothing for a Hello, and admits with the first report", async () => {
  const primary = await PrimaryHarness.start();
  const welcome = await primary.handshake(1);
  assert.equal([welcome.ledgerId, welcome.appliedSequence, welcome.digest], [LEDGER, 0, FIRST]);
  assert.is(primary.ledger.member(), undefined);
  primary.receive(1, report({ pulseMs: welcome.pulse.pulseMs }));
  assert.is(primary.acks(1).length, 0, "no Ack before the commit");
  await primary.commit();
  const [ack] = primary.acks(1);
  assert.equal(
    [ack?.admitted, ack?.left, ack?.closed, ack?.appliedSequence],
    [true, false, false, 0],
  );
  assert.is(primary.notices("member").length, 1);
});

test("handle() ends the older stream before the Welcome of a newer Hello", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 3 });
  const [first, second, third] = batches(FIRST, [[1], [2], [3]]);
  primary.receive(1, first); // its commit is pending
  primary.receive(1, second);
  primary.receive(1, third);
  primary.drive({ type: "opened", streamId: 2 });
  primary.receive(2, hello());
  assert.is(primary.endOf(1), "replaced");
  assert.is(primary.sent(2).length, 0, "the first commit is pending");
  primary.receive(1, third);
  await primary.commit();
  const welcome = primary.sent(2)[0];
  assert.is(welcome?.type === "welcome" && welcome.appliedSequence, 1);
  assert.is(welcome?.type === "welcome" && welcome.digest, first.digest);
  assert.is(primary.ledger.row()?.appliedSequence, 1);
  assert.is(primary.acks(1).length, 1, "the older stream gets nothing more");
});

test("handle() drops a stream's queue when its connection ends", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 2 });
  const [first, second] = batches(FIRST, [[1], [2]]);
  primary.receive(1, first);
  primary.receive(1, second);
  primary.drive({ type: "closed", streamId: 1 });
  await primary.commit();
  assert.is(primary.ledger.row()?.appliedSequence, 1);
  assert.is(primary.status().convergence, "catching_up", "the second was reported");
});

test("handle() ends a stream and drops the rest when the ledger refuses its batch", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 3 });
  const [first, second, third] = batches(FIRST, [[1], [2], [3]]);
  primary.receive(1, first);
  primary.receive(1, third);
  await primary.commitOne();
  primary.receive(1, second);
  await primary.commit();
  assert.is(primary.endOf(1), "resynchronise");
  assert.is(primary.ledger.row()?.appliedSequence, 1);
});

test("handle() acknowledges a batch again when it was applied before", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 1 });
  for (const _ of [1, 2]) {
    primary.receive(1, batch(FIRST, [5]));
    await primary.commit();
  }
  assert.equal(
    primary.acks(1).map(({ appliedSequence }) => appliedSequence),
    [0, 1, 1],
  );
  const { convergence, generation, ledgerId } = primary.core.shown(primary.nowMs);
  assert.equal([convergence, generation, ledgerId], ["converged", GENERATION, LEDGER]);
  assert.is(primary.status().totalLikes, 5n);
});

test("handle() sends nothing to a stream that ended before its batch was refused", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 2 });
  primary.receive(1, batches(FIRST, [[1], [2]])[1]);
  primary.drive({ type: "closed", streamId: 1 });
  await primary.commit();
  assert.is(primary.endOf(1), undefined);
  assert.equal(primary.core.troubles, []);
});

test("handle() pauses a stream when it queues too much, and resumes it at half", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 40 });
  const all = batches(
    FIRST,
    Array.from({ length: 40 }, () => [1]),
  );
  for (const one of all.slice(0, STREAM_BATCHES_QUEUED_MAX + 1)) primary.receive(1, one);
  assert.is(primary.kinds.filter((kind) => kind === "pause").length, 1);
  assert.is(primary.kinds.filter((kind) => kind === "resume").length, 0);
  await primary.commit();
  assert.is(primary.kinds.filter((kind) => kind === "resume").length, 1);
  assert.is(primary.ledger.row()?.appliedSequence, STREAM_BATCHES_QUEUED_MAX + 1);
});

test("handle() bounds the commands of a commit when more wait", async () => {
  const primary = await PrimaryHarness.start();
  for (let streamId = 1; streamId <= COMMIT_COMMANDS_MAX + 10; streamId++) {
    primary.drive({ type: "opened", streamId });
    primary.receive(streamId, hello({ incarnation: testId(0x1000 + streamId) }));
  }
  await primary.commit();
  const sizes = primary.actions.flatMap((one) =>
    one.type === "commit" ? [one.commands.length] : [],
  );
  assert.equal(sizes, [1, COMMIT_COMMANDS_MAX, 9]);
});

test("handle() ends a stream that answers a pulse twice or another stream's pulse", async () => {
  const primary = await PrimaryHarness.start();
  const { pulse } = await primary.handshake(1);
  primary.receive(1, report({ pulseMs: pulse.pulseMs }));
  primary.receive(1, report({ pulseMs: pulse.pulseMs }));
  assert.is(primary.endOf(1), "message_invalid");
  await primary.commit();
  await primary.handshake(2);
  primary.receive(2, report({ pulseMs: pulse.pulseMs }));
  assert.is(primary.endOf(2), "message_invalid", "that pulse was of another stream");
});

test.run();
