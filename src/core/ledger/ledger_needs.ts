/**
 * The rows that commands are expected to read. A store across a network loads them before the rules
 * run, in few round trips. They are a hint: any other row is loaded when a rule misses it.
 */
import { unreachable } from "../../assert.ts";
import type { ClientId, GenerationId, IncarnationId, OutboxId, PersonId } from "../protocol/ids.ts";
import type { Report, Trouble } from "../protocol/messages.ts";
import { placeOf } from "../protocol/operation.ts";
import { registerKey } from "../protocol/register.ts";
import type { RegisterKey } from "../protocol/register.ts";
import type { DecodedCommand, DecodedEvents } from "./decode_batch.ts";
import type { OperatorDecision, SentReport } from "./ledger_command.ts";
import type { IncarnationStatus, MemberStatus } from "./rows.ts";

/**
 * One read of a rule. The ledger's own row is always loaded, and so is the number of its troubles.
 */
export type LedgerNeed =
  | { readonly type: "member"; readonly outboxId: OutboxId }
  | { readonly type: "incarnation"; readonly incarnation: IncarnationId }
  /** The oldest incarnations, each as a whole row. A store may load more than `limit`. */
  | {
      readonly type: "incarnations_in";
      readonly outboxId: OutboxId;
      readonly state: IncarnationStatus;
      readonly limit: number;
    }
  | { readonly type: "outbox_count"; readonly state: MemberStatus }
  | { readonly type: "generation"; readonly generation: GenerationId }
  | { readonly type: "trouble"; readonly number: number }
  /** Undecided troubles, each as a whole row. */
  | { readonly type: "troubles_of"; readonly outboxId: OutboxId | undefined }
  | { readonly type: "was_decided"; readonly outboxId: OutboxId; readonly trouble: Trouble }
  /** The operations of a client that have counted, as bits of the block. */
  | { readonly type: "operations"; readonly client: ClientId; readonly block: number }
  /** All registers of a person. */
  | { readonly type: "registers_of"; readonly person: PersonId }
  /** Many at once, because a commit may set ten thousand. */
  | { readonly type: "registers"; readonly keys: readonly RegisterKey[] };

/** A report reads two open incarnations, beside the few that its transaction has set. */
const OPEN_LOADED = 4;

/** How many incarnations a decision reads at once: a peer may have opened a million. */
export const INCARNATIONS_PAGE = 1_000;

/** Returns the rows that `commands` are expected to read, each once. */
export function needsOf(commands: readonly DecodedCommand[]): readonly LedgerNeed[] {
  const merged = new Map<string, LedgerNeed>();
  for (const need of commands.flatMap(needsOfOne)) {
    const key = keyOf(need);
    merged.set(key, widerOf(merged.get(key), need));
  }
  return [...merged.values()];
}

/** Returns a need that loads the rows of two needs with the same key. */
function widerOf(one: LedgerNeed | undefined, other: LedgerNeed): LedgerNeed {
  if (one?.type === "registers" && other.type === "registers") {
    return { type: "registers", keys: [...new Set([...one.keys, ...other.keys])] };
  }
  if (one?.type !== "incarnations_in" || other.type !== "incarnations_in") return other;
  return one.limit > other.limit ? one : other;
}

/** Returns the key of a need. Needs with the same key share their rows. */
export function keyOf(need: LedgerNeed): string {
  switch (need.type) {
    case "member":
      return `member ${need.outboxId}`;
    case "incarnation":
      return `incarnation ${need.incarnation}`;
    case "incarnations_in":
      return `incarnations_in ${need.outboxId} ${need.state}`;
    case "outbox_count":
      return `outbox_count ${need.state}`;
    case "generation":
      return `generation ${need.generation}`;
    case "trouble":
      return `trouble ${need.number}`;
    case "troubles_of":
      return `troubles_of ${need.outboxId ?? ""}`;
    case "was_decided": {
      const { incarnation = "", kind, events } = need.trouble;
      const range = `${events?.first ?? 0} ${events?.last ?? 0}`;
      return `was_decided ${need.outboxId} ${incarnation} ${kind} ${range}`;
    }
    case "operations":
      return `operations ${need.client} ${need.block}`;
    case "registers_of":
      return `registers_of ${need.person}`;
    case "registers":
      return "registers";
    default:
      return unreachable(need);
  }
}

function needsOfOne(command: DecodedCommand): readonly LedgerNeed[] {
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
        ...needsOfEvents(command.decoded),
      ];
    }
    case "report":
      return [...needsOfReport(command.report), ...needsOfTroubles(command.report)];
    case "decide":
      return needsOfDecision(command.decision);
    case "confirm_copy":
      return [
        ...command.departedMembers.map((outboxId) => ({ type: "member", outboxId }) as const),
        { type: "outbox_count", state: "left" },
        { type: "troubles_of", outboxId: undefined },
      ];
    case "record_copy":
      return [{ type: "troubles_of", outboxId: undefined }];
    case "forget":
      return [{ type: "registers_of", person: command.person }];
    case "advance":
      return [];
    default:
      return unreachable(command);
  }
}

function needsOfEvents(events: DecodedEvents): readonly LedgerNeed[] {
  if ("code" in events) return [];
  const needs: LedgerNeed[] = [];
  const keys = new Set<RegisterKey>();
  for (const { itemId, change } of events) {
    if (change.kind === "set") keys.add(registerKey(change.person, itemId));
    else if (change.kind === "forget") needs.push({ type: "registers_of", person: change.person });
    else if (change.operation !== undefined) {
      const { client, block } = placeOf(change.operation);
      needs.push({ type: "operations", client, block });
    }
  }
  if (keys.size > 0) needs.push({ type: "registers", keys: [...keys] });
  return needs;
}

function needsOfDecision(decision: OperatorDecision): readonly LedgerNeed[] {
  if (decision.type === "resolve") {
    return [
      { type: "trouble", number: decision.troubleNumber },
      ...decision.streaming.map((incarnation) => ({ type: "incarnation", incarnation }) as const),
    ];
  }
  const { outboxId } = decision;
  return [
    { type: "member", outboxId },
    { type: "troubles_of", outboxId },
    { type: "incarnations_in", outboxId, state: "open", limit: INCARNATIONS_PAGE },
    { type: "incarnations_in", outboxId, state: "parked", limit: INCARNATIONS_PAGE },
  ];
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
