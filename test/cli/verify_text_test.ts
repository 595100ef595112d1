import { stripVTControlCharacters } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { verifyJson, verifyText } from "../../src/cli/verify_text.ts";
import type { AuditReport } from "../../src/verify/report.ts";

const LIFE = "3f2a91c0".repeat(4);
const NONE = { first: [], count: 0 };
const NOTHING = { events: 0, likes: 0n };

const EXACT: AuditReport = {
  outcome: "exact",
  ledger: { ledgerId: "e".repeat(32), version: 812, totalLikes: 6_231n, copiedMs: undefined },
  read: { outboxes: 10, incarnations: 12, records: 1_040, events: 1_042, items: 3 },
  sums: { events: 6_231n, outboxes: 6_231n, items: 6_231n, members: 6_231n },
  waiting: NOTHING,
  abandoned: NOTHING,
  gaps: NONE,
  lost: NONE,
  givenUp: { events: 0, unknownIncarnations: 0 },
  divergences: NONE,
  missing: NONE,
  troubles: NONE,
  clients: undefined,
};

test("verifyText() says what was read and the sums when all is exact", () => {
  assert.is(
    verifyText(EXACT, { color: false }),
    `EXACT 6,231 likes: every event adds up to the total, item by item
sums     events 6,231, the outboxes' own 6,231, items 6,231, members 6,231
read     10 outboxes, 12 incarnations, 1,040 records, 1,042 events; ledger version 812 with 3 items`,
  );
});

test("verifyText() names the first divergence, and how many there are, when not exact", () => {
  const place = { serverId: "fra-1", incarnation: LIFE, sequence: 57, itemId: "video" };
  const first = { ...place, what: "a give is another event", expected: "+5", found: "+6" };
  const report = {
    ...EXACT,
    outcome: "inexact",
    divergences: { first: [first], count: 3 },
  } as const;
  const [line, named, more] = verifyText(report, { color: false }).split("\n");
  assert.is(line, "NOT EXACT 6,231 likes: 3 things are wrong");
  const where = `fra-1, incarnation ${LIFE}, #57, item "video"`;
  assert.is(named, `first    ${where}: a give is another event: expected +5, found +6`);
  assert.is(more, "         and 2 more");
});

test("verifyText() names what is missing when it cannot be decided, as many as fit", () => {
  const first = Array.from({ length: 100 }, (_, index) => ({
    serverId: `fra-${index}`,
    incarnation: LIFE,
    firstSequence: 1,
    lastSequence: index + 1,
    what: "no outbox holds them",
  }));
  const missing = { first, count: 1_000 };
  const sums = { ...EXACT.sums, outboxes: undefined };
  const report = { ...EXACT, outcome: "undecided", missing, sums } as const;
  const lines = verifyText(report, { color: false }).split("\n");
  assert.match(lines[0] ?? "", /^CANNOT BE DECIDED 6,231 likes: a part of the history is missing/);
  assert.is(lines[1], `missing  fra-0, incarnation ${LIFE}, #1: no outbox holds them`);
  assert.is(lines[2], `         fra-1, incarnation ${LIFE}, #1 to #2: no outbox holds them`);
  assert.is(lines[13], "         and 988 more");
  assert.match(lines[14] ?? "", /the outboxes' own not known/);
});

test("verifyText() names trouble that waits for a decision, and how it is decided", () => {
  const about = { serverId: "fra-1", incarnation: LIFE, firstSequence: 5, lastSequence: 9 };
  const gap = { ...about, trouble: 3, kind: "gap" };
  const whole = { serverId: "", incarnation: "", firstSequence: 0, lastSequence: 0 };
  const restored = { ...whole, trouble: 4, kind: "ledger_restored" };
  const troubles = { first: [gap, restored], count: 2 };
  const report = { ...EXACT, outcome: "undecided", troubles } as const;
  const lines = verifyText(report, { color: false }).split("\n");
  const verdict = "nothing is wrong or missing, but trouble waits for a decision";
  assert.is(lines[0], `CANNOT BE DECIDED 6,231 likes: ${verdict}`);
  const where = `fra-1, incarnation ${LIFE}, #5 to #9`;
  assert.is(lines[1], `trouble  ${where}: gap, not decided; see likes resolve 3`);
  assert.is(lines[2], "         ledger_restored, not decided; see likes resolve 4");
});

test("verifyText() says of a copy when it was made", () => {
  const ledger = { ...EXACT.ledger, copiedMs: Date.UTC(2026, 10, 28, 7) };
  const [verdict, copy] = verifyText({ ...EXACT, ledger }, { color: false }).split("\n");
  assert.match(verdict ?? "", /^EXACT/);
  assert.match(
    copy ?? "",
    /^copy     made 2026-11-28T07:00:00\.000Z: what was applied since waits/,
  );
});

test("verifyText() tells what is not counted when it waits or was given up", () => {
  const gap = { decision: 4, incarnation: LIFE, firstSequence: 5, lastSequence: 9, serverId: "a" };
  const text = verifyText(
    {
      ...EXACT,
      gaps: { first: [gap], count: 1 },
      waiting: { events: 1, likes: 42n },
      abandoned: { events: 2, likes: 7n },
      clients: {
        given: { events: 9, likes: 100n },
        counted: { events: 6, likes: 51n },
        waiting: { events: 1, likes: 42n },
        givenUp: { events: 2, likes: 7n },
        lost: NOTHING,
        undecided: NOTHING,
        unacknowledged: 3,
      },
    },
    { color: false },
  );
  for (const line of [
    `given up a, incarnation ${LIFE}, #5 to #9: a gap that decision 4 closed`,
    "given up 2 events, 7 likes of retired incarnations",
    "waiting  1 event, 42 likes, not applied yet",
    "clients  9 adds, 100 likes: 6 counted, 1 waiting, 2 given up, 3 not acknowledged",
  ]) {
    assert.ok(text.split("\n").includes(line), line);
  }
});

test("verifyText() says in its first line what an exact total is exact without", () => {
  const gap = { decision: 4, incarnation: LIFE, firstSequence: 5, lastSequence: 9, serverId: "a" };
  const gaps = { first: [gap], count: 1 };
  const which = `#5 to #9 of a, incarnation ${LIFE}`;
  const told = (changes: Partial<AuditReport>): string => {
    const [line = ""] = verifyText({ ...EXACT, ...changes }, { color: false }).split("\n");
    return line.replace(": every event adds up to the total, item by item", "");
  };
  const all = { events: 5, unknownIncarnations: 0 };
  assert.is(
    told({ gaps, givenUp: all }),
    `EXACT 6,231 likes, without the 5 events that were given up (${which})`,
  );
  const more = { events: 7, unknownIncarnations: 2 };
  assert.is(
    told({ lost: gaps, givenUp: more }),
    "EXACT 6,231 likes, without the 7 events that were given up and what 2 retired incarnations " +
      `may have held (${which}, and others)`,
  );
  const one = { events: 1, unknownIncarnations: 0 };
  assert.is(told({ givenUp: one }), "EXACT 6,231 likes, without the 1 event that was given up");
  assert.is(
    told({ givenUp: { events: 0, unknownIncarnations: 1 } }),
    "EXACT 6,231 likes, without what 1 retired incarnation may have held",
  );
  const undecided = told({ outcome: "undecided", gaps, givenUp: all });
  assert.not.match(undecided, "without");
  const lines = verifyText({ ...EXACT, lost: gaps, givenUp: all }, { color: false }).split("\n");
  const place = `a, incarnation ${LIFE}, #5 to #9`;
  assert.is(lines[1], `given up ${place}: lost with an outbox that was rolled back, by decision 4`);
});

test("verifyText() lets nothing that a store says drive the terminal, and colours the word", () => {
  const what = `\u001b[2J${"x".repeat(1_000)}`;
  const missing = { first: [{ serverId: "\u202efra\n", what }], count: 1 };
  const plain = verifyText({ ...EXACT, missing }, { color: false });
  assert.match(plain, /^missing {2}\\u\{202e\}fra\\u\{0a\}: \\u\{1b\}\[2Jx+…$/m);
  for (const [outcome, start] of [
    ["exact", "\u001b[32mEXACT\u001b[39m"],
    ["inexact", "\u001b[31mNOT EXACT\u001b[39m"],
    ["undecided", "\u001b[33mCANNOT BE DECIDED\u001b[39m"],
  ] as const) {
    const text = verifyText({ ...EXACT, outcome }, { color: true });
    assert.ok(text.startsWith(start));
    const uncoloured = verifyText({ ...EXACT, outcome }, { color: false });
    assert.is(stripVTControlCharacters(text), uncoloured);
  }
});

test("verifyJson() is one object with numbers as text when it is written", () => {
  const likes = 2n ** 63n - 1n;
  const first = { what: "w", expected: "1", found: "2", sequence: 57 };
  const divergences = { first: [first], count: 1 };
  const sums = { ...EXACT.sums, items: likes, outboxes: undefined };
  const json: unknown = verifyJson({ ...EXACT, outcome: "inexact", divergences, sums });
  const written = JSON.parse(JSON.stringify(json));
  assert.is(written.verdict, "inexact");
  assert.is(written.exact, false);
  const told = { what: "w", expected: "1", found: "2", sequence: "57" };
  assert.equal(written.firstDivergence, told);
  assert.equal(written.divergences, { first: [told], count: "1" });
  assert.is(written.sums.items, "9223372036854775807");
  assert.is(written.sums.outboxes, null);
  assert.is(written.clients, null);
  assert.equal(written.givenUp, { events: "0", unknownIncarnations: "0" });
});

test.run();
