/** The bookkeeping of equal requests: which of them is where. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { recordCodec } from "../../../src/format/record_codec.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { FIRST, OTHER_OUTBOX, OUTBOX, SECOND, recordAfter } from "../../core/core_fixture.ts";
import { testId } from "../../store/faults.ts";
import { Truth } from "./truth.ts";

const ADD = {
  itemId: "video",
  change: { kind: "add", likes: 5n, operation: { client: testId(0xc1), number: 1 } },
} as const;

test("answered() leaves a lost place to the request that was not answered", () => {
  const truth = new Truth(recordCodec, 0n);
  const [first, second] = [truth.attempt(ADD), truth.attempt(ADD)];
  truth.synced(OUTBOX, [appendOf(FIRST)]);
  const [lost] = truth.syncedOf(FIRST)?.adds ?? [];
  assert.ok(lost);
  lost.isLost = true; // its disk is rolled back
  truth.synced(OTHER_OUTBOX, [appendOf(SECOND)]);
  const outcome = { type: "accepted", incarnation: SECOND, sequence: 1 } as const;
  const answered = truth.answered(first.requestId, outcome);
  assert.equal([answered.syncedIn?.incarnation, answered.isLost], [SECOND, false]);
  const other = truth.adds[second.requestId - 1];
  assert.equal([other?.syncedIn?.incarnation, other?.isLost], [FIRST, true]);
});

function appendOf(incarnation: typeof FIRST) {
  const appended = recordAfter(origin(incarnation), [ADD]);
  return { type: "append", incarnation, mark: undefined, ...appended } as const;
}

test.run();
