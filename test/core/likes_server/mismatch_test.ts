import { test } from "uvu";
import * as assert from "uvu/assert";
import { mismatchAtPosition, mismatchAtWelcome } from "../../../src/core/likes_server/mismatch.ts";
import type { IncarnationView } from "../../../src/core/likes_server/outbox_view.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { FIRST, SECOND, welcome } from "../core_fixture.ts";

/** An incarnation that ends at #5, with #1 and #2 trimmed and #3 acknowledged. */
const TRIMMED = { ...origin(FIRST), sequence: 2, digest: SECOND };
const ACKNOWLEDGED = { ...origin(FIRST), sequence: 3 };
const VIEW: IncarnationView = {
  id: FIRST,
  stored: {
    incarnation: FIRST,
    trimmed: TRIMMED,
    acknowledged: ACKNOWLEDGED,
    last: { ...origin(FIRST), sequence: 5 },
    closed: false,
    parked: undefined,
  },
  acknowledged: ACKNOWLEDGED,
  isTransitioning: false,
};

test("mismatchAtWelcome() returns the doubtful events when more is applied than stored", () => {
  const found = mismatchAtWelcome(VIEW, welcome(FIRST, { appliedSequence: 7 }));
  assert.is(found?.kind, "outbox_rolled_back");
  assert.equal(found?.events, { first: 4, last: 7 }, "the events after the acknowledged one");
});

test("mismatchAtWelcome() returns a gap with its digest when the next events are gone", () => {
  const found = mismatchAtWelcome(VIEW, welcome(FIRST, { appliedSequence: 1 }));
  assert.equal([found?.kind, found?.digest], ["gap", SECOND]);
  assert.equal(found?.events, { first: 2, last: 2 });
});

test("mismatchAtWelcome() finds nothing between the trimmed and the last position", () => {
  for (const appliedSequence of [2, 3, 5]) {
    assert.is(mismatchAtWelcome(VIEW, welcome(FIRST, { appliedSequence })), undefined);
  }
});

test("mismatchAtPosition() compares digests, and detects events trimmed meanwhile", () => {
  const at = welcome(FIRST, { appliedSequence: 4, digest: SECOND });
  const position = { ...origin(FIRST), sequence: 4, digest: SECOND };
  assert.is(mismatchAtPosition(VIEW, at, position), undefined);
  for (const other of [undefined, { ...position, digest: FIRST }]) {
    const found = mismatchAtPosition(VIEW, at, other);
    assert.is(found?.kind, "digest_differs");
    assert.equal(found?.events, { first: 4, last: 5 });
  }
  const removed = welcome(FIRST, { appliedSequence: 1, digest: SECOND });
  assert.is(mismatchAtPosition(VIEW, removed, undefined)?.kind, "gap");
});

test("mismatchAtPosition() doubts all events when the ledger lacks acknowledged ones", () => {
  const at = welcome(FIRST, { appliedSequence: 3, digest: SECOND });
  assert.equal(mismatchAtPosition(VIEW, at, undefined)?.events, { first: 1, last: 5 });
});

test.run();
