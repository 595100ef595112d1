import { test } from "uvu";
import * as assert from "uvu/assert";
import { ProgressTracker } from "../../../src/core/primary/progress_tracker.ts";
import type { MemberProgress } from "../../../src/core/primary/progress_tracker.ts";
import type { IncarnationRow } from "../../../src/core/ledger/ledger.ts";
import type { Report } from "../../../src/core/protocol/messages.ts";
import { FIRST, OUTBOX, SECOND, batch, report } from "../core_fixture.ts";

function row(appliedSequence: number, incarnation = FIRST): IncarnationRow {
  return { incarnation, outboxId: OUTBOX, appliedSequence, digest: FIRST, state: "open" };
}

/** A report that is received on stream 1 and committed when `applied` events are. */
function hear(contacts: ProgressTracker, changes: Partial<Report>, applied: number): void {
  const message = report(changes);
  contacts.received(OUTBOX, 1, message, message.labelMs);
  contacts.heard(message, row(applied, message.incarnation));
}

function contactOf(contacts: ProgressTracker): MemberProgress {
  const contact = contacts.byOutbox.get(OUTBOX);
  if (contact === undefined) throw new Error("There is no contact");
  return contact;
}

test("heard() gives the mark at once when nothing is pending", () => {
  const contacts = new ProgressTracker();
  hear(contacts, { labelMs: 5, lastSequence: 3 }, 3);
  assert.equal([contactOf(contacts).markMs, contactOf(contacts).sentMs], [5, 5]);
});

test("applied() gives the mark when what was awaited is applied, under a steady load too", () => {
  const contacts = new ProgressTracker();
  hear(contacts, { labelMs: 5, lastSequence: 10 }, 8);
  assert.is(contactOf(contacts).markMs, 0);
  hear(contacts, { labelMs: 6, lastSequence: 12 }, 9);
  contacts.applied(row(9));
  assert.is(contactOf(contacts).markMs, 0, "one is missing");
  contacts.applied(row(10));
  assert.is(contactOf(contacts).markMs, 5);
  hear(contacts, { labelMs: 7, lastSequence: 14 }, 11);
  contacts.applied(row(14));
  assert.is(contactOf(contacts).markMs, 7);
});

test("heard() gives no mark when other incarnations have events pending", () => {
  const contacts = new ProgressTracker();
  hear(contacts, { labelMs: 5, lastSequence: 3, otherPendingEvents: 1 }, 3);
  assert.is(contactOf(contacts).markMs, 0);
  contacts.applied(row(4));
  assert.is(contactOf(contacts).markMs, 0);
});

test("heard() keeps the mark when the next incarnation reports", () => {
  const contacts = new ProgressTracker();
  hear(contacts, { labelMs: 5, lastSequence: 3 }, 3);
  hear(contacts, { labelMs: 6, lastSequence: 2, incarnation: SECOND }, 0);
  const { markMs, incarnation, namedSequence, appliedSequence } = contactOf(contacts);
  assert.equal([markMs, incarnation, namedSequence, appliedSequence], [5, SECOND, 2, 0]);
  contacts.applied(row(9));
  assert.is(contactOf(contacts).appliedSequence, 0, "that was the other incarnation");
});

test("heard() changes nothing when the report is older than one that was heard", () => {
  const contacts = new ProgressTracker();
  hear(contacts, { labelMs: 6, lastSequence: 2, incarnation: SECOND }, 0);
  const before = contactOf(contacts);
  contacts.heard(report({ labelMs: 5 }), row(0));
  assert.is(contactOf(contacts), before);
});

test("received() names events before their commit, and goes back for nothing", () => {
  const contacts = new ProgressTracker();
  contacts.received(OUTBOX, 1, batch(FIRST, [1, 1, 1]), -Infinity);
  assert.equal([contactOf(contacts).namedSequence, contactOf(contacts).report], [3, undefined]);
  hear(contacts, { labelMs: 5, lastSequence: 2 }, 2);
  assert.equal([contactOf(contacts).namedSequence, contactOf(contacts).appliedSequence], [3, 2]);
  contacts.received(OUTBOX, 1, report({ otherPendingEvents: 4 }), 5);
  assert.equal([contactOf(contacts).namedSequence, contactOf(contacts).otherPendingEvents], [3, 4]);
});

test("received() ignores what an older stream says of another incarnation", () => {
  const contacts = new ProgressTracker();
  contacts.received(OUTBOX, 2, batch(SECOND, [1, 1]), -Infinity);
  contacts.received(OUTBOX, 1, batch(FIRST, [1]), -Infinity);
  assert.equal([contactOf(contacts).incarnation, contactOf(contacts).namedSequence], [SECOND, 2]);
});

test("received() tells that a member answered before its report is committed", () => {
  const contacts = new ProgressTracker();
  hear(contacts, { labelMs: 5, lastSequence: 2 }, 2);
  contacts.received(OUTBOX, 1, report({ labelMs: 9 }), 9);
  assert.equal([contactOf(contacts).sentMs, contactOf(contacts).markMs], [9, 5]);
});

test("forgetStream() keeps what a newer stream said when an older one ends", () => {
  const contacts = new ProgressTracker();
  contacts.received(OUTBOX, 2, batch(SECOND, [1]), -Infinity);
  contacts.forgetStream(OUTBOX, 1);
  assert.is(contacts.byOutbox.size, 1);
  contacts.forgetStream(OUTBOX, 2);
  assert.is(contacts.byOutbox.size, 0);
});

test("forget() leaves nothing when an outbox has left", () => {
  const contacts = new ProgressTracker();
  hear(contacts, { labelMs: 5 }, 0);
  contacts.forget(OUTBOX);
  contacts.heard(report({ labelMs: 6 }), row(0));
  assert.is(contacts.byOutbox.size, 0);
});

test.run();
