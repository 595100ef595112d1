import { test } from "uvu";
import * as assert from "uvu/assert";
import { DeliverySession } from "../../../src/core/likes_server/delivery_session.ts";
import type { IncarnationView } from "../../../src/core/likes_server/outbox_view.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import {
  BATCH_BYTES_MAX,
  PULSE_WAIT_MAX_MS,
  WINDOW_BATCHES_MAX,
  WINDOW_BYTES_MAX,
} from "../../../src/limits.ts";
import { FIRST, SECOND, ack, pulse, welcome } from "../core_fixture.ts";
import { assertionOf } from "../../store/faults.ts";

const START = origin(FIRST);

function incarnation(): IncarnationView {
  const positions = { trimmed: START, acknowledged: START, last: START };
  const stored = { incarnation: FIRST, ...positions, closed: false, parked: undefined };
  return { id: FIRST, stored, acknowledged: START, isTransitioning: false };
}

/** A stream that sends from the start of its incarnation. */
function sending(): DeliverySession {
  const session = new DeliverySession(1, incarnation(), 0);
  session.beginComparing(welcome(FIRST), 0);
  session.beginSending(START);
  return session;
}

/** Puts one record in flight that ends at `sequence`. */
function enqueue(session: DeliverySession, sequence: number, bytes: number): void {
  const { phase } = session;
  const first = phase.type === "sending" ? phase.sentSequence + 1 : 0;
  const record = { events: { first, last: sequence }, bytes: new Uint8Array(bytes) };
  session.beginReading();
  session.enqueue({ position: START, records: [record], end: { ...START, sequence } });
}

test("DeliverySession passes through its phases, and asserts the phase of each call", async () => {
  const session = new DeliverySession(1, incarnation(), 0);
  assert.is(session.phase.type, "handshake");
  await assertionOf("before anything is sent", () => session.beginSending(START));
  await assertionOf("after its Welcome", () => session.beginEnding());
  await assertionOf("the stream sends", () => session.onAck(ack(FIRST), 0));
  session.beginComparing(welcome(FIRST), 0);
  assert.is(session.phase.type, "comparing");
  await assertionOf("answers a Hello", () => session.beginComparing(welcome(FIRST), 0));
  await assertionOf("the stream sends", () => session.windowBytes);
  session.beginSending(START);
  assert.is(session.phase.type, "sending");
  session.beginEnding();
  assert.is(session.phase.type, "ending");
  assert.is(session.incarnation.isTransitioning, true);
  await assertionOf("ends once", () => session.beginEnding());
});

test("beginSending() asserts the Welcome's position, and that it is not too old", async () => {
  const session = new DeliverySession(1, incarnation(), 0);
  session.beginComparing(welcome(FIRST, { appliedSequence: 2 }), 0);
  await assertionOf("stands at the position", () => session.beginSending(START));
  session.incarnation.acknowledged = { ...START, sequence: 3 };
  await assertionOf("the ledger has not forgotten events", () => {
    session.beginSending({ ...START, sequence: 2 });
  });
});

test("windowBytes is a batch while the window is open, then less, then 0", () => {
  const session = sending();
  assert.is(session.windowBytes, BATCH_BYTES_MAX);
  enqueue(session, 1, WINDOW_BYTES_MAX - 10);
  assert.is(session.windowBytes, 10);
  enqueue(session, 2, 20);
  assert.is(session.windowBytes, 0);
});

test("windowBytes is 0 when enough batches are in flight, however small", () => {
  const session = sending();
  for (let sequence = 1; sequence <= WINDOW_BATCHES_MAX; sequence++) {
    enqueue(session, sequence, 1);
  }
  assert.is(session.windowBytes, 0);
});

test("enqueue() returns nothing when the events are gone, and asserts the order", async () => {
  const session = sending();
  session.beginReading();
  await assertionOf("one batch is read", () => session.beginReading());
  assert.is(session.enqueue({ position: undefined, records: [], end: undefined }), undefined);
  const record = { events: { first: 2, last: 2 }, bytes: new Uint8Array(1) };
  session.beginReading();
  await assertionOf("a batch follows", () => {
    session.enqueue({ position: START, records: [record], end: { ...START, sequence: 2 } });
  });
});

test("onAck() ignores the acknowledgement of part of a batch", () => {
  const session = sending();
  enqueue(session, 2, 1);
  enqueue(session, 4, 1);
  const acked = (appliedSequence: number): boolean => {
    return session.onAck(ack(FIRST, { appliedSequence }), 0);
  };
  const acknowledged = (): number => session.incarnation.acknowledged.sequence;
  assert.is(acked(3), false, "#3 ends no batch");
  assert.is(acked(5), false, "#5 was not sent");
  assert.is(acknowledged(), 0, "nothing is acknowledged");
  assert.is(acked(2), true);
  assert.is(acknowledged(), 2);
  assert.is(acked(2), true, "it is acknowledged again");
  assert.is(acked(4), true);
  assert.is(acknowledged(), 4);
  assert.is(session.windowBytes, BATCH_BYTES_MAX, "nothing is in flight");
});

test("takeUnanswered() returns the newest pulse once, while the stream sends", () => {
  const session = new DeliverySession(1, incarnation(), 0);
  assert.is(session.onPulse(pulse({ pulseMs: 5 }), 0), true, "before the Welcome");
  session.beginComparing(welcome(FIRST, { pulse: pulse({ pulseMs: 6 }) }), 0);
  const newest = pulse({ pulseMs: 7 });
  assert.is(session.onPulse(newest, 0), true);
  assert.is(session.onPulse(pulse({ pulseMs: 7 }), 0), false, "pulse times increase");
  assert.is(session.takeUnanswered(), undefined, "it is comparing");
  session.beginSending(START);
  session.onBlocked();
  assert.is(session.takeUnanswered(), undefined, "the transport is full");
  session.onWritable();
  assert.is(session.takeUnanswered(), newest);
  assert.is(session.takeUnanswered(), undefined);
});

test("seen is the newest version on the stream", () => {
  const session = new DeliverySession(1, incarnation(), 0);
  session.onPulse(pulse({ pulseMs: 1, version: 9 }), 0);
  assert.is(session.seen, undefined, "no Welcome tells the ledger");
  const { ledgerId, generation } = welcome(FIRST);
  session.beginComparing(welcome(FIRST, { pulse: pulse({ pulseMs: 2, version: 3 }) }), 0);
  assert.equal(session.seen, { ledgerId, generation, version: 3 });
  session.beginSending(START);
  session.onAck(ack(FIRST, { version: 5 }), 0);
  session.onPulse(pulse({ pulseMs: 3, version: 4 }), 0);
  assert.is(session.seen?.version, 5);
  session.beginEnding();
  session.onPulse(pulse({ pulseMs: 4, version: 6 }), 0);
  assert.is(session.seen?.version, 6);
});

test("becomeSteady() returns the Welcome once the stream is admitted", () => {
  const session = sending();
  assert.is(session.becomeSteady(0, false), undefined);
  session.onAck(ack(FIRST), 0);
  assert.is(session.becomeSteady(0, false)?.ledgerId, welcome(FIRST).ledgerId);
  assert.is(session.becomeSteady(0, false), undefined);
});

test("becomeSteady() waits after a failure until the ledger is written or time passes", () => {
  const { version } = welcome(FIRST).pulse;
  const lasting = sending();
  lasting.onAck(ack(FIRST, { version }), 100);
  assert.is(lasting.becomeSteady(99 + PULSE_WAIT_MAX_MS, true), undefined);
  assert.ok(lasting.becomeSteady(100 + PULSE_WAIT_MAX_MS, true));
  const written = sending();
  written.onAck(ack(FIRST, { version: version + 1 }), 100);
  assert.ok(written.becomeSteady(100, true));
});

test("isSilent() counts from the start, the Welcome and each new pulse", () => {
  const session = new DeliverySession(1, { ...incarnation(), id: SECOND }, 100);
  assert.is(session.isSilent(100 + PULSE_WAIT_MAX_MS), false);
  assert.is(session.isSilent(101 + PULSE_WAIT_MAX_MS), true);
  session.beginComparing(welcome(SECOND, { pulse: pulse({ pulseMs: 9 }) }), 1_000);
  assert.is(session.isSilent(1_000 + PULSE_WAIT_MAX_MS), false);
  session.onPulse(pulse({ pulseMs: 9 }), 2_000);
  assert.is(session.isSilent(1_001 + PULSE_WAIT_MAX_MS), true, "an old pulse does not count");
  session.onPulse(pulse({ pulseMs: 10 }), 2_000);
  assert.is(session.isSilent(2_000 + PULSE_WAIT_MAX_MS), false);
});

test.run();
