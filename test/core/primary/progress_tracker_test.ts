import { test } from "uvu";
import * as assert from "uvu/assert";
import { ProgressTracker } from "../../../src/core/primary/progress_tracker.ts";
import type { MemberProgress } from "../../../src/core/primary/progress_tracker.ts";
import type { IncarnationRow } from "../../../src/core/ledger/rows.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import type { Report } from "../../../src/core/protocol/messages.ts";
import { FIRST, OUTBOX, SECOND, batch, report } from "../core_fixture.ts";

function row(appliedSequence: number, incarnation: IncarnationId = FIRST): IncarnationRow {
  return { incarnation, outboxId: OUTBOX, appliedSequence, digest: FIRST, state: "open" };
}

/** Receives a report on stream 1 and commits it once `applied` events are applied. */
function receiveReport(tracker: ProgressTracker, changes: Partial<Report>, applied: number): void {
  const message = report(changes);
  tracker.onMessageReceived(OUTBOX, 1, message, message.pulseMs);
  tracker.onReportCommitted(message, row(applied, message.incarnation));
}

function progressOf(tracker: ProgressTracker): MemberProgress {
  const progress = tracker.byOutbox.get(OUTBOX);
  if (progress === undefined) throw new Error("the outbox has no progress");
  return progress;
}

test("onReportCommitted() advances freshness at once when nothing is pending", () => {
  const tracker = new ProgressTracker();
  receiveReport(tracker, { pulseMs: 5, lastSequence: 3 }, 3);
  assert.equal([progressOf(tracker).freshUpToMs, progressOf(tracker).sentMs], [5, 5]);
});

test("onApplied() advances freshness when the pending events are applied, under load too", () => {
  const tracker = new ProgressTracker();
  receiveReport(tracker, { pulseMs: 5, lastSequence: 10 }, 8);
  assert.is(progressOf(tracker).freshUpToMs, 0);
  receiveReport(tracker, { pulseMs: 6, lastSequence: 12 }, 9);
  tracker.onApplied(row(9));
  assert.is(progressOf(tracker).freshUpToMs, 0, "one is missing");
  tracker.onApplied(row(10));
  assert.is(progressOf(tracker).freshUpToMs, 5);
  receiveReport(tracker, { pulseMs: 7, lastSequence: 14 }, 11);
  tracker.onApplied(row(14));
  assert.is(progressOf(tracker).freshUpToMs, 7);
});

test("onReportCommitted() holds freshness while other incarnations have pending events", () => {
  const tracker = new ProgressTracker();
  receiveReport(tracker, { pulseMs: 5, lastSequence: 3, otherPendingEvents: 1 }, 3);
  assert.is(progressOf(tracker).freshUpToMs, 0);
  tracker.onApplied(row(4));
  assert.is(progressOf(tracker).freshUpToMs, 0);
});

test("onReportCommitted() keeps freshness when the next incarnation reports", () => {
  const tracker = new ProgressTracker();
  receiveReport(tracker, { pulseMs: 5, lastSequence: 3 }, 3);
  receiveReport(tracker, { pulseMs: 6, lastSequence: 2, incarnation: SECOND }, 0);
  const { freshUpToMs, incarnation, highestReportedSequence, appliedSequence } =
    progressOf(tracker);
  assert.equal(
    [freshUpToMs, incarnation, highestReportedSequence, appliedSequence],
    [5, SECOND, 2, 0],
  );
  tracker.onApplied(row(9));
  assert.is(progressOf(tracker).appliedSequence, 0, "the events were of the other incarnation");
});

test("onReportCommitted() ignores a report that is older than the last one", () => {
  const tracker = new ProgressTracker();
  receiveReport(tracker, { pulseMs: 6, lastSequence: 2, incarnation: SECOND }, 0);
  const before = progressOf(tracker);
  tracker.onReportCommitted(report({ pulseMs: 5 }), row(0));
  assert.is(progressOf(tracker), before);
});

test("onMessageReceived() tracks events before their commit, and never goes back", () => {
  const tracker = new ProgressTracker();
  tracker.onMessageReceived(OUTBOX, 1, batch(FIRST, [1, 1, 1]), -Infinity);
  assert.equal(
    [progressOf(tracker).highestReportedSequence, progressOf(tracker).report],
    [3, undefined],
  );
  receiveReport(tracker, { pulseMs: 5, lastSequence: 2 }, 2);
  assert.equal(
    [progressOf(tracker).highestReportedSequence, progressOf(tracker).appliedSequence],
    [3, 2],
  );
  tracker.onMessageReceived(OUTBOX, 1, report({ otherPendingEvents: 4 }), 5);
  assert.equal(
    [progressOf(tracker).highestReportedSequence, progressOf(tracker).otherPendingEvents],
    [3, 4],
  );
});

test("onMessageReceived() ignores an older stream of another incarnation", () => {
  const tracker = new ProgressTracker();
  tracker.onMessageReceived(OUTBOX, 2, batch(SECOND, [1, 1]), -Infinity);
  tracker.onMessageReceived(OUTBOX, 1, batch(FIRST, [1]), -Infinity);
  assert.equal(
    [progressOf(tracker).incarnation, progressOf(tracker).highestReportedSequence],
    [SECOND, 2],
  );
});

test("onMessageReceived() counts as an answer before the report is committed", () => {
  const tracker = new ProgressTracker();
  receiveReport(tracker, { pulseMs: 5, lastSequence: 2 }, 2);
  tracker.onMessageReceived(OUTBOX, 1, report({ pulseMs: 9 }), 9);
  assert.equal([progressOf(tracker).sentMs, progressOf(tracker).freshUpToMs], [9, 5]);
});

test("forgetStream() keeps a newer stream's progress when an older one ends", () => {
  const tracker = new ProgressTracker();
  tracker.onMessageReceived(OUTBOX, 2, batch(SECOND, [1]), -Infinity);
  tracker.forgetStream(OUTBOX, 1);
  assert.is(tracker.byOutbox.size, 1);
  tracker.forgetStream(OUTBOX, 2);
  assert.is(tracker.byOutbox.size, 0);
});

test("forget() leaves nothing of an outbox that left", () => {
  const tracker = new ProgressTracker();
  receiveReport(tracker, { pulseMs: 5 }, 0);
  tracker.forget(OUTBOX);
  tracker.onReportCommitted(report({ pulseMs: 6 }), row(0));
  assert.is(tracker.byOutbox.size, 0);
});

test.run();
