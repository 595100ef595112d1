import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  acknowledgeUpTo,
  openDelivery,
  windowLeft,
} from "../../../src/core/likes_server/delivery.ts";
import type { IncarnationView } from "../../../src/core/likes_server/outbox_view.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { BATCH_BYTES_MAX, WINDOW_BATCHES_MAX, WINDOW_BYTES_MAX } from "../../../src/limits.ts";
import { FIRST } from "../core_fixture.ts";

const START = origin(FIRST);
const INCARNATION: IncarnationView = {
  id: FIRST,
  stored: {
    incarnation: FIRST,
    trimmed: START,
    acknowledged: START,
    last: START,
    closed: false,
    parked: undefined,
  },
  acknowledged: START,
  isTransitioning: false,
};

test("windowLeft() gives a batch's bytes while the window is open, then less, then none", () => {
  const delivery = openDelivery(1, INCARNATION, 0);
  assert.is(windowLeft(delivery), BATCH_BYTES_MAX);
  delivery.inFlight.push({ end: START, bytes: WINDOW_BYTES_MAX - 10 });
  assert.is(windowLeft(delivery), 10);
  delivery.inFlight.push({ end: START, bytes: 20 });
  assert.is(windowLeft(delivery), 0);
});

test("windowLeft() gives none when enough batches are in flight, however small", () => {
  const delivery = openDelivery(1, INCARNATION, 0);
  for (let count = 0; count < WINDOW_BATCHES_MAX; count++) {
    delivery.inFlight.push({ end: START, bytes: 1 });
  }
  assert.is(windowLeft(delivery), 0);
});

test("land() takes no batch for applied when only a part of it is", () => {
  const incarnation = { ...INCARNATION };
  const delivery = openDelivery(1, incarnation, 0);
  const [first, second] = [2, 4].map((sequence) => ({ ...START, sequence }));
  for (const end of [first, second])
    if (end !== undefined) delivery.inFlight.push({ end, bytes: 1 });
  assert.is(acknowledgeUpTo(delivery, 3), false, "#3 ends no batch");
  assert.is(acknowledgeUpTo(delivery, 5), false, "#5 was not sent");
  assert.equal(
    [incarnation.acknowledged, delivery.inFlight.length],
    [START, 2],
    "nothing is taken",
  );
  assert.is(acknowledgeUpTo(delivery, 2), true);
  assert.is(incarnation.acknowledged, first);
  assert.is(acknowledgeUpTo(delivery, 2), true, "it is told again");
  assert.is(acknowledgeUpTo(delivery, 4), true);
  assert.equal([incarnation.acknowledged, delivery.inFlight.length], [second, 0]);
});

test.run();
