import { stripVTControlCharacters } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { verifyJson, verifyText } from "../../src/cli/verify_text.ts";
import type { AuditReport } from "../../src/verify/report.ts";

const INCARNATION = "3f2a91c0".repeat(4);
const NONE = { first: [], count: 0 };
const NOTHING = { events: 0, likes: 0n };

const NO_NAMES = { registers: 0, operations: 0 };
const SUMS = { events: 6_231n, outboxes: 6_231n, items: 6_231n, members: 6_231n };

const EXACT: AuditReport = {
  outcome: "exact",
  ledger: { ledgerId: "e".repeat(32), version: 812, totalLikes: 6_231n, copiedMs: undefined },
  read: { outboxes: 10, incarnations: 12, records: 1_040, events: 1_042, items: 3, ...NO_NAMES },
  sums: { ...SUMS, repeated: 0n, registers: 0n },
  waiting: NOTHING,
  abandoned: NOTHING,
  gaps: NONE,
  lost: NONE,
  givenUp: { events: 0, unknownIncarnations: 0 },
  divergences: NONE,
  missing: NONE,
  unclear: NONE,
  troubles: NONE,
  clients: undefined,
};

test("verifyText() shows the sums and what was read when exact", () => {
  assert.is(
    verifyText(EXACT, { color: false }),
    `EXACT 6,231 likes: the events add up to the total, item by item
sums     events 6,231, outboxes 6,231, items 6,231, members 6,231
read     10 outboxes, 12 incarnations, 1,040 records, 1,042 events; ledger version 812 with 3 items`,
  );
});

test("verifyText() shows registers and operations when the ledger has any", () => {
  const read = { ...EXACT.read, registers: 1_200, operations: 1 };
  const sums = {
    ...EXACT.sums,
    outboxes: 5_036n,
    repeated: 5n,
    members: 5_031n,
    registers: 1_200n,
  };
  const [, summed, counted] = verifyText({ ...EXACT, read, sums }, { color: false }).split("\n");
  assert.is(
    summed,
    "sums     events 6,231, outboxes 5,036, of them repeated 5, items 6,231, members 5,031, " +
      "registers 1,200",
  );
  assert.match(counted ?? "", /with 3 items, 1,200 registers, 1 operation$/);
});

test("verifyText() lists the operations that add different likes when undecided", () => {
  const place = { serverId: "fra-1", incarnation: INCARNATION, sequence: 57, itemId: "video" };
  const what = 'an operation adds 5 here, and 7 to "film" elsewhere';
  const unclear = { first: [{ ...place, what }], count: 2 };
  const report = { ...EXACT, outcome: "undecided", unclear } as const;
  const [verdict, named, more] = verifyText(report, { color: false }).split("\n");
  const why = "an operation adds different likes, and which of them counted is not kept";
  assert.is(verdict, `UNDECIDED 6,231 likes: ${why}`);
  assert.is(named, `unclear  fra-1, incarnation ${INCARNATION}, #57, item "video": ${what}`);
  assert.is(more, "         and 1 more");
  const written = JSON.parse(JSON.stringify(verifyJson(report)));
  assert.equal(written.unclear, { first: [{ ...place, sequence: "57", what }], count: "2" });
});

test("verifyText() shows the first divergence and counts the others when not exact", () => {
  const place = { serverId: "fra-1", incarnation: INCARNATION, sequence: 57, itemId: "video" };
  const first = {
    ...place,
    what: "an acknowledged add is a different event",
    expected: "+5",
    found: "+6",
  };
  const report = {
    ...EXACT,
    outcome: "inexact",
    divergences: { first: [first], count: 3 },
  } as const;
  const [line, named, more] = verifyText(report, { color: false }).split("\n");
  assert.is(line, "NOT EXACT 6,231 likes: 3 errors found");
  const where = `fra-1, incarnation ${INCARNATION}, #57, item "video"`;
  assert.is(
    named,
    `first    ${where}: an acknowledged add is a different event: expected +5, found +6`,
  );
  assert.is(more, "         and 2 more");
});

test("verifyText() lists what is missing, as much as fits, when undecided", () => {
  const first = Array.from({ length: 100 }, (_, index) => ({
    serverId: `fra-${index}`,
    incarnation: INCARNATION,
    events: { first: 1, last: index + 1 },
    what: "in no outbox",
  }));
  const missing = { first, count: 1_000 };
  const sums = { ...EXACT.sums, outboxes: undefined };
  const report = { ...EXACT, outcome: "undecided", missing, sums } as const;
  const lines = verifyText(report, { color: false }).split("\n");
  assert.match(lines[0] ?? "", /^UNDECIDED 6,231 likes: part of the history is missing/);
  assert.is(lines[1], `missing  fra-0, incarnation ${INCARNATION}, #1: in no outbox`);
  assert.is(lines[2], `         fra-1, incarnation ${INCARNATION}, #1 to #2: in no outbox`);
  assert.is(lines[13], "         and 988 more");
  assert.match(lines[14] ?? "", /outboxes unknown/);
});

test("verifyText() shows open trouble and the command that decides it", () => {
  const about = { serverId: "fra-1", incarnation: INCARNATION, events: { first: 5, last: 9 } };
  const gap = { ...about, trouble: 3, kind: "gap" };
  const whole = { serverId: "", incarnation: "", events: { first: 0, last: 0 } };
  const restored = { ...whole, trouble: 4, kind: "ledger_restored" };
  const troubles = { first: [gap, restored], count: 2 };
  const report = { ...EXACT, outcome: "undecided", troubles } as const;
  const lines = verifyText(report, { color: false }).split("\n");
  const verdict = "nothing is wrong or missing, but trouble awaits a decision";
  assert.is(lines[0], `UNDECIDED 6,231 likes: ${verdict}`);
  const where = `fra-1, incarnation ${INCARNATION}, #5 to #9`;
  assert.is(lines[1], `trouble  ${where}: gap, not decided; see likes resolve 3`);
  assert.is(lines[2], "         ledger_restored, not decided; see likes resolve 4");
});

test("verifyText() shows the time of a copy when the ledger is one", () => {
  const ledger = { ...EXACT.ledger, copiedMs: Date.UTC(2026, 10, 28, 7) };
  const [verdict, copy] = verifyText({ ...EXACT, ledger }, { color: false }).split("\n");
  assert.match(verdict ?? "", /^EXACT/);
  assert.match(
    copy ?? "",
    /^copy     made 2026-11-28T07:00:00\.000Z: likes applied since then are waiting/,
  );
});

test("verifyText() shows uncounted events when they wait or were given up", () => {
  const events = { first: 5, last: 9 };
  const gap = { decision: 4, incarnation: INCARNATION, events, serverId: "a" };
  const text = verifyText(
    {
      ...EXACT,
      gaps: { first: [gap], count: 1 },
      waiting: { events: 1, likes: 42n },
      abandoned: { events: 2, likes: 7n },
      clients: {
        acknowledged: { events: 9, likes: 100n },
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
    `given up a, incarnation ${INCARNATION}, #5 to #9: gap closed by decision 4`,
    "given up 2 events, 7 likes in retired incarnations",
    "waiting  1 event, 42 likes, not applied yet",
    "clients  9 adds, 100 likes: 6 counted, 1 waiting, 2 given up, 3 not acknowledged",
  ]) {
    assert.ok(text.split("\n").includes(line), line);
  }
});

test("verifyText() names in its first line what an exact total excludes", () => {
  const events = { first: 5, last: 9 };
  const gap = { decision: 4, incarnation: INCARNATION, events, serverId: "a" };
  const gaps = { first: [gap], count: 1 };
  const which = `#5 to #9 of a, incarnation ${INCARNATION}`;
  const headOf = (changes: Partial<AuditReport>): string => {
    const [line = ""] = verifyText({ ...EXACT, ...changes }, { color: false }).split("\n");
    return line.replace(": the events add up to the total, item by item", "");
  };
  const all = { events: 5, unknownIncarnations: 0 };
  assert.is(
    headOf({ gaps, givenUp: all }),
    `EXACT 6,231 likes, excluding 5 events given up (${which})`,
  );
  const more = { events: 7, unknownIncarnations: 2 };
  assert.is(
    headOf({ lost: gaps, givenUp: more }),
    "EXACT 6,231 likes, excluding 7 events given up and any events left in 2 retired " +
      `incarnations (${which}, and others)`,
  );
  const one = { events: 1, unknownIncarnations: 0 };
  assert.is(headOf({ givenUp: one }), "EXACT 6,231 likes, excluding 1 event given up");
  assert.is(
    headOf({ givenUp: { events: 0, unknownIncarnations: 1 } }),
    "EXACT 6,231 likes, excluding any events left in 1 retired incarnation",
  );
  const undecided = headOf({ outcome: "undecided", gaps, givenUp: all });
  assert.not.match(undecided, "excluding");
  const lines = verifyText({ ...EXACT, lost: gaps, givenUp: all }, { color: false }).split("\n");
  const place = `a, incarnation ${INCARNATION}, #5 to #9`;
  assert.is(lines[1], `given up ${place}: lost when the outbox was rolled back (decision 4)`);
});

test("verifyText() escapes what a store says, and colours the word when told to", () => {
  const what = `\u001b[2J${"x".repeat(1_000)}`;
  const missing = { first: [{ serverId: "\u202efra\n", what }], count: 1 };
  const plain = verifyText({ ...EXACT, missing }, { color: false });
  assert.match(plain, /^missing {2}\\u\{202e\}fra\\u\{0a\}: \\u\{1b\}\[2Jx+…$/m);
  for (const [outcome, start] of [
    ["exact", "\u001b[32mEXACT\u001b[39m"],
    ["inexact", "\u001b[31mNOT EXACT\u001b[39m"],
    ["undecided", "\u001b[33mUNDECIDED\u001b[39m"],
  ] as const) {
    const text = verifyText({ ...EXACT, outcome }, { color: true });
    assert.ok(text.startsWith(start));
    const uncoloured = verifyText({ ...EXACT, outcome }, { color: false });
    assert.is(stripVTControlCharacters(text), uncoloured);
  }
});

test("verifyJson() is one object with every number as text", () => {
  const likes = 2n ** 63n - 1n;
  const first = { what: "w", expected: "1", found: "2", sequence: 57 };
  const divergences = { first: [first], count: 1 };
  const sums = { ...EXACT.sums, items: likes, outboxes: undefined };
  const json: unknown = verifyJson({ ...EXACT, outcome: "inexact", divergences, sums });
  const written = JSON.parse(JSON.stringify(json));
  assert.is(written.verdict, "inexact");
  assert.is(written.exact, false);
  const expected = { what: "w", expected: "1", found: "2", sequence: "57" };
  assert.equal(written.firstDivergence, expected);
  assert.equal(written.divergences, { first: [expected], count: "1" });
  assert.is(written.sums.items, "9223372036854775807");
  assert.is(written.sums.outboxes, null);
  assert.is(written.clients, null);
  assert.equal(written.givenUp, { events: "0", unknownIncarnations: "0" });
});

test("verifyJson() puts two sequences in the place of a finding's events", () => {
  const events = { first: 5, last: 9 };
  const gap = { decision: 4, incarnation: INCARNATION, events, serverId: "a" };
  const gaps = { first: [gap], count: 1 };
  const missing = { first: [{ what: "w" }], count: 1 };
  const written = JSON.parse(JSON.stringify(verifyJson({ ...EXACT, gaps, missing })));
  const sequences = { firstSequence: "5", lastSequence: "9" };
  const expected = { decision: "4", incarnation: INCARNATION, ...sequences, serverId: "a" };
  assert.equal(Object.entries(written.gaps.first[0]), Object.entries(expected));
  assert.equal(written.missing.first, [{ what: "w" }]);
});

test.run();
