/** Troubles and decisions in words: what was seen, since when, and the command that ends it. */
import { unreachable } from "../assert.ts";
import type { DecisionRow } from "../core/ledger/rows.ts";
import type { EventRange } from "../core/protocol/messages.ts";
import type { TroubleStatus } from "../core/primary/status.ts";
import { localSecond } from "./local_time.ts";
import { escapeText, fitText, shellWord } from "./escape.ts";
import { labelText, shortId } from "./names.ts";

const ENDED = {
  retire: "ended with its member",
  resolve: "is resolved",
  redelivered: "ended: everything that its outbox retains was delivered again",
  confirmed: "ended: every member has answered",
} as const;

/** A trouble as one line of a log: everything but how to end it. */
export function troubleLine(trouble: TroubleStatus): string {
  const facts = [whatText(trouble, (id) => id), ...rangeText(trouble.events), ...spanText(trouble)];
  return `${facts.join(", ")}: ${escapeText(trouble.detail)}`;
}

/** A trouble as a part of a line: short, with the command that ends it. */
export function troublePart(trouble: TroubleStatus): string {
  const facts = [whatText(trouble, shortId), ...whenText(trouble), ...spanText(trouble)];
  return `${facts.join(", ")} (${wayOut(trouble)})`;
}

/** A trouble as lines of at most `columns`, with the command that ends it. */
export function troubleLines(trouble: TroubleStatus, columns: number): string[] {
  const facts = `${whenText(trouble).join(", ")}: ${escapeText(trouble.detail)}`;
  const more = [facts, ...spanText(trouble), wayOut(trouble)].map((line) => `  ${line}`);
  return [whatText(trouble, shortId), ...more].map((line) => fitText(line, columns));
}

/** A decision in one line. */
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

/** That nothing was decided about a trouble, in one line: it was over, or `refusal` says why. */
export function undecidedText(trouble: TroubleStatus, refusal: string | undefined): string {
  const what = whatText(trouble, shortId);
  if (refusal === undefined) return `${what} is over already`;
  return `${what} is not resolved: ${escapeText(refusal)}`;
}

/** ` of incarnation 3f2a91c0…`, or of what is known instead: nothing when it is about all. */
function aboutText({ incarnation, outboxId }: DecisionRow): string {
  if (incarnation !== undefined) return ` of incarnation ${incarnation}`;
  return outboxId === undefined ? "" : ` of outbox ${outboxId}`;
}

/** `trouble 3: gap at likes-server-1, incarnation 3f2a91c0`. */
function whatText(trouble: TroubleStatus, idText: (id: string) => string): string {
  const { number, kind, incarnation } = trouble;
  const life = incarnation === undefined ? "" : `, incarnation ${idText(incarnation)}`;
  return `trouble ${number}: ${kind}${whereText(trouble, idText)}${life}`;
}

function whereText({ serverId, outboxId }: TroubleStatus, idText: (id: string) => string): string {
  if (serverId !== "") return ` at ${labelText(serverId)}`;
  return outboxId === undefined ? " of the whole ledger" : ` of outbox ${idText(outboxId)}`;
}

function whenText(trouble: TroubleStatus): readonly string[] {
  return [`since ${localSecond(trouble.sinceMs)}`, ...rangeText(trouble.events)];
}

/** The events; nothing when it is about none in particular. */
function rangeText(events: EventRange | undefined): readonly string[] {
  return events === undefined ? [] : [`#${events.first} to #${events.last}`];
}

/** What was shown of `as_of` that may have been wrong; nothing when none was. */
function spanText({ doubtfulAsOf }: TroubleStatus): readonly string[] {
  if (doubtfulAsOf === undefined) return [];
  const { afterMs, upToMs } = doubtfulAsOf;
  const from = afterMs === 0 ? "the first" : localSecond(afterMs);
  return [`as_of may be wrong from ${from} to ${localSecond(upToMs)}`];
}

/** What the operator can do about it. */
function wayOut({ kind, number, serverId, outboxId, incarnation }: TroubleStatus): string {
  const resolve = `likes resolve ${number}`;
  switch (kind) {
    case "gap":
      // Of what neither side remembers there is nothing to go on with.
      return `${incarnation === undefined ? "once you know of it" : "to count on after it"}: ${resolve}`;
    case "outbox_rolled_back":
    case "digest_differs":
      return `to count nothing more of it: ${resolve}`;
    case "second_incarnation":
      return `once all copies but one are stopped: ${resolve}`;
    case "closed_incarnation":
    case "retired_returned":
      return `once you know of it: ${resolve}`;
    case "ledger_restored": {
      if (outboxId === undefined)
        return `ends once all whom it knows have answered, or: ${resolve}`;
      const server = shellWord(escapeText(serverId || outboxId));
      return `ends by itself; if it will not return: likes retire ${server}`;
    }
    default:
      return unreachable(kind);
  }
}
