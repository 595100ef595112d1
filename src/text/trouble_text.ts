/** Writes troubles and decisions: what happened, since when, and the command that ends it. */
import { unreachable } from "../assert.ts";
import type { DecisionRow } from "../core/ledger/rows.ts";
import type { EventRange } from "../core/protocol/record.ts";
import type { TroubleStatus } from "../core/primary/status.ts";
import { localSecond } from "./local_time.ts";
import { escapeText, fitText, shellWord } from "./escape.ts";
import { labelText, shortId } from "./names.ts";

const ENDED = {
  retire: "ended when its member was retired",
  resolve: "is resolved",
  redelivered: "ended: its outbox redelivered everything it retains",
  confirmed: "ended: every member has answered",
} as const;

/** Writes a trouble as one log line, without the command that ends it. */
export function troubleLine(trouble: TroubleStatus): string {
  const facts = [
    titleText(trouble, (id) => id),
    ...rangeText(trouble.events),
    ...doubtText(trouble),
  ];
  return `${facts.join(", ")}: ${escapeText(trouble.detail)}`;
}

/** Writes a trouble as a short part of a line, with the command that ends it. */
export function troublePart(trouble: TroubleStatus): string {
  const facts = [titleText(trouble, shortId), ...whenText(trouble), ...doubtText(trouble)];
  return `${facts.join(", ")} (${wayOut(trouble)})`;
}

/** Writes a trouble as lines of at most `columns`, with the command that ends it. */
export function troubleLines(trouble: TroubleStatus, columns: number): string[] {
  const facts = `${whenText(trouble).join(", ")}: ${escapeText(trouble.detail)}`;
  const more = [facts, ...doubtText(trouble), wayOut(trouble)].map((line) => `  ${line}`);
  return [titleText(trouble, shortId), ...more].map((line) => fitText(line, columns));
}

/** Writes a decision as one line. */
export function decisionText(decision: DecisionRow): string {
  const { number, kind, trouble, outboxId, givenUp, reason } = decision;
  const what =
    trouble === undefined
      ? `outbox ${outboxId} is retired`
      : `trouble ${trouble.number} (${trouble.kind}${aboutText(decision)}) ${ENDED[kind]}`;
  const lost = rangeText(givenUp).map((range) => `${range} will never be counted`);
  const why = reason === "" ? "" : `: ${escapeText(reason)}`;
  return `decision ${number}: ${[what, ...lost].join(", ")}${why}`;
}

/** Writes in one line why a trouble was not decided: it was over, or `refusal`. */
export function undecidedText(trouble: TroubleStatus, refusal: string | undefined): string {
  const what = titleText(trouble, shortId);
  if (refusal === undefined) return `${what} is already over`;
  return `${what} is not resolved: ${escapeText(refusal)}`;
}

/** ` of incarnation 3f2a91c0…`, else ` of outbox 2222…`, else empty. */
function aboutText({ incarnation, outboxId }: DecisionRow): string {
  if (incarnation !== undefined) return ` of incarnation ${incarnation}`;
  return outboxId === undefined ? "" : ` of outbox ${outboxId}`;
}

/** `trouble 3: gap at likes-server-1, incarnation 3f2a91c0`. */
function titleText(trouble: TroubleStatus, idText: (id: string) => string): string {
  const { number, kind, incarnation } = trouble;
  const detail = incarnation === undefined ? "" : `, incarnation ${idText(incarnation)}`;
  return `trouble ${number}: ${kind}${whereText(trouble, idText)}${detail}`;
}

function whereText({ serverId, outboxId }: TroubleStatus, idText: (id: string) => string): string {
  if (serverId !== undefined) return ` at ${labelText(serverId)}`;
  return outboxId === undefined ? " of the whole ledger" : ` of outbox ${idText(outboxId)}`;
}

function whenText(trouble: TroubleStatus): readonly string[] {
  return [`since ${localSecond(trouble.sinceMs)}`, ...rangeText(trouble.events)];
}

/** `#5 to #9`, or nothing without events. */
function rangeText(events: EventRange | undefined): readonly string[] {
  return events === undefined ? [] : [`#${events.first} to #${events.last}`];
}

/** The span in which a shown as_of may have been wrong; nothing without one. */
function doubtText({ doubtfulAsOf }: TroubleStatus): readonly string[] {
  if (doubtfulAsOf === undefined) return [];
  const { afterMs, upToMs } = doubtfulAsOf;
  const from = afterMs === 0 ? "the start" : localSecond(afterMs);
  return [`as_of may be wrong from ${from} to ${localSecond(upToMs)}`];
}

/** What the operator can do. */
function wayOut({ kind, number, serverId, outboxId, incarnation }: TroubleStatus): string {
  const resolve = `likes resolve ${number}`;
  switch (kind) {
    case "gap":
      // Without an incarnation, nothing follows the gap.
      return `${incarnation === undefined ? "to dismiss it" : "to continue past it"}: ${resolve}`;
    case "outbox_rolled_back":
    case "digest_differs":
      return `to stop counting its incarnation: ${resolve}`;
    case "second_incarnation":
      return `after stopping all copies but one: ${resolve}`;
    case "closed_incarnation":
    case "retired_returned":
      return `to dismiss it: ${resolve}`;
    case "ledger_restored": {
      if (outboxId === undefined) return `ends once every member has answered, or: ${resolve}`;
      const server = shellWord(escapeText(serverId ?? outboxId));
      return `ends by itself; if the server is gone for good: likes retire ${server}`;
    }
    default:
      return unreachable(kind);
  }
}
