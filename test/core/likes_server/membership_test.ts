import { test } from "uvu";
import * as assert from "uvu/assert";
import { OutboxMembership } from "../../../src/core/likes_server/membership.ts";
import type { Membership, OutboxWrite } from "../../../src/core/likes_server/outbox.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { newOutbox } from "../../../src/store/outbox/outbox_state.ts";
import { FIRST, OUTBOX, SECOND } from "../core_fixture.ts";
import { FINGERPRINT } from "../../fixtures/secret.ts";
import { assertionOf } from "../../store/faults.ts";

function stateOf(incarnation: IncarnationId, closed = false) {
  const start = origin(incarnation);
  const positions = { trimmed: start, acknowledged: start, last: start };
  return { incarnation, ...positions, closed, parked: undefined };
}

/** The membership that a start reads from an outbox, by default with one incarnation. */
function membershipOf(membership: Membership, incarnations = [stateOf(SECOND)]): OutboxMembership {
  return new OutboxMembership({ ...newOutbox(OUTBOX, "a"), membership, incarnations });
}

function typeOf(write: OutboxWrite | undefined): string | undefined {
  return write?.type === "membership" ? write.membership : write?.type;
}

test("OutboxMembership is unregistered when a leave may have been recorded", () => {
  assert.is(membershipOf("member").state, "member");
  assert.is(membershipOf("leaving").state, "unregistered");
  assert.is(membershipOf("unregistered").state, "unregistered");
});

test("join() returns one write, and the state changes when that is synced", () => {
  const membership = membershipOf("unregistered");
  const write = membership.join(undefined, FINGERPRINT);
  assert.is(typeOf(write), "member");
  assert.equal([membership.isJoining, membership.isAccepting], [true, false]);
  assert.is(membership.join(undefined, FINGERPRINT), undefined, "the write is pending");
  assert.is(write && membership.onWritten([write]), true);
  assert.equal([membership.isJoining, membership.isAccepting], [false, true]);
  assert.is(membership.join(undefined, FINGERPRINT), undefined, "it is a member");
  assert.is(write && membership.onWritten([write]), false, "nothing changes");
});

test("stop() asks to leave when the ledger may know the outbox, and then accepts nothing", () => {
  const membership = membershipOf("member");
  const write = membership.stop(true, undefined);
  assert.is(typeOf(write), "leaving");
  assert.is(membership.isAccepting, false);
  assert.is(membership.stop(true, undefined), undefined, "it is stopping already");
  if (write !== undefined) membership.onWritten([write]);
  assert.is(membership.stopIfDelivered(false), false, "the ledger has not recorded it");
  assert.is(typeOf(membership.left(undefined)), "unregistered");
  assert.is(membership.isDelivering, false);
  assert.is(membership.stopIfDelivered(true), true, "parked incarnations were resolved");
  assert.is(membership.stopIfDelivered(true), false, "it stops once");
});

test("stop() does not ask to leave when the ledger cannot know the outbox", async () => {
  const membership = membershipOf("unregistered");
  assert.is(membership.stop(true, undefined), undefined);
  assert.is(membership.mayReport, false);
  await assertionOf("does not become a member", () => membership.reported());
  assert.is(membership.join(undefined, FINGERPRINT), undefined);
  assert.is(membership.stopIfDelivered(true), false);
  assert.is(membership.stopIfDelivered(false), true);
});

test("stop() asks to leave after a report, or with an earlier process's incarnation", () => {
  const reported = membershipOf("unregistered");
  reported.reported();
  assert.is(typeOf(reported.stop(true, undefined)), "leaving");
  assert.is(reported.mayReport, true);
  const older = membershipOf("unregistered", [stateOf(FIRST), stateOf(SECOND)]);
  assert.is(typeOf(older.stop(true, undefined)), "leaving");
  const closed = membershipOf("unregistered", [stateOf(FIRST, true), stateOf(SECOND)]);
  assert.is(closed.stop(true, undefined), undefined);
});

test("stop() remains a member when it is not asked to leave", async () => {
  const membership = membershipOf("member");
  assert.is(membership.stop(false, undefined), undefined);
  await assertionOf("asked to leave", () => membership.left(undefined));
  assert.is(membership.stopIfDelivered(true), false);
  assert.is(membership.isDelivering, true);
  assert.is(membership.stopIfDelivered(false), true);
  assert.is(membership.state, "member");
});

test.run();
