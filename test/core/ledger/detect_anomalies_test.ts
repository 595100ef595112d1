import { test } from "uvu";
import * as assert from "uvu/assert";
import { FIRST, SECOND, batch, batchCommand, reportCommand, trouble } from "../core_fixture.ts";
import { LedgerHarness } from "./ledger_harness.ts";
import { ADVANCE, RETIRE, decisions, withTroubles, outcome, resolve } from "./decisions_fixture.ts";

const FINAL = { final: true } as const;

test("readmitRetired() records the as_of span when a member returns with events", async () => {
  const ledger = await withTroubles();
  await ledger.run(RETIRE, { type: "advance", asOfMs: 900 });
  const early = await ledger.result(batchCommand(batch(SECOND, [7])));
  assert.is(
    early.type === "refused" && early.refusal.code,
    "resynchronise",
    "a report must come first",
  );
  await ledger.run(reportCommand({ incarnation: SECOND, lastSequence: 1 }));
  const [returned] = await ledger.troubles();
  assert.equal([returned?.kind, returned?.incarnation], ["retired_returned", SECOND]);
  assert.equal(returned?.doubtfulAsOf, { afterMs: 500, upToMs: 900 });
  assert.equal(returned?.events, { first: 1, last: 1 });
  assert.equal([ledger.member()?.state, ledger.row(SECOND)?.state], ["member", "open"]);
  await ledger.run(batchCommand(batch(SECOND, [7])));
  assert.is(ledger.meta.totalLikes, 13n, "its likes count");
  assert.is(ledger.member()?.retiredAsOfMs, 500, "FIRST is still retired");
  assert.is(await outcome(ledger, resolve(returned?.number ?? 0)), "resolve");
});

test("readmitRetired() records nothing when a retired member returns fully counted", async () => {
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand(), batchCommand(batch(FIRST, [1, 2, 3])), ADVANCE, RETIRE);
  const { asOfMs } = ledger.meta;
  await ledger.run(reportCommand({ ...FINAL, pulseMs: asOfMs, lastSequence: 3 }));
  assert.equal([ledger.member()?.state, ledger.row()?.state], ["member", "closed"]);
  assert.is(ledger.member()?.retiredAsOfMs, undefined, "a later retirement starts anew");
  assert.equal(await ledger.troubleKinds(), []);
});

test("readmitRetired() records the span when as_of has passed the report's pulse", async () => {
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand(), batchCommand(batch(FIRST, [1, 2, 3])), ADVANCE, RETIRE);
  await ledger.run({ type: "advance", asOfMs: 900 });
  await ledger.run(reportCommand({ ...FINAL, pulseMs: 899, lastSequence: 3 }));
  const [returned] = await ledger.troubles();
  assert.is(returned?.kind, "retired_returned");
  assert.equal(returned?.doubtfulAsOf, { afterMs: 500, upToMs: 900 });
  assert.is(returned?.events, undefined);
});

test("recordReported() returns a trouble as resolved when it is reported unchanged", async () => {
  const events = { first: 2, last: 6 };
  const rolledBack = trouble({ kind: "outbox_rolled_back", events, digest: undefined });
  const ledger = await withTroubles(rolledBack);
  await ledger.run(resolve(1));
  const again = reportCommand({ incarnation: SECOND, troubles: [rolledBack] });
  const result = await ledger.result(again);
  assert.equal(result.type === "reported" && result.resolved, [FIRST]);
  assert.equal(await ledger.troubleKinds(), []);
  const more = { ...rolledBack, events: { first: 1, last: 6 } };
  await ledger.run(reportCommand({ incarnation: SECOND, troubles: [more] }));
  assert.equal(await ledger.troubleKinds(), ["outbox_rolled_back"], "it is a new trouble");
});

test("recordReported() covers all events that were reported before they were lost", async () => {
  for (const kind of ["outbox_rolled_back", "digest_differs"] as const) {
    const ledger = new LedgerHarness();
    const found = trouble({ kind, events: { first: 2, last: 3 }, digest: undefined });
    const command = reportCommand({ incarnation: SECOND, troubles: [found] });
    if (command.type !== "report") throw new Error("not a report");
    const highestReported = { incarnation: FIRST, sequence: 9 };
    await ledger.run({ ...command, report: { ...command.report, highestReported } }, command);
    const rows = await ledger.troubles();
    assert.equal(
      rows.map(({ events }) => events),
      [{ first: 2, last: 9 }],
    );
    await ledger.run(resolve(1));
    const result = await ledger.result(command);
    assert.equal(result.type === "reported" && result.resolved, [FIRST], "it reports fewer events");
    assert.equal(await ledger.troubleKinds(), []);
  }
});

test("recordReported() ends ledger_restored when a report no longer has it", async () => {
  const restored = trouble({ kind: "ledger_restored" });
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand({ troubles: [restored] }));
  assert.equal(await ledger.troubleKinds(), ["ledger_restored"]);
  const [decision] = await decisions(ledger, reportCommand());
  assert.equal([decision?.kind, decision?.trouble?.kind], ["redelivered", "ledger_restored"]);
  await ledger.run(reportCommand({ troubles: [restored] }));
  assert.equal(
    await ledger.troubleKinds(),
    ["ledger_restored"],
    "the ledger may be restored again",
  );
});

test("recordReported() records a gap of events that no outbox has after redelivery", async () => {
  const ledger = await withTroubles(trouble({ kind: "ledger_restored" }));
  const redelivered = { incarnation: SECOND, acknowledgedEvents: 4 };
  await ledger.run(reportCommand(redelivered));
  const gap = (await ledger.troubles()).find(({ kind }) => kind === "gap");
  assert.ok(gap !== undefined);
  assert.equal([gap.incarnation, gap.events], [undefined, undefined]);
  assert.match(gap.detail, "4 events were acknowledged to this outbox, but the ledger has 3");
  assert.is(await outcome(ledger, resolve(gap.number)), "resolve");
  assert.is(ledger.row()?.appliedSequence, 3, "the lost events are unknown");
});

test("recordReported() records such a gap after a second redelivery too", async () => {
  const ledger = await withTroubles(trouble({ kind: "ledger_restored" }));
  await ledger.run(reportCommand({ acknowledgedEvents: 3 }));
  assert.equal(await ledger.troubleKinds(), ["second_incarnation", "second_incarnation"]);
  const restored = [trouble({ kind: "ledger_restored" })];
  await ledger.run(reportCommand({ troubles: restored }));
  await ledger.run(reportCommand({ acknowledgedEvents: 4 }));
  const gap = (await ledger.troubles()).find(({ kind }) => kind === "gap");
  assert.ok(gap !== undefined);
  assert.equal([gap.incarnation, gap.events], [undefined, undefined]);
  assert.match(gap.detail, "4 events were acknowledged to this outbox, but the ledger has 3");
  assert.is(await outcome(ledger, resolve(gap.number)), "resolve");
});

test("recordReported() resolves a gap only when counting has passed it", async () => {
  const ledger = await withTroubles(trouble());
  await ledger.run(RETIRE);
  const again = reportCommand({ incarnation: SECOND, troubles: [trouble()] });
  const result = await ledger.result(again);
  assert.equal(result.type === "reported" && result.resolved, [], "retiring closes no gap");
  assert.ok((await ledger.troubleKinds()).includes("gap"));
});

test("detectAnomalies() reopens a parked incarnation when it is live", async () => {
  const ledger = await withTroubles(trouble());
  assert.is(ledger.row()?.state, "parked");
  await ledger.run(reportCommand({ lastSequence: 3 }));
  assert.is(ledger.row()?.state, "open");
  assert.ok((await ledger.troubleKinds()).includes("second_incarnation"));
});

test.run();
