import { test } from "uvu";
import * as assert from "uvu/assert";
import type { IncarnationRow } from "../../../src/core/ledger/rows.ts";
import { DeliveryStream } from "../../../src/core/primary/delivery_stream.ts";
import type { Pulse } from "../../../src/core/protocol/messages.ts";
import {
  HELLO_WAIT_MAX_MS,
  MEMBER_SILENT_MS,
  PULSES_UNANSWERED_MAX,
  REPORT_WAIT_MAX_MS,
} from "../../../src/limits.ts";
import {
  FIRST,
  GENERATION,
  OTHER_OUTBOX,
  OUTBOX,
  SECOND,
  batch,
  hello,
  report,
} from "../core_fixture.ts";

const FIRST_PULSE_MS = 1;
const REFUSAL = {
  code: "disk_full",
  message: "Cannot write the ledger: its disk is full",
} as const;
const OTHER_SECRET = { code: "secret_differs", message: "Cannot admit" } as const;
const OTHER_LEDGER = { code: "ledger_other", message: "Cannot take the outbox" } as const;

function pulse(pulseMs: number): Pulse {
  const shown = { version: 1, totalLikes: 0n, asOfMs: 0, convergence: "unknown" } as const;
  return { type: "pulse", pulseMs, generation: GENERATION, ...shown };
}

function row(changes: Partial<IncarnationRow> = {}): IncarnationRow {
  const applied = { appliedSequence: 0, digest: FIRST };
  return { incarnation: FIRST, outboxId: OUTBOX, ...applied, state: "open", ...changes };
}

function reported(changes: Partial<Parameters<DeliveryStream["commitReport"]>[0]> = {}) {
  return { incarnation: row(), left: false, resolved: [], ...changes };
}

function opened(): DeliveryStream {
  return new DeliveryStream(7, 0);
}

function handshake(): DeliveryStream {
  const stream = opened();
  stream.receiveHello(hello());
  return stream;
}

function welcomed(): DeliveryStream {
  const stream = handshake();
  stream.welcome(0, pulse(FIRST_PULSE_MS), 0);
  return stream;
}

function reporting(): DeliveryStream {
  const stream = welcomed();
  stream.receiveReport(FIRST_PULSE_MS, 0);
  stream.commitReport(reported());
  stream.takeAck(1);
  return stream;
}

test("checkMessage() accepts only a Hello on a new stream", () => {
  assert.is(opened().checkMessage(hello()), undefined);
  assert.match(opened().checkMessage(report())?.message ?? "", "before the Welcome");
  assert.match(opened().checkMessage(batch(FIRST, [1]))?.message ?? "", "before the Welcome");
});

test("checkMessage() accepts nothing while the Hello waits for the ledger", () => {
  assert.match(handshake().checkMessage(hello())?.message ?? "", "a second Hello");
  assert.match(handshake().checkMessage(report())?.message ?? "", "before the Welcome");
  assert.match(handshake().checkMessage(batch(FIRST, [1]))?.message ?? "", "before the Welcome");
});

test("checkMessage() accepts batches of the Hello's incarnation, and no second Hello", () => {
  for (const stream of [welcomed(), reporting()]) {
    assert.is(stream.checkMessage(batch(FIRST, [1])), undefined);
    assert.match(stream.checkMessage(batch(SECOND, [1]))?.message ?? "", "of incarnation");
    assert.match(stream.checkMessage(hello())?.message ?? "", "a second Hello");
  }
});

test("checkMessage() accepts one report for each pulse of the stream", () => {
  const stream = welcomed();
  const answer = report({ pulseMs: FIRST_PULSE_MS });
  assert.is(stream.checkMessage(answer), undefined);
  stream.receiveReport(FIRST_PULSE_MS, 0);
  assert.match(stream.checkMessage(answer)?.message ?? "", "not an unanswered pulse");
});

test("transitions assert the phase in which they may be called", () => {
  assert.throws(() => opened().welcome(0, pulse(1), 0), "a Welcome answers a Hello");
  assert.throws(() => handshake().receiveHello(hello()), "the first message of a stream");
  assert.throws(() => handshake().receiveReport(1, 0), "the stream has its Welcome");
  assert.throws(() => handshake().commitReport(reported()), "the stream has its Welcome");
  assert.throws(() => handshake().commitBatch(row()), "the stream has its Welcome");
  assert.throws(() => welcomed().welcome(0, pulse(2), 0), "a Welcome answers a Hello");
  assert.throws(() => opened().sender, "the stream has a Hello");
});

test("commitBatch() asserts that the applied sequence does not go back", () => {
  const stream = reporting();
  stream.commitBatch(row({ appliedSequence: 2 }));
  assert.throws(() => stream.commitBatch(row({ appliedSequence: 1 })), "does not go back");
});

test("takeAck() admits after a committed report, not after an earlier batch", () => {
  const stream = welcomed();
  assert.is(stream.takeAck(3), undefined);
  stream.commitBatch(row({ appliedSequence: 2 }));
  const ack = { type: "ack", incarnation: FIRST, appliedSequence: 2, closed: false } as const;
  const before = { ...ack, version: 3, admitted: false, left: false, resolved: [] };
  assert.equal(stream.takeAck(3), before);
  stream.receiveReport(FIRST_PULSE_MS, 0);
  stream.commitReport(reported({ incarnation: row({ appliedSequence: 2 }) }));
  assert.equal(stream.takeAck(4), { ...before, version: 4, admitted: true });
  assert.is(stream.takeAck(5), undefined, "each Ack is taken once");
});

test("commitReport() makes an Ack due only when it has news", () => {
  const stream = reporting();
  stream.commitReport(reported());
  assert.not.ok(stream.isAckDue);
  stream.commitReport(reported({ resolved: [SECOND] }));
  assert.equal(stream.takeAck(1)?.resolved, [SECOND]);
  stream.commitReport(reported({ incarnation: row({ state: "closed" }) }));
  assert.is(stream.takeAck(1)?.closed, true);
  stream.commitReport(reported({ incarnation: row({ state: "closed" }), left: true }));
  const ack = stream.takeAck(1);
  assert.equal([ack?.left, ack?.admitted, ack?.closed], [true, false, true]);
});

test("takeAck() and takePulse() return the newest of each after a block", () => {
  const stream = reporting();
  stream.block();
  stream.commitBatch(row({ appliedSequence: 1 }));
  assert.is(stream.takeAck(1), undefined);
  assert.is(stream.takePulse(pulse(2), 0), undefined);
  stream.commitBatch(row({ appliedSequence: 2 }));
  stream.unblock();
  assert.equal([stream.isAckDue, stream.isPulseDue], [true, true]);
  assert.is(stream.takeAck(1)?.appliedSequence, 2);
  assert.is(stream.takePulse(pulse(3), 0)?.pulseMs, 3);
  assert.equal([stream.isAckDue, stream.isPulseDue], [false, false]);
});

test("takePulse() returns none before the Welcome or with too many unanswered", () => {
  for (const stream of [opened(), handshake()]) {
    assert.is(stream.takePulse(pulse(1), 0), undefined);
    assert.not.ok(stream.isPulseDue);
  }
  const stream = welcomed();
  const isSent = Array.from({ length: PULSES_UNANSWERED_MAX }, (_, index) => {
    return stream.takePulse(pulse(FIRST_PULSE_MS + 1 + index), 0) !== undefined;
  });
  assert.is(isSent.filter(Boolean).length, PULSES_UNANSWERED_MAX - 1, "the Welcome had one");
  assert.not.ok(stream.isPulseDue);
});

test("block() asserts that nothing is due on a stream that was writable", () => {
  const stream = reporting();
  stream.commitBatch(row({ appliedSequence: 1 }));
  assert.throws(() => stream.block(), "what is due on a writable stream is sent");
});

test("announce() reports a connection once, after a committed report", () => {
  assert.is(welcomed().announce(), undefined);
  const stream = reporting();
  const notice = { type: "connected", hello: hello(), appliedSequence: 0 } as const;
  assert.equal(stream.announce(), notice);
  stream.commitReport(reported());
  assert.is(stream.announce(), undefined);
});

test("noticeOfEnd() describes a LikesServer that is known and not refused", () => {
  const reason = "the connection ended";
  assert.is(opened().noticeOfEnd(undefined), undefined);
  assert.equal(opened().noticeOfEnd(REFUSAL), { type: "ended", reason: REFUSAL.message });
  assert.is(handshake().noticeOfEnd(undefined), undefined);
  for (const refusal of [OTHER_LEDGER, OTHER_SECRET]) {
    assert.is(handshake().noticeOfEnd(refusal), undefined, "foreign servers have their own notice");
  }
  for (const stream of [welcomed(), reporting()]) {
    const notice = { type: "disconnected", hello: hello(), reason } as const;
    assert.equal(stream.noticeOfEnd(undefined), notice);
  }
  for (const stream of [handshake(), welcomed(), reporting()]) {
    const notice = { type: "disconnected", hello: hello(), reason: REFUSAL.message } as const;
    assert.equal(stream.noticeOfEnd(REFUSAL), notice);
  }
});

test("checkDeadline() waits for a Hello and reports, but not while the ledger is busy", () => {
  assert.is(opened().checkDeadline(HELLO_WAIT_MAX_MS), undefined);
  assert.is(opened().checkDeadline(HELLO_WAIT_MAX_MS + 1)?.code, "peer_silent");
  assert.is(handshake().checkDeadline(Infinity), undefined);
  for (const stream of [welcomed(), reporting()]) {
    assert.is(stream.checkDeadline(REPORT_WAIT_MAX_MS), undefined);
    assert.is(stream.checkDeadline(REPORT_WAIT_MAX_MS + 1)?.code, "peer_silent");
  }
});

test("isStreaming() lasts MEMBER_SILENT_MS after the Welcome and after each report", () => {
  assert.not.ok(handshake().isStreaming(0));
  const stream = welcomed();
  assert.equal(
    [stream.isStreaming(MEMBER_SILENT_MS), stream.isStreaming(MEMBER_SILENT_MS + 1)],
    [true, false],
  );
  stream.receiveReport(FIRST_PULSE_MS, 10);
  assert.ok(stream.isStreaming(MEMBER_SILENT_MS + 10));
});

test("sender is known once a Hello was received", () => {
  assert.is(opened().hello, undefined);
  const stream = opened();
  stream.receiveHello(hello({ outboxId: OTHER_OUTBOX }));
  assert.is(stream.sender.outboxId, OTHER_OUTBOX);
});

test.run();
