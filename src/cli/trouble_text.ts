/** Troubles and decisions in words: what was seen, since when, and the command that ends it. */
import { unreachable } from "../assert.ts";
import type { DecisionRow } from "../core/ledger.ts";
import type { TroubleStatus } from "../core/status.ts";
import { localSecond } from "../local_time.ts";
import { escapeText, fitText, shellWord } from "./escape.ts";

/** Digits of an incarnation that tell it from the others of a status. */
const INCARNATION_DIGITS = 8;
/** What a label may take of a line; a longer one is cut. */
const ID_COLUMNS_MAX = 32;

const ENDED = {
  retire: "ended with its member",
  resolve: "is resolved",
  refilled: "ended: everything that its outbox retains was delivered again",
  answered: "ended: every member has answered",
} as const;

/** A trouble as one line of a log: everything but how to end it. */
export function troubleLine(trouble: TroubleStatus): string {
  const { incarnation, detail } = trouble;
  const what = `${whatText(trouble)}${incarnation && `, incarnation ${incarnation}`}`;
  return `${what}${rangeText(trouble, ", ")}${spanText(trouble, "; ")}: ${escapeText(detail)}`;
}

/** A trouble as a part of a line: short, with the command that ends it. */
export function troublePart(trouble: TroubleStatus): string {
  const { since, incarnation } = seenText(trouble);
  const range = rangeText(trouble, ", ");
  const told = `${whatText(trouble)}${incarnation}${range}, since ${since}`;
  return `${told}${spanText(trouble, ", ")} (${wayOut(trouble)})`;
}

/** A trouble as lines of at most `columns`, with the command that ends it. */
export function troubleLines(trouble: TroubleStatus, columns: number): string[] {
  const { since, incarnation } = seenText(trouble);
  const span = spanText(trouble, "  ");
  return [
    `${whatText(trouble)}${incarnation}${rangeText(trouble, ", ")}`,
    `  since ${since}: ${escapeText(trouble.detail)}`,
    ...(span === "" ? [] : [span]),
    `  ${wayOut(trouble)}`,
  ].map((line) => fitText(line, columns));
}

/** A decision in one line. */
export function decisionText(decision: DecisionRow): string {
  const { number, kind, trouble, troubleNumber, outboxId, reason } = decision;
  const what =
    trouble === ""
      ? `outbox ${outboxId} is retired`
      : `trouble ${troubleNumber} (${trouble}) ${ENDED[kind]}`;
  const lost = rangeText(decision, ", ");
  const why = reason === "" ? "" : `: ${escapeText(reason)}`;
  return `decision ${number}: ${what}${lost && `${lost} will never be counted`}${why}`;
}

/** `trouble 3: gap at likes-server-1`. */
function whatText(trouble: TroubleStatus): string {
  return `trouble ${trouble.number}: ${trouble.kind}${whereText(trouble)}`;
}

function whereText({ serverId, outboxId }: TroubleStatus): string {
  if (serverId !== "") return ` at ${fitText(escapeText(serverId), ID_COLUMNS_MAX)}`;
  return outboxId === "" ? " of the whole ledger" : ` of outbox ${outboxId}`;
}

function seenText({ incarnation, sinceMs }: TroubleStatus) {
  const short = incarnation.slice(0, INCARNATION_DIGITS);
  return { since: localSecond(sinceMs), incarnation: short && `, incarnation ${short}` };
}

/** The events, after `before`; nothing when it is about none in particular. */
function rangeText(
  { firstSequence, lastSequence }: Pick<TroubleStatus, "firstSequence" | "lastSequence">,
  before: string,
): string {
  return lastSequence === 0 ? "" : `${before}#${firstSequence} to #${lastSequence}`;
}

/** What was shown of `as_of` that may have been wrong, after `before`; nothing when none was. */
function spanText({ asOfFromMs, asOfToMs }: TroubleStatus, before: string): string {
  if (asOfToMs === 0) return "";
  const [from, to] = [asOfFromMs, asOfToMs].map(localSecond);
  return `${before}an as_of after ${from} and up to ${to} may have been wrong`;
}

/** What the operator can do about it. */
function wayOut({ kind, number, serverId, outboxId }: TroubleStatus): string {
  const resolve = `likes resolve ${number}`;
  switch (kind) {
    case "gap":
      return `to count on after it: ${resolve}`;
    case "outbox_rolled_back":
    case "digest_differs":
      return `to count nothing more of it: ${resolve}`;
    case "second_incarnation":
      return `once all copies but one are stopped: ${resolve}`;
    case "closed_incarnation":
    case "retired_returned":
      return `once you know of it: ${resolve}`;
    case "ledger_restored": {
      if (outboxId === "") return `ends once every member has answered, or: ${resolve}`;
      const server = shellWord(escapeText(serverId || outboxId));
      return `ends once all is delivered again; if it will not return: likes retire ${server}`;
    }
    default:
      return unreachable(kind);
  }
}
