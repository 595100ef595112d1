import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { columnsMax } from "../../src/text/escape.ts";
import {
  decisionText,
  troubleLine,
  troubleLines,
  troublePart,
} from "../../src/text/trouble_text.ts";
import type { DecisionRow } from "../../src/core/ledger/rows.ts";
import { TROUBLE_KINDS } from "../../src/core/protocol/messages.ts";
import type { TroubleStatus } from "../../src/core/primary/status.ts";
import { idFrom, testId } from "../store/faults.ts";

// Each test file has its own process, so setting the zone affects no other.
process.env["TZ"] = "UTC";
const TERMINAL_COLUMNS = 80;
const INCARNATION = idFrom("3f2a91c0");
const OUTBOX = testId(2);

const GAP: TroubleStatus = {
  number: 3,
  kind: "gap",
  serverId: "likes-server-1",
  outboxId: OUTBOX,
  incarnation: INCARNATION,
  events: { first: 5, last: 9 },
  digest: testId(1),
  detail: "they are lost",
  sinceMs: Date.UTC(2026, 10, 22, 11, 0, 1),
  doubtfulAsOf: undefined,
};

const DECISION: DecisionRow = {
  number: 4,
  kind: "resolve",
  trouble: { number: 3, kind: "gap" },
  outboxId: OUTBOX,
  incarnation: INCARNATION,
  givenUp: { first: 5, last: 9 },
  asOfMs: 1,
  decidedMs: 2,
  reason: "",
};

test("troubleLines() shows all facts and the command that ends the trouble", () => {
  assert.equal(troubleLines(GAP, TERMINAL_COLUMNS), [
    "trouble 3: gap at likes-server-1, incarnation 3f2a91c0",
    "  since 2026-11-22 11:00:01, #5 to #9: they are lost",
    "  to continue past it: likes resolve 3",
  ]);
});

test("troubleLines() shows the span when as_of may be wrong", () => {
  const doubtfulAsOf = { afterMs: GAP.sinceMs - 60_000, upToMs: GAP.sinceMs };
  const returned = { ...GAP, kind: "retired_returned", doubtfulAsOf } as const;
  const lines = troubleLines(returned, TERMINAL_COLUMNS);
  assert.is(lines[2], "  as_of may be wrong from 2026-11-22 10:59:01 to 2026-11-22 11:00:01");
  assert.is(lines[3], "  to dismiss it: likes resolve 3");
  const first = { ...GAP, doubtfulAsOf: { afterMs: 0, upToMs: GAP.sinceMs } };
  assert.match(troublePart(first), "as_of may be wrong from the start to 2026-11-22 11:00:01");
});

test("troublePart() and troubleLine() write one line", () => {
  assert.is(
    troublePart(GAP),
    "trouble 3: gap at likes-server-1, incarnation 3f2a91c0, since 2026-11-22 11:00:01, " +
      "#5 to #9 (to continue past it: likes resolve 3)",
  );
  assert.is(
    troubleLine(GAP),
    `trouble 3: gap at likes-server-1, incarnation ${INCARNATION}, #5 to #9: they are lost`,
  );
});

test("troubleLine() names the outbox or the whole ledger when no member is known", () => {
  const unnamed = { ...GAP, serverId: undefined };
  assert.match(troubleLine(unnamed), `gap of outbox ${OUTBOX}, incarnation`);
  const whole = { ...unnamed, outboxId: undefined, incarnation: undefined, events: undefined };
  const restored = { ...whole, kind: "ledger_restored" } as const;
  assert.is(troubleLine(restored), "trouble 3: ledger_restored of the whole ledger: they are lost");
  assert.match(troublePart(restored), "ends once every member has answered, or: likes resolve 3");
});

test("troublePart() names another way out when a trouble ends by itself", () => {
  const restored = { ...GAP, kind: "ledger_restored" } as const;
  assert.match(
    troublePart(restored),
    "ends by itself; if the server is gone for good: likes retire likes-s",
  );
  const unnamed = { ...restored, serverId: undefined };
  assert.match(troublePart(unnamed), `likes retire ${OUTBOX}`);
});

test("troublePart() offers to dismiss a gap when its incarnation is unknown", () => {
  const none = { ...GAP, incarnation: undefined, events: undefined };
  assert.is(
    troublePart(none),
    "trouble 3: gap at likes-server-1, since 2026-11-22 11:00:01 " +
      "(to dismiss it: likes resolve 3)",
  );
});

test("troubleLines() fits a terminal and cuts no command for any kind", () => {
  const detail = "a".repeat(512);
  const doubtfulAsOf = { afterMs: 0, upToMs: GAP.sinceMs };
  for (const kind of TROUBLE_KINDS) {
    const trouble = { ...GAP, number: 1_000, kind, detail, serverId: "likes-server-100" };
    const lines = troubleLines({ ...trouble, doubtfulAsOf }, TERMINAL_COLUMNS);
    assert.match(lines.at(-1) ?? "", /likes (?:resolve 1000|retire likes-server-100)$/);
    assert.is(lines.filter((line) => line.endsWith("…")).length, 1, "only the detail is cut");
  }
});

test("troubleLines() is never wider than `columns` for any text of a peer", () => {
  const unit = fc.constantFrom("a", "日", "\u001b", "\u202e", "\n");
  const text = fc.string({ unit, maxLength: 80 });
  const serverIds = fc.option(text, { nil: undefined });
  fc.assert(
    fc.property(serverIds, text, fc.integer({ min: 1, max: 200 }), (serverId, detail, columns) => {
      const lines = troubleLines({ ...GAP, serverId, detail }, columns);
      assert.ok(lines.every((line) => columnsMax(line) <= columns));
      assert.not.match(lines.join(""), /[\u001b\u202e\n]/);
    }),
  );
});

test("decisionText() says what was decided, what is lost, and why", () => {
  assert.is(
    decisionText(DECISION),
    `decision 4: trouble 3 (gap of incarnation ${INCARNATION}) is resolved, #5 to #9 will never be counted`,
  );
  const retired = {
    ...DECISION,
    givenUp: undefined,
    kind: "retire",
    reason: "its disk\u001b is lost",
  } as const;
  assert.is(
    decisionText(retired),
    `decision 4: trouble 3 (gap of incarnation ${INCARNATION}) ended when its member was retired: its disk\\u{1b} is lost`,
  );
  const member = {
    ...retired,
    trouble: undefined,
    incarnation: undefined,
    reason: "",
  } as const;
  assert.is(decisionText(member), `decision 4: outbox ${OUTBOX} is retired`);
});

test.run();
