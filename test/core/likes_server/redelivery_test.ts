import { test } from "uvu";
import * as assert from "uvu/assert";
import type { IncarnationView } from "../../../src/core/likes_server/outbox_view.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { Redelivery } from "../../../src/core/likes_server/redelivery.ts";
import { FIRST, SECOND, ack } from "../core_fixture.ts";
import { testId } from "../../store/faults.ts";

/** An incarnation of so many events, of which so many are acknowledged. */
function incarnation(id: string, events: number, acknowledged: number): IncarnationView {
  const at = (sequence: number) => ({ ...origin(id), sequence });
  const stored = {
    incarnation: id,
    trimmed: origin(id),
    acknowledged: at(acknowledged),
    last: at(events),
    closed: false,
    parked: undefined,
  };
  return { id, stored, acknowledged: at(acknowledged), isTransitioning: false };
}

test("Redelivery names the incarnation whose stream showed that the ledger forgot", () => {
  const { trouble } = new Redelivery(FIRST, incarnation(SECOND, 3, 0));
  assert.equal([trouble.kind, trouble.incarnation], ["ledger_restored", FIRST]);
  assert.is(trouble.events, undefined);
});

test("isDone() waits for what the own incarnation had when it was seen, and not for more", () => {
  const redelivery = new Redelivery(FIRST, incarnation(SECOND, 3, 1));
  redelivery.acknowledged(ack(SECOND));
  assert.is(redelivery.isDone(incarnation(SECOND, 5, 2)), false);
  assert.is(redelivery.isDone(incarnation(SECOND, 5, 3)), true);
});

test("isDone() waits for nothing of an incarnation that came after it", () => {
  const redelivery = new Redelivery(FIRST, incarnation(SECOND, 3, 1));
  redelivery.acknowledged(ack(SECOND));
  assert.is(redelivery.isDone(incarnation(testId(3), 5, 0)), true);
});

test("isDone() waits until the ledger has named it, also where nothing is sent again", () => {
  const redelivery = new Redelivery(FIRST, incarnation(FIRST, 0, 0));
  assert.is(redelivery.isDone(incarnation(FIRST, 0, 0)), false);
  redelivery.acknowledged(ack(FIRST, { admitted: false }));
  assert.is(redelivery.isDone(incarnation(FIRST, 0, 0)), false, "no report of it is committed");
  redelivery.acknowledged(ack(FIRST, { admitted: false, left: true }));
  assert.is(redelivery.isDone(incarnation(FIRST, 0, 0)), true);
});

test.run();
