/** Tests reports whose troubles have no room, at each bound. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { LedgerCommand } from "../../../src/core/ledger/ledger_command.ts";
import type { TroubleKind } from "../../../src/core/protocol/messages.ts";
import {
  TROUBLES_OF_OUTBOX_MAX,
  TROUBLES_RECORDED_MAX,
  TROUBLES_REPORTED_MAX,
} from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";
import {
  FIRST,
  OUTBOX,
  SECOND,
  batch,
  batchCommand,
  batches,
  reportCommand,
  trouble,
} from "../core_fixture.ts";
import { LedgerHarness, endOf } from "./ledger_harness.ts";
import { resolve } from "./decisions_fixture.ts";

const FINAL = { final: true } as const;
const LEAVING = { final: true, leaving: true } as const;
const UNRECORDED = "trouble_unrecorded";
const UNDATED = { sinceMs: 0, doubtfulAsOf: undefined };

/** Adds `count` troubles of different outboxes to the ledger. */
async function fill(ledger: LedgerHarness, count: number): Promise<void> {
  const outboxes = Array.from({ length: count }, (_, index) => testId(0x5000 + index));
  const needs = outboxes.map((outboxId) => ({ type: "troubles_of", outboxId }) as const);
  const kind = "closed_incarnation";
  const row = trouble({ kind, incarnation: testId(0x6000), digest: undefined });
  await ledger.store.transact(needs, (stored) => {
    for (const outboxId of outboxes) stored.addTrouble({ ...row, outboxId, ...UNDATED });
  });
}

async function fullLedger(count: number): Promise<LedgerHarness> {
  const ledger = new LedgerHarness();
  await fill(ledger, count);
  return ledger;
}

/** The same report after the primary has received a higher sequence. */
function highestReported(command: LedgerCommand, sequence: number): LedgerCommand {
  if (command.type !== "report") throw new Error("not a report");
  return {
    ...command,
    report: { ...command.report, highestReported: { incarnation: FIRST, sequence } },
  };
}

async function withThree(): Promise<LedgerHarness> {
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand(), batchCommand(batch(FIRST, [1, 2, 3])));
  return ledger;
}

test("applyReport() records a restored ledger once at a time", async () => {
  const ledger = new LedgerHarness();
  for (const incarnation of [FIRST, SECOND]) {
    const troubles = [trouble({ kind: "ledger_restored", incarnation, digest: undefined })];
    await ledger.run(reportCommand({ incarnation, final: true, troubles }));
  }
  assert.equal(await ledger.troubleKinds(), ["ledger_restored"]);
  await ledger.run(reportCommand({ incarnation: SECOND, final: true }));
  assert.equal(await ledger.troubleKinds(), []);
});

test("applyReport() refuses a report when its troubles have no room", async () => {
  const ledger = await fullLedger(TROUBLES_REPORTED_MAX - 1);
  const { meta } = ledger;
  const [one, other] = [trouble(), trouble({ incarnation: SECOND })];
  assert.is(endOf(await ledger.result(reportCommand({ troubles: [one, other] }))), UNRECORDED);
  assert.equal([ledger.member(), ledger.row(), ledger.meta], [undefined, undefined, meta]);
  assert.is(endOf(await ledger.result(reportCommand({ troubles: [one] }))), "reported");
  assert.is((await ledger.troubles()).length, TROUBLES_REPORTED_MAX);
  const again = await ledger.result(reportCommand({ troubles: [one] }));
  assert.is(endOf(again), "reported", "a recorded trouble needs no room");
});

test("applyReport() refuses an outbox's troubles beyond its share", async () => {
  const ledger = new LedgerHarness();
  for (let id = 0; id < TROUBLES_OF_OUTBOX_MAX; id++) {
    const troubles = [trouble({ incarnation: testId(0x1000 + id) })];
    assert.is(endOf(await ledger.result(reportCommand({ troubles }))), "reported");
  }
  assert.is(endOf(await ledger.result(reportCommand({ troubles: [trouble()] }))), UNRECORDED);
  assert.is((await ledger.troubles()).length, TROUBLES_OF_OUTBOX_MAX);
});

/** Recording each of these removes what reveals it, so it is found only once. */
const ONCE: readonly (readonly [TroubleKind, readonly LedgerCommand[], LedgerCommand])[] = [
  [
    "closed_incarnation",
    [reportCommand({ ...FINAL, lastSequence: 3 })],
    reportCommand({ lastSequence: 3 }),
  ],
  [
    "second_incarnation",
    [reportCommand({ incarnation: SECOND })],
    reportCommand({ ...LEAVING, lastSequence: 3 }),
  ],
  ["outbox_rolled_back", [], highestReported(reportCommand({ ...FINAL, lastSequence: 3 }), 5)],
  [
    "retired_returned",
    [
      {
        type: "decide",
        requestId: 1,
        decision: { type: "retire", outboxId: OUTBOX, reason: "" },
      },
    ],
    reportCommand({ lastSequence: 4 }),
  ],
];

for (const [kind, before, command] of ONCE) {
  test(`applyReport() can still find ${kind} later when it has no room now`, async () => {
    const ledger = await withThree();
    await ledger.run(...before);
    await fill(ledger, TROUBLES_RECORDED_MAX - (await ledger.troubles()).length);
    const untouched = ledger.meta;
    for (const _ of ["at first", "and again"]) {
      const result = await ledger.result(command);
      assert.equal([endOf(result), ledger.meta], [UNRECORDED, untouched]);
      assert.is(result.type === "refused" && result.unrecorded, kind);
    }
    const other = (await ledger.troubles()).find(({ outboxId }) => outboxId !== OUTBOX);
    await ledger.run(resolve(other?.number ?? 0));
    assert.is(endOf(await ledger.result(command)), "reported");
    assert.is((await ledger.troubleKinds()).at(-1), kind);
  });
}

test("applyReport() has room for a gap after redelivery, and for a copied ledger", async () => {
  const ledger = await fullLedger(TROUBLES_RECORDED_MAX - 1);
  const kind = "ledger_restored";
  const row = { ...trouble({ kind, digest: undefined }), outboxId: OUTBOX, ...UNDATED };
  await ledger.store.transact([], (stored) => stored.addTrouble(row));
  await ledger.run(reportCommand({ acknowledgedEvents: 5 }));
  assert.is((await ledger.troubleKinds()).at(-1), "gap", "it replaces the resolved one");
  ledger.markCopied(1);
  await ledger.run({ type: "record_copy" });
  assert.is((await ledger.troubles()).length, TROUBLES_RECORDED_MAX + 1);
});

test("applyBatch() counts nothing after a close without room for the trouble", async () => {
  const ledger = await withThree();
  const [, more] = batches(FIRST, [[1, 2, 3], [4]]);
  await ledger.run(reportCommand({ ...FINAL, lastSequence: 3 }));
  await fill(ledger, TROUBLES_RECORDED_MAX);
  const { meta } = ledger;
  assert.is(endOf(await ledger.result(batchCommand(more))), UNRECORDED);
  assert.equal([ledger.meta, ledger.row()?.appliedSequence], [meta, 3]);
  await ledger.run(resolve(1));
  assert.is(endOf(await ledger.result(batchCommand(more))), "applied");
  assert.is((await ledger.troubleKinds()).at(-1), "closed_incarnation");
});

test.run();
