import { test } from "uvu";
import * as assert from "uvu/assert";
import { ProgressTracker } from "../../../src/core/primary/progress_tracker.ts";
import type { MemberProgress } from "../../../src/core/primary/progress_tracker.ts";
import type { IncarnationRow } from "../../../src/core/ledger/rows.ts";
import type { Report } from "../../../src/core/protocol/messages.ts";
import { FIRST, OUTBOX, SECOND, batch, report } from "../core_fixture.ts";

function row(appliedSequence: number, incarnation = FIRST): IncarnationRow {
  return { incarnation, outboxId: OUTBOX, appliedSequence, digest: FIRST, state: "open" };
}

/** A report that is received on stream 1 and committed when `applied` events are. */
function hear(tracker: ProgressTracker, changes: Partial<Report>, applied: number): void {
  const message = report(changes);
  tracker.onMessageReceived(OUTBOX, 1, message, message.pulseMs);
  tracker.onReportCommitted(message, row(applied, message.incarnation));
}

function contactOf(tracker: ProgressTracker): MemberProgress {
  const progress = tracker.byOutbox.get(OUTBOX);
  if (progress === undefined) throw new Error("There is no progress");
  return progress;
}

test("heard() gives the mark at once when nothing is pending", () => {
  const tracker = new ProgressTracker();
  hear(tracker, { pulseMs: 5, lastSequence: 3 }, 3);
  assert.equal([contactOf(tracker).freshUpToMs, contactOf(tracker).sentMs], [5, 5]);
});

test("applied() gives the mark when what was awaited is applied, under a steady load too", () => {
  const tracker = new ProgressTracker();
  hear(tracker, { pulseMs: 5, lastSequence: 10 }, 8);
  assert.is(contactOf(tracker).freshUpToMs, 0);
  hear(tracker, { pulseMs: 6, lastSequence: 12 }, 9);
  tracker.onApplied(row(9));
  assert.is(contactOf(tracker).freshUpToMs, 0, "one is missing");
  tracker.onApplied(row(10));
  assert.is(contactOf(tracker).freshUpToMs, 5);
  hear(tracker, { pulseMs: 7, lastSequence: 14 }, 11);
  tracker.onApplied(row(14));
  assert.is(contactOf(tracker).freshUpToMs, 7);
});

test("heard() gives no mark when other incarnations have events pending", () => {
  const tracker = new ProgressTracker();
  hear(tracker, { pulseMs: 5, lastSequence: 3, otherPendingEvents: 1 }, 3);
  assert.is(contactOf(tracker).freshUpToMs, 0);
  tracker.onApplied(row(4));
  assert.is(contactOf(tracker).freshUpToMs, 0);
});

test("heard() keeps the mark when the next incarnation reports", () => {
  const tracker = new ProgressTracker();
  hear(tracker, { pulseMs: 5, lastSequence: 3 }, 3);
  hear(tracker, { pulseMs: 6, lastSequence: 2, incarnation: SECOND }, 0);
  const { freshUpToMs, incarnation, highestReportedSequence, appliedSequence } = contactOf(tracker);
  assert.equal(
    [freshUpToMs, incarnation, highestReportedSequence, appliedSequence],
    [5, SECOND, 2, 0],
  );
  tracker.onApplied(row(9));
  assert.is(contactOf(tracker).appliedSequence, 0, "that was the other incarnation");
});

test("heard() changes nothing when the report is older than one that was heard", () => {
  const tracker = new ProgressTracker();
  hear(tracker, { pulseMs: 6, lastSequence: 2, incarnation: SECOND }, 0);
  const before = contactOf(tracker);
  tracker.onReportCommitted(report({ pulseMs: 5 }), row(0));
  assert.is(contactOf(tracker), before);
});

test("received() names events before their commit, and goes back for nothing", () => {
  const tracker = new ProgressTracker();
  tracker.onMessageReceived(OUTBOX, 1, batch(FIRST, [1, 1, 1]), -Infinity);
  assert.equal(
    [contactOf(tracker).highestReportedSequence, contactOf(tracker).report],
    [3, undefined],
  );
  hear(tracker, { pulseMs: 5, lastSequence: 2 }, 2);
  assert.equal(
    [contactOf(tracker).highestReportedSequence, contactOf(tracker).appliedSequence],
    [3, 2],
  );
  tracker.onMessageReceived(OUTBOX, 1, report({ otherPendingEvents: 4 }), 5);
  assert.equal(
    [contactOf(tracker).highestReportedSequence, contactOf(tracker).otherPendingEvents],
    [3, 4],
  );
});

test("received() ignores what an older stream says of another incarnation", () => {
  const tracker = new ProgressTracker();
  tracker.onMessageReceived(OUTBOX, 2, batch(SECOND, [1, 1]), -Infinity);
  tracker.onMessageReceived(OUTBOX, 1, batch(FIRST, [1]), -Infinity);
  assert.equal(
    [contactOf(tracker).incarnation, contactOf(tracker).highestReportedSequence],
    [SECOND, 2],
  );
});

test("received() tells that a member answered before its report is committed", () => {
  const tracker = new ProgressTracker();
  hear(tracker, { pulseMs: 5, lastSequence: 2 }, 2);
  tracker.onMessageReceived(OUTBOX, 1, report({ pulseMs: 9 }), 9);
  assert.equal([contactOf(tracker).sentMs, contactOf(tracker).freshUpToMs], [9, 5]);
});

test("forgetStream() keeps what a newer stream said when an older one ends", () => {
  const tracker = new ProgressTracker();
  tracker.onMessageReceived(OUTBOX, 2, batch(SECOND, [1]), -Infinity);
  tracker.forgetStream(OUTBOX, 1);
  assert.is(tracker.byOutbox.size, 1);
  tracker.forgetStream(OUTBOX, 2);
  assert.is(tracker.byOutbox.size, 0);
});

test("forget() leaves nothing when an outbox has left", () => {
  const tracker = new ProgressTracker();
  hear(tracker, { pulseMs: 5 }, 0);
  tracker.forget(OUTBOX);
  tracker.onReportCommitted(report({ pulseMs: 6 }), row(0));
  assert.is(tracker.byOutbox.size, 0);
});

test.run();
