import { test } from "uvu";
import * as assert from "uvu/assert";
import { OutboxView } from "../../../src/core/likes_server/outbox_view.ts";
import type { IncarnationState, OutboxSnapshot } from "../../../src/core/likes_server/outbox.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { newOutbox } from "../../../src/store/outbox/outbox_state.ts";
import { FIRST, OUTBOX, SECOND, trouble } from "../core_fixture.ts";
import { testId } from "../../store/faults.ts";

const THREE = { sequence: 3, digest: FIRST, likes: 30n };
const TROUBLE = trouble();

interface Content {
  readonly first: Partial<IncarnationState>;
}

/** An outbox with 3 events in its first incarnation; the second is current. */
function snapshot({ first = {} }: Partial<Content> = {}): OutboxSnapshot {
  const nothing = { closed: false, parked: undefined };
  const start = origin(FIRST);
  const current = origin(SECOND);
  const incarnations = [
    { incarnation: FIRST, ...nothing, trimmed: start, acknowledged: start, last: THREE, ...first },
    { incarnation: SECOND, ...nothing, trimmed: current, acknowledged: current, last: current },
  ];
  const purged = { events: 2, likes: 5n };
  return { ...newOutbox(OUTBOX, "a"), purged, incarnations };
}

function viewOf(content: Partial<Content> = {}): OutboxView {
  return new OutboxView(snapshot(content));
}

test("accepted sums purged and other incarnations", () => {
  const outbox = viewOf();
  assert.equal(outbox.accepted, { events: 5, likes: 35n });
  assert.is(outbox.countedLikes, 5n);
  assert.equal([outbox.pendingExcept(undefined), outbox.pendingExcept(outbox.next)], [3, 0]);
});

test("next is the oldest incarnation that is neither parked nor ending", () => {
  const outbox = viewOf();
  const { next } = outbox;
  assert.is(next?.id, FIRST);
  if (next !== undefined) next.isTransitioning = true;
  assert.is(outbox.next, undefined, "a write is pending");
  const park = { type: "park", incarnation: FIRST, trouble: TROUBLE } as const;
  outbox.onWritten([park], snapshot({ first: { parked: TROUBLE } }));
  assert.is(outbox.next?.id, SECOND);
  assert.equal(outbox.troubles, [TROUBLE]);
  assert.is(outbox.hasDeliverable, false);
  assert.is(outbox.pendingExcept(undefined), 3, "parked events are still pending");
  assert.is(outbox.countedLikes, 35n, "they may be in the total");
});

test("onWritten() counts a closed incarnation as acknowledged while it is retained", () => {
  const outbox = viewOf();
  outbox.onWritten([{ type: "close", incarnation: FIRST }], snapshot({ first: { closed: true } }));
  assert.equal(outbox.accepted, { events: 5, likes: 35n });
  assert.is(outbox.countedLikes, 35n);
  assert.is(outbox.next, outbox.current);
  assert.is(outbox.pendingExcept(undefined), 0);
  assert.equal(
    outbox.openIncarnations.map(({ id }) => id),
    [SECOND],
  );
});

test("onWritten() keeps an Ack's position when the disk has a lower one", () => {
  const outbox = viewOf();
  const [first] = outbox.incarnations;
  if (first !== undefined) first.acknowledged = THREE;
  outbox.onWritten([], snapshot());
  assert.is(outbox.pendingExcept(undefined), 0);
  const seen = { ledgerId: FIRST, generation: SECOND, version: 3 };
  outbox.onWritten([{ type: "begin_redelivery", seen }], snapshot());
  assert.is(outbox.pendingExcept(undefined), 3, "the ledger forgot it");
});

test("onWritten() takes the disk's acknowledged position when it is higher", () => {
  const outbox = viewOf();
  outbox.onWritten([], snapshot({ first: { acknowledged: THREE, trimmed: THREE } }));
  assert.is(outbox.pendingExcept(undefined), 0);
});

test("onWritten() makes a minted incarnation the current one", () => {
  const outbox = viewOf();
  const incarnation = testId(3);
  const start = origin(incarnation);
  const last = { sequence: 1, digest: FIRST, likes: 4n };
  const positions = { trimmed: start, acknowledged: start, last };
  const state = snapshot();
  const minted = { incarnation, ...positions, closed: false, parked: undefined };
  const incarnations = [...state.incarnations, minted];
  const seen = { ledgerId: FIRST, generation: SECOND, version: 3 };
  outbox.onWritten([{ type: "mint", incarnation }], { ...state, incarnations, seen });
  assert.equal([outbox.current.id, outbox.current.stored.last], [incarnation, last]);
  assert.equal(outbox.seen, seen);
});

test.run();
