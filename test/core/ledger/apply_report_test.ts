import { test } from "uvu";
import * as assert from "uvu/assert";
import type { TroubleKind } from "../../../src/core/protocol/messages.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import { MEMBERS_MAX } from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";
import {
  FIRST,
  OTHER_OUTBOX,
  OUTBOX,
  SECOND,
  batch,
  batchCommand,
  batches,
  reportCommand,
  trouble,
} from "../core_fixture.ts";
import { FINGERPRINT } from "../../fixtures/secret.ts";
import { LedgerHarness, endOf } from "./ledger_harness.ts";

const FINAL = { final: true } as const;
const LEAVING = { final: true, leaving: true } as const;

async function withThree(): Promise<LedgerHarness> {
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand(), batchCommand(batch(FIRST, [1, 2, 3])));
  return ledger;
}

test("applyReport() admits an outbox when it reports for the first time", async () => {
  const ledger = new LedgerHarness();
  const { members, results } = await ledger.run(reportCommand());
  assert.is(results[0]?.type === "reported" && results[0].left, false);
  assert.equal(
    members.map(({ outboxId, state }) => [outboxId, state]),
    [[OUTBOX, "member"]],
  );
  assert.is(ledger.row()?.state, "open");
  assert.is(ledger.meta.version, 1);
});

test("applyReport() fixes the secret of the ledger with the first outbox, and admits no other", async () => {
  const ledger = new LedgerHarness();
  const second = reportCommand({ incarnation: SECOND }, OTHER_OUTBOX);
  if (second.type !== "report") throw new Error("it is a report");
  const other = { ...second, report: { ...second.report, fingerprint: testId(0xf) } };
  const { results, meta } = await ledger.run(reportCommand(), { ...other, streamId: 2 });
  assert.equal(results.map(endOf), ["reported", "secret_differs"]);
  assert.is(meta.fingerprint, FINGERPRINT);
  assert.equal([ledger.member(OTHER_OUTBOX), ledger.row(SECOND)], [undefined, undefined]);
  await ledger.run(reportCommand({ ...LEAVING, pulseMs: 2 }));
  assert.is(ledger.member()?.state, "left");
  assert.is(endOf(await ledger.result(other)), "secret_differs", "also without members");
  assert.is(endOf(await ledger.result(second)), "reported");
});

test("applyReport() refuses when the ledger has MEMBERS_MAX members", async () => {
  const ledger = new LedgerHarness();
  for (let index = 0; index < MEMBERS_MAX; index++) {
    const outboxId = testId(0x1000 + index);
    const rest = {
      serverId: "a",
      address: "a",
      appliedEvents: 0,
      appliedLikes: 0n,
      retiredAsOfMs: undefined,
    };
    ledger.disk.members.set(outboxId, { outboxId, state: "member", ...rest });
  }
  assert.is(endOf(await ledger.result(reportCommand())), "too_many");
  assert.is(ledger.member(), undefined);
  assert.is(ledger.row(), undefined);
});

test("applyReport() refuses another outbox's incarnation", async () => {
  const ledger = await withThree();
  assert.is(endOf(await ledger.result(reportCommand({}, OTHER_OUTBOX))), "message_invalid");
  assert.is(ledger.member(OTHER_OUTBOX), undefined);
});

test("applyReport() closes an incarnation when it is final and fully applied", async () => {
  const ledger = await withThree();
  await ledger.run(reportCommand({ ...FINAL, lastSequence: 4 }));
  assert.is(ledger.row()?.state, "open");
  await ledger.run(reportCommand({ ...FINAL, lastSequence: 3 }));
  assert.is(ledger.row()?.state, "closed");
  assert.is(ledger.member()?.state, "member");
  assert.equal(await ledger.troubleKinds(), []);
});

test("applyReport() lets an outbox leave when no incarnation is open", async () => {
  const ledger = await withThree();
  const early = await ledger.result(reportCommand({ ...LEAVING, lastSequence: 4 }));
  assert.is(early.type === "reported" && early.left, false);
  const done = await ledger.result(reportCommand({ ...LEAVING, lastSequence: 3 }));
  assert.is(done.type === "reported" && done.left, true);
  assert.equal([ledger.member()?.state, ledger.member()?.appliedLikes], ["left", 6n]);
  assert.is(ledger.meta.totalLikes, 6n);
});

test("applyReport() lets no outbox leave when it forgot applied events", async () => {
  const ledger = await withThree();
  const result = await ledger.result(reportCommand({ ...LEAVING, lastSequence: 2 }));
  assert.is(result.type === "reported" && result.left, false);
  assert.equal([ledger.row()?.state, ledger.member()?.state], ["open", "member"]);
  assert.equal(await ledger.troubleKinds(), ["outbox_rolled_back"]);
});

test("applyReport() lets no outbox leave while another incarnation is open", async () => {
  const ledger = await withThree();
  const leaving = reportCommand({ ...LEAVING, incarnation: SECOND });
  const result = await ledger.result(leaving);
  assert.is(result.type === "reported" && result.left, false);
  const [highestReported] = await ledger.troubles();
  assert.equal(
    [highestReported?.kind, highestReported?.incarnation],
    ["second_incarnation", SECOND],
  );
  await ledger.run(leaving);
  assert.is((await ledger.troubles()).length, 1, "an old report is no news");
  await ledger.run(reportCommand({ ...FINAL, lastSequence: 3 }));
  const again = await ledger.result(leaving);
  assert.is(again.type === "reported" && again.left, true);
});

test("applyReport() returns left again when a leave is reported again", async () => {
  const ledger = await withThree();
  await ledger.run(reportCommand({ ...LEAVING, lastSequence: 3 }));
  const before = ledger.meta;
  const again = await ledger.result(reportCommand({ ...LEAVING, lastSequence: 3 }));
  assert.is(again.type === "reported" && again.left, true);
  assert.is(ledger.meta, before);
});

test("applyReport() does not readmit a departed outbox for a late report", async () => {
  const ledger = await withThree();
  await ledger.run(reportCommand({ ...FINAL, lastSequence: 3 }));
  await ledger.run(reportCommand({ ...LEAVING, incarnation: SECOND }));
  const late = await ledger.result(reportCommand({ ...FINAL, lastSequence: 3 }));
  assert.is(late.type === "reported" && late.left, true);
  assert.is(ledger.member()?.state, "left");
});

test("applyReport() readmits a departed outbox when it comes back", async () => {
  const ledger = await withThree();
  await ledger.run(reportCommand({ ...LEAVING, lastSequence: 3 }));
  const { members } = await ledger.run(reportCommand({ incarnation: SECOND }));
  assert.equal(
    members.map(({ state, appliedLikes }) => [state, appliedLikes]),
    [["member", 6n]],
  );
});

test("applyReport() readmits a departed outbox when it reports new events", async () => {
  for (const flags of [FINAL, LEAVING]) {
    const ledger = await withThree();
    await ledger.run(reportCommand({ ...LEAVING, lastSequence: 3 }));
    const result = await ledger.result(reportCommand({ ...flags, lastSequence: 5 }));
    assert.is(result.type === "reported" && result.left, false);
    assert.is(ledger.member()?.state, "member");
  }
});

test("applyReport() records second_incarnation when two report as live", async () => {
  const ledger = await withThree();
  await ledger.run(reportCommand({ incarnation: SECOND }));
  assert.equal(await ledger.troubleKinds(), ["second_incarnation"]);
  assert.is(endOf(await ledger.result(batchCommand(batch(SECOND, [4])))), "applied");
});

test("applyReport() records closed_incarnation when it reports as live", async () => {
  const ledger = new LedgerHarness();
  const [first, second] = batches(FIRST, [[1], [2]]);
  await ledger.run(
    reportCommand(),
    batchCommand(first),
    reportCommand({ ...FINAL, lastSequence: 1 }),
  );
  const { troubles } = await ledger.run(reportCommand({ lastSequence: 2 }));
  assert.equal(
    troubles.map(({ kind, outboxId }) => [kind, outboxId]),
    [["closed_incarnation", OUTBOX]],
  );
  await ledger.run(batchCommand(second));
  assert.is(ledger.meta.totalLikes, 3n);
  assert.equal(
    await ledger.troubleKinds(),
    ["closed_incarnation"],
    "the same trouble is recorded once",
  );
  assert.is(ledger.row()?.state, "open", "one of two copies has it");
  await ledger.run(reportCommand({ incarnation: SECOND }));
  assert.equal(await ledger.troubleKinds(), ["closed_incarnation", "second_incarnation"]);
});

test("applyBatch() records closed_incarnation and counts when it sends events", async () => {
  const ledger = new LedgerHarness();
  const [first, second] = batches(FIRST, [[1], [2]]);
  await ledger.run(
    reportCommand(),
    batchCommand(first),
    reportCommand({ ...FINAL, lastSequence: 1 }),
  );
  const { troubles } = await ledger.run(batchCommand(second));
  assert.equal(
    troubles.map(({ kind }) => kind),
    ["closed_incarnation"],
  );
  assert.is(ledger.meta.totalLikes, 3n);
});

test("applyReport() records outbox_rolled_back when it ends below the applied one", async () => {
  const ledger = await withThree();
  await ledger.run(reportCommand({ ...FINAL, lastSequence: 2 }));
  assert.equal(await ledger.troubleKinds(), ["outbox_rolled_back"]);
  assert.is(ledger.row()?.state, "open");
});

test("applyReport() records outbox_rolled_back when it ends below a reported one", async () => {
  const ledger = await withThree();
  const command = reportCommand({ ...FINAL, lastSequence: 3 });
  if (command.type !== "report") throw new Error("not a report");
  const highestReported = (incarnation: IncarnationId, sequence: number) => {
    return {
      ...command,
      report: { ...command.report, highestReported: { incarnation, sequence } },
    };
  };
  await ledger.run(highestReported(FIRST, 3), highestReported(SECOND, 5));
  assert.equal(await ledger.troubleKinds(), []);
  await ledger.run(highestReported(FIRST, 5));
  const [found] = await ledger.troubles();
  assert.equal([found?.kind, found?.events], ["outbox_rolled_back", { first: 4, last: 5 }]);
});

test("applyReport() includes the final events, which are lost unless they arrive", async () => {
  const ledger = await withThree();
  const command = reportCommand({ ...FINAL, lastSequence: 5 });
  if (command.type !== "report") throw new Error("not a report");
  const highestReported = { incarnation: FIRST, sequence: 8 };
  await ledger.run({ ...command, report: { ...command.report, highestReported } });
  const [found] = await ledger.troubles();
  assert.equal(found?.events, { first: 4, last: 8 });
});

test("applyReport() lets no outbox leave while it has parked likes", async () => {
  const ledger = await withThree();
  const troubles = [trouble({ kind: "gap", events: { first: 4, last: 6 } })];
  const leaving = { ...LEAVING, incarnation: SECOND, otherPendingEvents: 1 };
  const blocked = await ledger.result(reportCommand({ ...leaving, troubles }));
  assert.is(blocked.type === "reported" && blocked.left, false);
  assert.equal([ledger.row(SECOND)?.state, ledger.member()?.state], ["closed", "member"]);
  const done = await ledger.result(reportCommand({ ...leaving, otherPendingEvents: 0, troubles }));
  assert.is(done.type === "reported" && done.left, true);
});

test("applyReport() parks what a LikesServer parked; that alone blocks no leave", async () => {
  for (const kind of ["outbox_rolled_back", "digest_differs", "gap"] as const) {
    const ledger = await withThree();
    const troubles = [trouble({ kind })];
    await ledger.run(reportCommand({ incarnation: SECOND, troubles }));
    assert.equal(await ledger.troubleKinds(), [kind]);
    assert.is(ledger.row()?.state, "parked");
    const leaving = await ledger.result(
      reportCommand({ ...LEAVING, incarnation: SECOND, troubles }),
    );
    assert.is(leaving.type === "reported" && leaving.left, true);
  }
});

test("applyReport() parks nothing when the ledger was restored", async () => {
  const ledger = await withThree();
  const kind: TroubleKind = "ledger_restored";
  await ledger.run(reportCommand({ troubles: [trouble({ kind })] }));
  assert.equal(await ledger.troubleKinds(), [kind]);
  assert.is(ledger.row()?.state, "open");
});

test("applyReport() records no trouble of another outbox's incarnation", async () => {
  const ledger = await withThree();
  const troubles = [trouble()];
  await ledger.run(reportCommand({ incarnation: SECOND, troubles }, OTHER_OUTBOX));
  assert.equal(await ledger.troubleKinds(), []);
  assert.is(ledger.row()?.state, "open");
});

test.run();
