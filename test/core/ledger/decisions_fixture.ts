/** Ledgers with troubles and the decisions of an operator, for the tests of both rules. */
import type { LedgerCommand, OperatorDecision } from "../../../src/core/ledger/ledger_command.ts";
import type { ReportedTrouble } from "../../../src/core/protocol/messages.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import { FIRST, OUTBOX, SECOND, batch, batchCommand, reportCommand } from "../core_fixture.ts";
import { LedgerHarness } from "./ledger_harness.ts";

export const ADVANCE = { type: "advance", asOfMs: 500 } as const;

export function decided(decision: OperatorDecision): LedgerCommand {
  return { type: "decide", requestId: 1, decision };
}

export function resolve(troubleNumber: number, streaming: readonly IncarnationId[] = []) {
  return decided({ type: "resolve", troubleNumber, reason: "seen", streaming });
}

export const RETIRE = decided({ type: "retire", outboxId: OUTBOX, reason: "gone" });

/** Returns the kinds of decisions, or the message of the refusal. */
export async function outcome(ledger: LedgerHarness, command: LedgerCommand) {
  const result = await ledger.result(command);
  if (result.type !== "decided") throw new Error(`not a decision: ${result.type}`);
  return result.refusal?.message ?? result.decisions.map(({ kind }) => kind).join(" ");
}

/** Returns the decisions of a command. */
export async function decisions(ledger: LedgerHarness, command: LedgerCommand) {
  const { decisions: recorded } = await ledger.run(command);
  return recorded;
}

/** A ledger that has applied `[1, 2, 3]` of FIRST, for which SECOND reports `troubles`. */
export async function withTroubles(
  ...troubles: readonly ReportedTrouble[]
): Promise<LedgerHarness> {
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand(), batchCommand(batch(FIRST, [1, 2, 3])), ADVANCE);
  await ledger.run(reportCommand({ incarnation: SECOND, troubles }));
  return ledger;
}
