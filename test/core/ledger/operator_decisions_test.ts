import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DecisionRow } from "../../../src/core/ledger/rows.ts";
import { testId } from "../../store/faults.ts";
import {
  FIRST,
  OTHER_OUTBOX,
  OUTBOX,
  SECOND,
  batchCommand,
  batches,
  reportCommand,
  trouble,
} from "../core_fixture.ts";
import { LedgerHarness } from "./ledger_harness.ts";
import {
  ADVANCE,
  RETIRE,
  decisions,
  withTroubles,
  decided,
  outcome,
  resolve,
} from "./decisions_fixture.ts";

const FINAL = { final: true } as const;

test("decide() closes a gap, records what is given up, and counting continues", async () => {
  const [one, two, three] = batches(FIRST, [[1], [2, 3], [4]]);
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand(), batchCommand(one), ADVANCE);
  const gap = trouble({ events: { first: 2, last: 3 }, digest: two.digest });
  await ledger.run(reportCommand({ incarnation: SECOND, troubles: [gap] }));
  const [decision] = await decisions(ledger, resolve(1));
  const expected: Partial<DecisionRow> = {
    kind: "resolve",
    trouble: { number: 1, kind: "gap" },
    incarnation: FIRST,
    givenUp: { first: 2, last: 3 },
    asOfMs: 500,
    reason: "seen",
  };
  assert.equal({ ...decision, ...expected }, decision);
  assert.equal([ledger.row()?.appliedSequence, ledger.row()?.state], [3, "parked"]);
  assert.is(ledger.meta.totalLikes, 1n, "the gap counts nothing");
  await ledger.run(batchCommand(three), reportCommand({ ...FINAL, lastSequence: 4 }));
  assert.is(ledger.meta.totalLikes, 5n);
  assert.is(ledger.row()?.state, "closed");
  assert.equal(await ledger.troubleKinds(), []);
});

test("decide() closes no gap while its incarnation streams", async () => {
  const ledger = await withTroubles(trouble({ events: { first: 4, last: 5 } }));
  assert.match(await outcome(ledger, resolve(1, [FIRST])), "streams");
  assert.equal([ledger.row()?.appliedSequence, await ledger.troubleKinds()], [3, ["gap"]]);
});

test("decide() resolves a gap that counting has passed, even while it streams", async () => {
  const ledger = await withTroubles(trouble({ events: { first: 2, last: 3 } }));
  const [decision] = await decisions(ledger, resolve(1, [FIRST]));
  assert.equal([decision?.kind, decision?.givenUp], ["resolve", undefined]);
  assert.equal(await ledger.troubleKinds(), []);
});

test("decide() gives nothing up when the events of a gap arrived meanwhile", async () => {
  const [one, two] = batches(FIRST, [
    [1, 2, 3],
    [4, 5],
  ]);
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand(), batchCommand(one));
  const gap = trouble({ events: { first: 4, last: 5 } });
  await ledger.run(reportCommand({ incarnation: SECOND, troubles: [gap] }), batchCommand(two));
  const [decision] = await decisions(ledger, resolve(1));
  assert.equal([decision?.kind, decision?.givenUp], ["resolve", undefined]);
  assert.is(ledger.row()?.appliedSequence, 5);
});

test("decide() retires a rolled back or differing incarnation unless it streams", async () => {
  for (const kind of ["outbox_rolled_back", "digest_differs"] as const) {
    const copied = await withTroubles(trouble({ kind }));
    assert.is(await outcome(copied, resolve(1, [FIRST])), "resolve");
    assert.equal([copied.row()?.state, await copied.troubleKinds()], ["parked", []]);
    const ledger = await withTroubles(trouble({ kind }));
    assert.is(await outcome(ledger, resolve(1)), "resolve");
    assert.equal([ledger.row()?.state, await ledger.troubleKinds()], ["retired", []]);
  }
});

test("decide() ends an incarnation, so that later batches are refused", async () => {
  const ledger = await withTroubles(trouble({ kind: "digest_differs" }));
  await ledger.run(resolve(1));
  const [, more] = batches(FIRST, [[1, 2, 3], [4]]);
  const late = await ledger.result(batchCommand(more));
  assert.is(late.type === "refused" && late.refusal.code, "resynchronise");
  assert.is(ledger.meta.totalLikes, 6n);
});

test("decide() keeps the one copy that streams", async () => {
  const ledger = await withTroubles();
  assert.equal(await ledger.troubleKinds(), ["second_incarnation"]);
  assert.match(await outcome(ledger, resolve(1)), "none of its copies streams");
  assert.match(await outcome(ledger, resolve(1, [FIRST, SECOND])), "2 copies stream");
  assert.is(await outcome(ledger, resolve(1, [SECOND])), "resolve");
  assert.equal([ledger.row()?.state, ledger.row(SECOND)?.state], ["retired", "open"]);
  await ledger.run(reportCommand({ incarnation: SECOND }));
  assert.equal(await ledger.troubleKinds(), []);
});

test("decide() resolves two copies once both are closed", async () => {
  const ledger = await withTroubles();
  const ended = { ...FINAL, lastSequence: 3 };
  await ledger.run(reportCommand(ended), reportCommand({ ...FINAL, incarnation: SECOND }));
  assert.equal([ledger.row()?.state, ledger.row(SECOND)?.state], ["closed", "closed"]);
  assert.is(await outcome(ledger, resolve(1)), "resolve");
  assert.equal(await ledger.troubleKinds(), []);
});

test("decide() retires the incarnation of another copy when the leaving one streams", async () => {
  const ledger = await withTroubles();
  const leaving = reportCommand({ ...FINAL, leaving: true, incarnation: SECOND });
  await ledger.run(leaving);
  assert.is(await outcome(ledger, resolve(1, [SECOND])), "resolve");
  assert.equal([ledger.row()?.state, ledger.row(SECOND)?.state], ["retired", "closed"]);
  const left = await ledger.result(leaving);
  assert.is(left.type === "reported" && left.left, true);
});

test("decide() closes a gap in an unknown incarnation without detecting a copy", async () => {
  const ledger = new LedgerHarness();
  const gap = trouble({
    incarnation: testId(9),
    events: { first: 1, last: 2 },
    digest: testId(8),
  });
  const report = reportCommand({ incarnation: SECOND, troubles: [gap] });
  await ledger.run(report);
  assert.is(await outcome(ledger, resolve(1)), "resolve");
  const row = ledger.row(testId(9));
  assert.equal([row?.state, row?.appliedSequence, row?.digest], ["parked", 2, testId(8)]);
  await ledger.run(report);
  assert.equal(await ledger.troubleKinds(), []);
});

test("decide() resolves all troubles of two copies at once", async () => {
  const ledger = await withTroubles();
  await ledger.run(reportCommand());
  assert.equal(await ledger.troubleKinds(), ["second_incarnation", "second_incarnation"]);
  assert.is(await outcome(ledger, resolve(2, [SECOND])), "resolve resolve");
  assert.equal(await ledger.troubleKinds(), []);
});

test("decide() refuses a missing trouble, and one that ends by itself", async () => {
  const ledger = await withTroubles(trouble({ kind: "ledger_restored" }));
  assert.match(await outcome(ledger, resolve(9)), "there is no trouble 9");
  const restored = (await ledger.troubles()).find(({ kind }) => kind === "ledger_restored");
  assert.match(await outcome(ledger, resolve(restored?.number ?? 0)), "ends by itself");
  const unregistered = decided({ type: "retire", outboxId: OTHER_OUTBOX, reason: "" });
  assert.match(await outcome(ledger, unregistered), "is no member");
});

test("decide() keeps as_of of the first retirement, even 0", async () => {
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand(), reportCommand({ incarnation: SECOND }));
  assert.is(await outcome(ledger, resolve(1, [SECOND])), "resolve");
  assert.equal([ledger.row()?.state, ledger.member()?.retiredAsOfMs], ["retired", 0]);
  await ledger.run(ADVANCE, RETIRE);
  assert.equal([ledger.member()?.state, ledger.member()?.retiredAsOfMs], ["retired", 0]);
});

test("decide() retires a member, its open incarnations and its troubles", async () => {
  const ledger = await withTroubles(trouble());
  await ledger.run(reportCommand({ incarnation: testId(3) }));
  assert.equal(await ledger.troubleKinds(), ["gap", "second_incarnation"]);
  assert.is(await outcome(ledger, RETIRE), "retire retire retire");
  assert.equal([ledger.member()?.state, ledger.member()?.retiredAsOfMs], ["retired", 500]);
  const states = [FIRST, SECOND, testId(3)].map((id) => ledger.row(id)?.state);
  assert.equal(states, ["retired", "retired", "retired"]);
  assert.equal(await ledger.troubleKinds(), []);
  assert.match(await outcome(ledger, RETIRE), "is no member");
  await ledger.run({ type: "advance", asOfMs: 600 });
  assert.is(ledger.meta.asOfMs, 600, "as_of advances");
});

test("decide() resolves a closed incarnation that came back", async () => {
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand(), reportCommand(FINAL), reportCommand());
  assert.equal(await ledger.troubleKinds(), ["closed_incarnation"]);
  assert.is(await outcome(ledger, resolve(1)), "resolve");
  assert.equal(await ledger.troubleKinds(), []);
});

test("readmitRetired() reopens nothing when it returns with a new incarnation", async () => {
  const ledger = await withTroubles();
  const now = { incarnation: testId(3), pulseMs: ledger.meta.asOfMs };
  await ledger.run(RETIRE, reportCommand(now));
  assert.equal([ledger.member()?.state, ledger.row(testId(3))?.state], ["member", "open"]);
  assert.equal([ledger.row()?.state, ledger.row(SECOND)?.state], ["retired", "retired"]);
  assert.equal(await ledger.troubleKinds(), []);
});

test("recordCopy() records a ledger that was opened from a backup, once", async () => {
  const ledger = new LedgerHarness();
  await ledger.run({ type: "record_copy" });
  assert.equal(await ledger.troubleKinds(), []);
  ledger.markCopied(77);
  const { troubles } = await ledger.run({ type: "record_copy" });
  assert.equal(
    troubles.map(({ kind, outboxId }) => [kind, outboxId]),
    [["ledger_restored", undefined]],
  );
  await ledger.run({ type: "record_copy" });
  assert.is((await ledger.troubles()).length, 1);
  const [decision] = await decisions(ledger, { type: "confirm_copy", departedMembers: [] });
  assert.equal([decision?.kind, decision?.trouble?.number], ["confirmed", 1]);
  assert.equal(await ledger.troubleKinds(), []);
});

test("confirmRestoredCopy() waits for members that left before the copy was made", async () => {
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand({ ...FINAL, leaving: true }));
  assert.is(ledger.member()?.state, "left");
  ledger.markCopied(77);
  await ledger.run({ type: "record_copy" }, { type: "confirm_copy", departedMembers: [] });
  assert.equal(
    await ledger.troubleKinds(),
    ["ledger_restored"],
    "the departed one may have returned since",
  );
  // A member that left since then may have returned before this is decided.
  await ledger.run(reportCommand({ incarnation: SECOND }, OTHER_OUTBOX));
  await ledger.run({ type: "confirm_copy", departedMembers: [OTHER_OUTBOX] });
  assert.equal(
    await ledger.troubleKinds(),
    ["ledger_restored"],
    "it does not confirm for another outbox",
  );
  await ledger.run({ type: "confirm_copy", departedMembers: [OUTBOX] });
  assert.equal(await ledger.troubleKinds(), [], "it returned and left again");
});

test("decide() lets an operator confirm a ledger that was opened from a copy", async () => {
  const ledger = new LedgerHarness();
  ledger.markCopied(77);
  await ledger.run({ type: "record_copy" });
  assert.is(await outcome(ledger, resolve(1)), "resolve");
  assert.equal(await ledger.troubleKinds(), []);
});

test.run();
