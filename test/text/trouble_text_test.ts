import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { columnsMost } from "../../src/text/escape.ts";
import {
  decisionText,
  troubleLine,
  troubleLines,
  troublePart,
} from "../../src/text/trouble_text.ts";
import type { DecisionRow } from "../../src/core/ledger/ledger.ts";
import { TROUBLE_KINDS } from "../../src/core/protocol/messages.ts";
import type { TroubleStatus } from "../../src/core/primary/status.ts";

// This file is a process of its own, so the zone can be set for it.
process.env["TZ"] = "UTC";
const TERMINAL_COLUMNS = 80;
const LIFE = "3f2a91c0".repeat(4);
const OUTBOX = "2".repeat(32);

const GAP: TroubleStatus = {
  number: 3,
  kind: "gap",
  serverId: "likes-server-1",
  outboxId: OUTBOX,
  incarnation: LIFE,
  events: { first: 5, last: 9 },
  digest: "1".repeat(32),
  detail: "they are lost",
  sinceMs: Date.UTC(2026, 10, 22, 11, 0, 1),
  doubtfulAsOf: undefined,
};

const DECISION: DecisionRow = {
  number: 4,
  kind: "resolve",
  trouble: { number: 3, kind: "gap" },
  outboxId: OUTBOX,
  incarnation: LIFE,
  givenUp: { first: 5, last: 9 },
  asOfMs: 1,
  decidedMs: 2,
  reason: "",
};

test("troubleLines() names all that is known of it, and the command that ends it", () => {
  assert.equal(troubleLines(GAP, TERMINAL_COLUMNS), [
    "trouble 3: gap at likes-server-1, incarnation 3f2a91c0",
    "  since 2026-11-22 11:00:01, #5 to #9: they are lost",
    "  to count on after it: likes resolve 3",
  ]);
});

test("troubleLines() names the span when an as_of may be wrong", () => {
  const doubtfulAsOf = { afterMs: GAP.sinceMs - 60_000, upToMs: GAP.sinceMs };
  const returned = { ...GAP, kind: "retired_returned", doubtfulAsOf } as const;
  const lines = troubleLines(returned, TERMINAL_COLUMNS);
  assert.is(lines[2], "  as_of may be wrong from 2026-11-22 10:59:01 to 2026-11-22 11:00:01");
  assert.is(lines[3], "  once you know of it: likes resolve 3");
  const first = { ...GAP, doubtfulAsOf: { afterMs: 0, upToMs: GAP.sinceMs } };
  assert.match(troublePart(first), "as_of may be wrong from the first to 2026-11-22 11:00:01");
});

test("troublePart() and troubleLine() have everything in one line", () => {
  assert.is(
    troublePart(GAP),
    "trouble 3: gap at likes-server-1, incarnation 3f2a91c0, since 2026-11-22 11:00:01, " +
      "#5 to #9 (to count on after it: likes resolve 3)",
  );
  assert.is(
    troubleLine(GAP),
    `trouble 3: gap at likes-server-1, incarnation ${LIFE}, #5 to #9: they are lost`,
  );
});

test("troubleLine() says whose it is when no member has that outbox, or none is meant", () => {
  assert.match(troubleLine({ ...GAP, serverId: "" }), `gap of outbox ${OUTBOX}, incarnation`);
  const whole = { serverId: "", outboxId: undefined, incarnation: undefined, events: undefined };
  const restored = { ...GAP, ...whole, kind: "ledger_restored" } as const;
  assert.is(troubleLine(restored), "trouble 3: ledger_restored of the whole ledger: they are lost");
  assert.match(
    troublePart(restored),
    "ends once all whom it knows have answered, or: likes resolve 3",
  );
});

test("troublePart() names another way out when a trouble ends by itself", () => {
  const restored = { ...GAP, kind: "ledger_restored" } as const;
  assert.match(
    troublePart(restored),
    "ends by itself; if it will not return: likes retire likes-s",
  );
  const unnamed = { ...restored, serverId: "" };
  assert.match(troublePart(unnamed), `likes retire ${OUTBOX}`);
});

test("troublePart() has nothing to count on after when nobody remembers what a gap was of", () => {
  const none = { ...GAP, incarnation: undefined, events: undefined };
  assert.is(
    troublePart(none),
    "trouble 3: gap at likes-server-1, since 2026-11-22 11:00:01 " +
      "(once you know of it: likes resolve 3)",
  );
});

test("troubleLines() fits a terminal and cuts no command when the kind is any", () => {
  const detail = "a".repeat(512);
  const doubtfulAsOf = { afterMs: 0, upToMs: GAP.sinceMs };
  for (const kind of TROUBLE_KINDS) {
    const trouble = { ...GAP, number: 1_000, kind, detail, serverId: "likes-server-100" };
    const lines = troubleLines({ ...trouble, doubtfulAsOf }, TERMINAL_COLUMNS);
    assert.match(lines.at(-1) ?? "", /likes (?:resolve 1000|retire likes-server-100)$/);
    assert.is(lines.filter((line) => line.endsWith("…")).length, 1, "the detail alone");
  }
});

test("troubleLines() is never wider than told when a peer gave any text", () => {
  const unit = fc.constantFrom("a", "日", "\u001b", "\u202e", "\n");
  const text = fc.string({ unit, maxLength: 80 });
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 200 }), (serverId, detail, columns) => {
      const lines = troubleLines({ ...GAP, serverId, detail }, columns);
      assert.ok(lines.every((line) => columnsMost(line) <= columns));
      assert.not.match(lines.join(""), /[\u001b\u202e\n]/);
    }),
  );
});

test("decisionText() says what was decided, what is lost by it, and why", () => {
  assert.is(
    decisionText(DECISION),
    `decision 4: trouble 3 (gap of incarnation ${LIFE}) is resolved, #5 to #9 will never be counted`,
  );
  const retired = {
    ...DECISION,
    givenUp: undefined,
    kind: "retire",
    reason: "its disk\u001b is lost",
  } as const;
  assert.is(
    decisionText(retired),
    `decision 4: trouble 3 (gap of incarnation ${LIFE}) ended with its member: its disk\\u{1b} is lost`,
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
