import { test } from "uvu";
import * as assert from "uvu/assert";
import { KnownOutbox } from "../../src/core/known_outbox.ts";
import { origin } from "../../src/core/record.ts";
import { newOutbox } from "../../src/store/outbox_state.ts";
import { FIRST, OUTBOX, SECOND } from "./core_fixture.ts";

const THIRD_LAST = { sequence: 3, digest: FIRST, likes: 30n };
const TROUBLE = { kind: "gap", incarnation: FIRST, detail: "found" } as const;

/** An outbox whose first incarnation holds 3 events, and whose second is the own one. */
function known(membership: "member" | "leaving" | "stranger" = "member"): KnownOutbox {
  const first = { incarnation: FIRST, trimmed: origin(FIRST), last: THIRD_LAST, parked: undefined };
  const own = { incarnation: SECOND, trimmed: origin(SECOND), last: origin(SECOND) };
  const incarnations = [first, { ...own, parked: undefined }];
  const closed = { events: 2, likes: 5n };
  return new KnownOutbox({ ...newOutbox(OUTBOX, "a"), membership, closed, incarnations });
}

test("KnownOutbox is a stranger when a leave may have been recorded", () => {
  assert.is(known("member").membership, "member");
  assert.is(known("leaving").membership, "stranger");
  assert.is(known("stranger").membership, "stranger");
});

test("accepted sums closed and open incarnations when both hold events", () => {
  const outbox = known();
  assert.equal(outbox.accepted, { events: 5, likes: 35n });
  assert.is(outbox.acknowledgedLikes, 5n);
  assert.equal([outbox.pendingExcept(undefined), outbox.pendingExcept(outbox.next)], [3, 0]);
});

test("next is the oldest when it is neither parked nor ending", () => {
  const outbox = known();
  const { next } = outbox;
  assert.is(next?.id, FIRST);
  if (next !== undefined) next.isEnding = true;
  assert.is(outbox.next, undefined, "a write is on its way");
  outbox.adopt({ type: "park", incarnation: FIRST, trouble: TROUBLE });
  assert.is(outbox.next?.id, SECOND);
  assert.equal(outbox.troubles, [TROUBLE]);
  assert.is(outbox.hasDeliverable, false);
  assert.is(outbox.pendingExcept(undefined), 3, "what is parked is pending still");
});

test("adopt() keeps what was accepted when an incarnation is closed", () => {
  const outbox = known();
  outbox.adopt({ type: "trim", incarnation: FIRST, upTo: 3 });
  outbox.adopt({ type: "close", incarnation: FIRST });
  assert.equal(outbox.accepted, { events: 5, likes: 35n });
  assert.is(outbox.acknowledgedLikes, 35n);
  assert.is(outbox.next, outbox.own);
  assert.throws(() => outbox.adopt({ type: "close", incarnation: FIRST }), /of this outbox/);
});

test("adopt() makes a minted incarnation the own one, and takes in membership", () => {
  const outbox = known("stranger");
  const incarnation = "f".repeat(32);
  outbox.adopt({ type: "mint", incarnation });
  const last = { sequence: 1, digest: FIRST, likes: 4n };
  const record = { firstSequence: 1, lastSequence: 1, bytes: new Uint8Array(3) };
  outbox.adopt({ type: "append", incarnation, record, last, generator: undefined });
  assert.equal([outbox.own.id, outbox.own.last], [incarnation, last]);
  const seen = { ledgerId: FIRST, generation: SECOND, version: 3 };
  outbox.adopt({ type: "membership", membership: "member", seen });
  assert.equal([outbox.membership, outbox.seen], ["member", seen]);
});

test.run();
