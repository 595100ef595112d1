import { test } from "uvu";
import * as assert from "uvu/assert";
import { OutboxView } from "../../../src/core/likes_server/outbox_view.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { Redelivery } from "../../../src/core/likes_server/redelivery.ts";
import { newOutbox } from "../../../src/store/outbox/outbox_state.ts";
import { FIRST, OUTBOX, SECOND, ack, welcome } from "../core_fixture.ts";
import { testId } from "../../store/faults.ts";

const at = (id: IncarnationId, sequence: number) => ({ ...origin(id), sequence });

/** An incarnation with the given last, acknowledged and trimmed sequences. */
function stateOf(id: IncarnationId, { last = 0, acknowledged = 0, trimmed = 0 } = {}) {
  const positions = { last: at(id, last), acknowledged: at(id, acknowledged) };
  return {
    incarnation: id,
    ...positions,
    trimmed: at(id, trimmed),
    closed: false,
    parked: undefined,
  };
}

/** An outbox whose current incarnation, FIRST, has accepted `events` since it was opened. */
function outboxWith(
  events: number,
  changes: { readonly isRedelivering?: boolean } = {},
): OutboxView {
  const outbox = new OutboxView({ ...newOutbox(OUTBOX, "a"), incarnations: [stateOf(FIRST)] });
  const state = { ...newOutbox(OUTBOX, "a"), ...changes };
  outbox.onWritten([], { ...state, incarnations: [stateOf(FIRST, { last: events })] });
  return outbox;
}

test("begin() returns a trouble with the incarnation that found the restored ledger", () => {
  const outbox = outboxWith(3);
  const redelivery = new Redelivery(outbox);
  assert.is(redelivery.trouble, undefined);
  const trouble = redelivery.begin(outbox.current);
  assert.equal([trouble.kind, trouble.incarnation], ["ledger_restored", FIRST]);
  assert.is(trouble.events, undefined);
  assert.is(redelivery.trouble, trouble);
});

test("endIfDone() waits for the current incarnation's events of that time, not later ones", () => {
  const outbox = outboxWith(3);
  const { current } = outbox;
  const redelivery = new Redelivery(outbox);
  redelivery.begin(current);
  redelivery.onAck(ack(FIRST));
  outbox.onWritten([], { ...newOutbox(OUTBOX, "a"), incarnations: [stateOf(FIRST, { last: 5 })] });
  current.acknowledged = at(FIRST, 2);
  assert.is(redelivery.endIfDone(current), false);
  current.acknowledged = at(FIRST, 3);
  assert.is(redelivery.endIfDone(current), true);
  assert.is(redelivery.trouble, undefined);
  assert.is(redelivery.endIfDone(current), false, "it ends once");
});

test("endIfDone() does not wait for later incarnations", () => {
  const outbox = outboxWith(3);
  const [first] = outbox.incarnations;
  const redelivery = new Redelivery(outbox);
  redelivery.begin(outbox.current);
  redelivery.onAck(ack(FIRST));
  const incarnations = [stateOf(FIRST, { last: 3 }), stateOf(SECOND, { last: 5 })];
  const mint = { type: "mint", incarnation: SECOND } as const;
  outbox.onWritten([mint], { ...newOutbox(OUTBOX, "a"), incarnations });
  assert.is(first === undefined || redelivery.endIfDone(first), false, "it is older");
  assert.is(redelivery.endIfDone(outbox.current), true);
});

test("endIfDone() waits until the ledger has recorded it, even without events", () => {
  const outbox = outboxWith(0);
  const redelivery = new Redelivery(outbox);
  redelivery.begin(outbox.current);
  assert.is(redelivery.endIfDone(outbox.current), false);
  redelivery.onAck(ack(FIRST, { admitted: false }));
  assert.is(redelivery.endIfDone(outbox.current), false, "no report is committed");
  redelivery.onAck(ack(FIRST, { admitted: false, left: true }));
  assert.is(redelivery.endIfDone(outbox.current), true);
});

test("isLedgerBehind() compares the applied with the acknowledged sequence", () => {
  const outbox = outboxWith(5);
  const redelivery = new Redelivery(outbox);
  outbox.current.acknowledged = at(FIRST, 3);
  const isBehind = (changes: Parameters<typeof welcome>[1]): boolean =>
    redelivery.isLedgerBehind(outbox.current, welcome(FIRST, changes));
  assert.equal(
    [2, 3, 4].map((appliedSequence) => isBehind({ appliedSequence })),
    [true, false, false],
  );
  assert.is(isBehind({ appliedSequence: 3, redeliver: true }), true);
});

test("claimedSequence() is 0 for trimmed events that the ledger is known to lack", () => {
  const outbox = outboxWith(5, { isRedelivering: true });
  const redelivery = new Redelivery(outbox);
  const { current } = outbox;
  const removed = stateOf(testId(9), { last: 5, acknowledged: 3, trimmed: 3 });
  const view = { id: testId(9), stored: removed, acknowledged: at(testId(9), 3) };
  assert.is(redelivery.claimedSequence({ ...view, isTransitioning: false }), 0);
  current.acknowledged = at(FIRST, 4);
  assert.is(redelivery.claimedSequence(current), 4, "it was acknowledged since");
});

test.run();
