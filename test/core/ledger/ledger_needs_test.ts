import { test } from "uvu";
import * as assert from "uvu/assert";
import { workOf } from "../../../src/core/ledger/apply_commands.ts";
import type { LedgerCommand } from "../../../src/core/ledger/ledger_command.ts";
import type { LedgerNeed } from "../../../src/core/ledger/ledger_needs.ts";
import type { LedgerTransaction } from "../../../src/core/ledger/ledger_transaction.ts";
import { recordCodec } from "../../../src/format/record_codec.ts";
import { LedgerDisk, MemoryLedger } from "../../../src/store/ledger/memory_ledger.ts";
import { testId } from "../../store/faults.ts";
import { INCARNATION, MEMBER, OUTBOX, ROW, TROUBLE } from "../../store/ledger/ledger_fixture.ts";
import { GENERATION, LEDGER, reportCommand } from "../core_fixture.ts";
import { RETIRE, resolve } from "./decisions_fixture.ts";

const INCARNATIONS = Array.from({ length: 100 }, (_, number) => testId(number + 1_000));
const OUTBOXES = Array.from({ length: 300 }, (_, number) => testId(number + 2_000));

test("workOf() names every row that a retirement reads", async () => {
  const runs = await runsOf(RETIRE, (ledger) => {
    ledger.setMember(MEMBER);
    for (const [index, incarnation] of INCARNATIONS.entries()) {
      ledger.setIncarnation({ ...ROW, incarnation, state: index % 2 === 0 ? "open" : "parked" });
      ledger.addTrouble({ ...TROUBLE, incarnation });
    }
  });
  assert.is(runs, 1);
});

test("a retirement of many incarnations loads twice as many each time that they do not suffice", async () => {
  const disk = new LedgerDisk(LEDGER);
  for (let number = 0; number < 16_500; number++) {
    const incarnation = testId(number + 1_000);
    disk.incarnations.set(incarnation, { ...ROW, incarnation });
  }
  const runs = await runsOf(RETIRE, (ledger) => ledger.setMember(MEMBER), disk);
  // The first 1,000 are loaded in advance; then 4,000, 10,000 and 22,000.
  assert.is(runs, 4);
});

test("workOf() names every row that a confirmation of a restored copy reads", async () => {
  const command = { type: "confirm_copy", departedMembers: OUTBOXES } as const;
  const runs = await runsOf(command, (ledger) => {
    for (const outboxId of OUTBOXES) ledger.setMember({ ...MEMBER, outboxId, state: "left" });
    ledger.addTrouble({ ...TROUBLE, outboxId: undefined, kind: "ledger_restored" });
  });
  assert.is(runs, 1);
});

test("workOf() names the incarnations that stream when an operator resolves a trouble", async () => {
  const runs = await runsOf(resolve(1, [...INCARNATIONS, INCARNATION]), (ledger) => {
    ledger.setMember(MEMBER);
    ledger.addTrouble({ ...TROUBLE, kind: "second_incarnation" });
    for (const incarnation of INCARNATIONS) {
      ledger.setIncarnation({ ...ROW, incarnation, outboxId: testId(0xb) });
    }
    ledger.setIncarnation(ROW);
  });
  // Only the trouble tells whose incarnations and troubles it is about.
  assert.is(runs, 3);
});

test("workOf() names each row once, and the most incarnations of an outbox", () => {
  const needs = needsNamedBy([RETIRE, reportCommand(), reportCommand(), RETIRE]);
  const open = needs.filter((need) => need.type === "incarnations_in" && need.state === "open");
  assert.equal(open, [{ type: "incarnations_in", outboxId: OUTBOX, state: "open", limit: 1_000 }]);
  assert.is(needs.filter(({ type }) => type === "member").length, 1);
  assert.equal(needsNamedBy([reportCommand(), reportCommand()]), needsNamedBy([reportCommand()]));
});

function needsNamedBy(commands: readonly LedgerCommand[]): readonly LedgerNeed[] {
  return workOf(commands, recordCodec, 1_000).needs;
}

test.run();

/** Returns how often the rules run for a command on a ledger with the rows that `prepare` sets. */
async function runsOf(
  command: LedgerCommand,
  prepare: (ledger: LedgerTransaction) => void,
  disk = new LedgerDisk(LEDGER),
): Promise<number> {
  const store = new MemoryLedger(disk, GENERATION);
  await store.transact([], prepare);
  let runs = 0;
  await store.transact(needsNamedBy([command]), (ledger) => {
    runs++;
    return workOf([command], recordCodec, 1_000).apply(ledger);
  });
  return runs;
}
