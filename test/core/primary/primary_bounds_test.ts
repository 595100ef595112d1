/** Tests the bounds of the primary's queues and pulses in virtual time. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { LikeBatch } from "../../../src/core/protocol/messages.ts";
import type { PrimaryAction } from "../../../src/core/primary/primary.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import {
  ITEM_ID_BYTES_MAX,
  PULSES_UNANSWERED_MAX,
  PULSE_GAP_MIN_MS,
  PULSE_INTERVAL_MS,
  QUEUED_BYTES_MAX,
  RECORD_EVENTS_MAX,
  STREAM_BATCHES_QUEUED_MAX,
  TICK_MS,
} from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";
import {
  FIRST,
  OTHER_OUTBOX,
  SECOND,
  batches,
  like,
  recordAfter,
  report,
} from "../core_fixture.ts";
import { PrimaryHarness } from "./primary_harness.ts";

test("handle() pauses every sender when all together queue too much, then counts all", async () => {
  const primary = await PrimaryHarness.start();
  const perStream = STREAM_BATCHES_QUEUED_MAX - 1;
  const size = largeBatches(FIRST, 1).reduce((sum, one) => sum + bytesOf(one), 0);
  const streams = Math.ceil(QUEUED_BYTES_MAX / size / perStream) + 2;
  const incarnations = Array.from({ length: streams }, (_, index) => testId(0x1000 + index));
  for (const [index, incarnation] of incarnations.entries()) {
    await primary.join(index + 1, {}, { incarnation, outboxId: testId(0x2000 + index) });
  }
  let queued = -size; // without the first batch, whose commit begins at once
  for (const [index, incarnation] of incarnations.entries()) {
    for (const one of largeBatches(incarnation, perStream)) {
      const before = paused(primary);
      primary.receive(index + 1, one);
      queued += size;
      if (queued < QUEUED_BYTES_MAX) assert.is(paused(primary), 0, `at ${queued} bytes`);
      else assert.ok(paused(primary) >= Math.max(1, before), `at ${queued} bytes`);
    }
  }
  assert.ok(queued >= QUEUED_BYTES_MAX);
  await primary.commit();
  assert.is(primary.kinds.filter((kind) => kind === "resume").length, paused(primary));
  const expected = BigInt(streams * perStream * RECORD_EVENTS_MAX);
  assert.is(primary.status().totalLikes, expected, "nothing was dropped");
});

test("handle() resumes no sender while all together queue too much", async () => {
  const primary = await PrimaryHarness.start();
  const few = STREAM_BATCHES_QUEUED_MAX / 4;
  const size = largeBatches(FIRST, 1).reduce((sum, one) => sum + bytesOf(one), 0);
  const streams = Math.ceil(QUEUED_BYTES_MAX / size / few) + 2;
  const incarnations = Array.from({ length: streams }, (_, index) => testId(0x1000 + index));
  for (const [index, incarnation] of incarnations.entries()) {
    await primary.join(index + 1, {}, { incarnation, outboxId: testId(0x2000 + index) });
  }
  for (const [index, incarnation] of incarnations.entries()) {
    for (const one of largeBatches(incarnation, few)) primary.receive(index + 1, one);
  }
  const pausedCount = paused(primary);
  assert.ok(pausedCount >= 1);
  await primary.commitOne();
  const resumed = () => primary.kinds.filter((kind) => kind === "resume").length;
  assert.is(resumed(), 0);
  await primary.commit();
  assert.is(resumed(), pausedCount);
});

test("handle() resumes a sender when those that filled the queue are gone", async () => {
  const primary = await PrimaryHarness.start();
  const perStream = STREAM_BATCHES_QUEUED_MAX - 1;
  const size = largeBatches(FIRST, 1).reduce((sum, one) => sum + bytesOf(one), 0);
  const half = Math.ceil(QUEUED_BYTES_MAX / size / perStream) + 1;
  const incarnations = Array.from({ length: 2 * half + 1 }, (_, index) => testId(0x1000 + index));
  for (const [index, incarnation] of incarnations.entries()) {
    await primary.join(index + 1, {}, { incarnation, outboxId: testId(0x2000 + index) });
  }
  const middle = half + 1; // its batches are in the middle of the queue
  for (const [index, incarnation] of incarnations.entries()) {
    const sent = largeBatches(incarnation, index + 1 === middle ? 1 : perStream);
    for (const one of sent) primary.receive(index + 1, one);
  }
  const has = (type: "pause" | "resume") => (action: PrimaryAction) =>
    action.type === type && action.streamId === middle;
  assert.ok(primary.actions.some(has("pause")));
  while ((primary.acks(middle).at(-1)?.appliedSequence ?? 0) === 0) await primary.commitOne();
  assert.not.ok(primary.actions.some(has("resume")), "too much is still queued");
  for (let streamId = 1; streamId <= incarnations.length; streamId++) {
    if (streamId !== middle) primary.drive({ type: "closed", streamId });
  }
  await primary.pass(TICK_MS);
  assert.ok(primary.actions.some(has("resume")));
});

test("handle() pulses at every interval, and sooner when something changed", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  const [first, second] = batches(FIRST, [[1], [1]]);
  const before = primary.pulses(1).length;
  while (primary.pulses(1).length === before) await primary.pass(TICK_MS);
  const quiet = primary.pulses(1).length;
  await primary.pass(PULSE_INTERVAL_MS * 4 - TICK_MS);
  assert.is(primary.pulses(1).length, quiet + 3);
  await primary.pass(TICK_MS);
  assert.is(primary.pulses(1).length, quiet + 4);
  primary.receive(1, first);
  primary.nowMs += PULSE_GAP_MIN_MS;
  await primary.commit();
  assert.is(primary.pulses(1).length, quiet + 5, "the pulse of the change, with its commit");
  primary.receive(1, second);
  await primary.commit();
  assert.is(primary.pulses(1).length, quiet + 5, "the next one waits for the gap");
  await primary.pass(TICK_MS);
  assert.is(primary.pulses(1).length, quiet + 6);
  assert.is(primary.pulses(1).at(-1)?.totalLikes, 2n);
});

test("handle() sends no pulse to a stream with too many unanswered, but to others", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  await primary.join(2, {}, { incarnation: SECOND, outboxId: OTHER_OUTBOX });
  const changes = batches(
    FIRST,
    Array.from({ length: PULSES_UNANSWERED_MAX * 2 }, () => [1]),
  );
  for (const one of changes) {
    primary.receive(1, one);
    primary.nowMs += PULSE_GAP_MIN_MS;
    await primary.commit();
    // Only the first one answers.
    const pulseMs = primary.pulses(1).at(-1)?.pulseMs ?? 0;
    primary.receive(1, report({ pulseMs, lastSequence: one.events.last }));
    await primary.commit();
  }
  assert.ok(primary.pulses(1).length > PULSES_UNANSWERED_MAX);
  assert.is(primary.pulses(2).length, PULSES_UNANSWERED_MAX);
  assert.equal([primary.endOf(1), primary.endOf(2)], [undefined, undefined]);
});

/** Batches of one record each, as large as possible. */
function largeBatches(incarnation: IncarnationId, count: number): LikeBatch[] {
  const events = Array.from({ length: RECORD_EVENTS_MAX }, () => like(1, LONG));
  let position = origin(incarnation);
  return Array.from({ length: count }, () => {
    const { record, last } = recordAfter(position, events);
    position = last;
    const batch = { incarnation, events: record.events, records: [record] };
    return { type: "batch", ...batch, digest: last.digest };
  });
}

const LONG = "a".repeat(ITEM_ID_BYTES_MAX);

function bytesOf({ records }: LikeBatch): number {
  return records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function paused({ kinds }: PrimaryHarness): number {
  return kinds.filter((kind) => kind === "pause").length;
}

test.run();
