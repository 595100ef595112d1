/**
 * The rows that commands are certain to read. A store across a network loads them before the rules
 * run, in few round trips. They are a hint: any other row is loaded when a rule misses it.
 */
import { unreachable } from "../../assert.ts";
import type { GenerationId, IncarnationId, OutboxId } from "../protocol/ids.ts";
import type { Report, Trouble } from "../protocol/messages.ts";
import type { LedgerCommand, SentReport } from "./ledger_command.ts";
import type { IncarnationStatus, MemberStatus } from "./rows.ts";

/** One read of a rule. The ledger's own row and its counts of rows are always loaded. */
export type LedgerNeed =
  | { readonly type: "member"; readonly outboxId: OutboxId }
  | { readonly type: "incarnation"; readonly incarnation: IncarnationId }
  /** The oldest incarnations; a store may load more than `limit`. */
  | {
      readonly type: "incarnations_in";
      readonly outboxId: OutboxId;
      readonly state: IncarnationStatus;
      readonly limit: number;
    }
  | { readonly type: "outbox_count"; readonly state: MemberStatus }
  | { readonly type: "generation"; readonly generation: GenerationId }
  | { readonly type: "trouble"; readonly number: number }
  | { readonly type: "troubles_of"; readonly outboxId: OutboxId | undefined }
  | { readonly type: "was_decided"; readonly outboxId: OutboxId; readonly trouble: Trouble }
  | { readonly type: "item"; readonly itemId: string };

/** A report reads two open incarnations, beside the few that its transaction has set. */
const OPEN_LOADED = 4;

/** Returns the rows that `commands` are certain to read. */
export function needsOf(commands: readonly LedgerCommand[]): readonly LedgerNeed[] {
  return commands.flatMap(needsOfOne);
}

function needsOfOne(command: LedgerCommand): readonly LedgerNeed[] {
  switch (command.type) {
    case "hello": {
      const { incarnation, seen } = command.hello;
      const generation = seen && ({ type: "generation", generation: seen.generation } as const);
      return [{ type: "incarnation", incarnation }, ...(generation ? [generation] : [])];
    }
    case "batch": {
      const { outboxId, batch } = command;
      const { incarnation } = batch;
      return [
        { type: "member", outboxId },
        { type: "incarnation", incarnation },
      ];
    }
    case "report":
      return [...needsOfReport(command.report), ...needsOfTroubles(command.report)];
    case "decide": {
      const { decision } = command;
      if (decision.type === "resolve") return [{ type: "trouble", number: decision.troubleNumber }];
      const { outboxId } = decision;
      return [
        { type: "member", outboxId },
        { type: "troubles_of", outboxId },
      ];
    }
    case "confirm_copy":
      return [
        { type: "outbox_count", state: "left" },
        { type: "troubles_of", outboxId: undefined },
      ];
    case "record_copy":
      return [{ type: "troubles_of", outboxId: undefined }];
    case "advance":
      return [];
    default:
      return unreachable(command);
  }
}

function needsOfReport({ outboxId, report }: SentReport): readonly LedgerNeed[] {
  return [
    { type: "member", outboxId },
    { type: "incarnation", incarnation: report.incarnation },
    { type: "troubles_of", outboxId },
    { type: "incarnations_in", outboxId, state: "open", limit: OPEN_LOADED },
  ];
}

function needsOfTroubles({
  outboxId,
  report,
}: {
  outboxId: OutboxId;
  report: Report;
}): LedgerNeed[] {
  return report.troubles.flatMap((trouble): LedgerNeed[] => [
    { type: "incarnation", incarnation: trouble.incarnation },
    { type: "was_decided", outboxId, trouble },
  ]);
}
