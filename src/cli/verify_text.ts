/** Writes the report of an audit, as lines for people and as JSON. */
import { styleText } from "node:util";
import type {
  UnclearOperation,
  AuditReport,
  Divergence,
  EventRange,
  GivenUp,
  Listed,
  Missing,
  Place,
  OpenTrouble,
} from "../verify/report.ts";
import { escapeText, fitText } from "../text/escape.ts";
import { countOf, formatCount } from "../text/numbers.ts";

/** Lines shown of one kind; the rest are only counted. */
const LINES_MAX = 12;
/** Columns of one value in a line. */
const VALUE_COLUMNS_MAX = 300;
const LABEL_COLUMNS = 9;

const WORDS = {
  exact: ["EXACT", "green"],
  inexact: ["NOT EXACT", "red"],
  undecided: ["UNDECIDED", "yellow"],
} as const;

/** Writes the verdict and, below it, the evidence. */
export function verifyText(report: AuditReport, { color }: { readonly color: boolean }): string {
  const { waiting, abandoned, gaps, lost, divergences, missing, unclear, troubles } = report;
  const isAnyAbandoned = abandoned.events > 0;
  return [
    verdictLine(report, color),
    ...labelled("first", divergences.first.slice(0, 1).map(divergenceText), divergences.count),
    ...labelled("missing", missing.first.slice(0, LINES_MAX).map(missingText), missing.count),
    ...labelled("unclear", unclear.first.slice(0, LINES_MAX).map(unclearText), unclear.count),
    ...labelled("trouble", troubles.first.slice(0, LINES_MAX).map(troubleText), troubles.count),
    ...labelled("copy", copyText(report)),
    ...labelled("given up", gaps.first.slice(0, LINES_MAX).map(gapText), gaps.count),
    ...labelled("given up", lost.first.slice(0, LINES_MAX).map(lostText), lost.count),
    ...labelled(
      "given up",
      isAnyAbandoned ? [`${amountText(abandoned)} in retired incarnations`] : [],
    ),
    ...labelled("waiting", waiting.events > 0 ? [`${amountText(waiting)}, not applied yet`] : []),
    ...labelled("clients", clientsText(report)),
    ...labelled("sums", [sumsText(report)]),
    ...labelled("read", [readText(report)]),
  ].join("\n");
}

function verdictLine(report: AuditReport, color: boolean): string {
  const { outcome, ledger, divergences } = report;
  const [word, name] = WORDS[outcome];
  const likes = countOf(ledger.totalLikes, "like");
  const why = {
    exact: "the events add up to the total, item by item",
    inexact: `${countOf(divergences.count, "error")} found`,
    undecided: undecidedText(report),
  }[outcome];
  const shown = color ? styleText(name, word, { validateStream: false }) : word;
  return `${shown} ${likes}${exclusionText(report)}: ${why}`;
}

function undecidedText({ missing, unclear }: AuditReport): string {
  if (missing.count > 0) return "part of the history is missing; the rest is consistent";
  if (unclear.count === 0) return "nothing is wrong or missing, but trouble awaits a decision";
  return "an operation adds different likes, and which of them counted is not kept";
}

/** What an exact total excludes by decision; empty when nothing was given up. */
function exclusionText({ outcome, givenUp, gaps, lost }: AuditReport): string {
  const { events, unknownIncarnations } = givenUp;
  if (outcome !== "exact" || events + unknownIncarnations === 0) return "";
  const known = `${countOf(events, "event")} given up`;
  const unknown = `any events left in ${countOf(unknownIncarnations, "retired incarnation")}`;
  const parts = [...(events > 0 ? [known] : []), ...(unknownIncarnations > 0 ? [unknown] : [])];
  const [first] = [...gaps.first, ...lost.first];
  return `, excluding ${parts.join(" and ")}${first === undefined ? "" : whichText(first, events)}`;
}

/** ` (#5 to #9 of fra-1, incarnation 3f2a91c0…)`, or the same with `, and others`. */
function whichText({ serverId = "", incarnation = "", events }: GivenUp, count: number): string {
  const of = serverId === "" ? "" : `${valueText(serverId)}, `;
  const which = `${rangeText(events)} of ${of}incarnation ${incarnation}`;
  const isAll = events.last - events.first + 1 === count;
  return ` (${which}${isAll ? "" : ", and others"})`;
}

/** Lines under one label; the last one counts those not shown. */
function labelled(label: string, lines: readonly string[], count = lines.length): string[] {
  const more = count - lines.length;
  const all = more > 0 ? [...lines, `and ${formatCount(more)} more`] : lines;
  return all.map((line, index) => `${(index === 0 ? label : "").padEnd(LABEL_COLUMNS)}${line}`);
}

/** `fra-1, incarnation 0001…, #57, item "video": `, as far as known. */
function placeText(place: Place, range = ""): string {
  const { serverId = "", incarnation, sequence, itemId } = place;
  const known = [
    ...(serverId === "" ? [] : [valueText(serverId)]),
    ...(incarnation === undefined ? [] : [`incarnation ${incarnation}`]),
    ...(range === "" ? [] : [range]),
    ...(sequence === undefined ? [] : [`#${sequence}`]),
    ...(itemId === undefined ? [] : [`item ${valueText(JSON.stringify(itemId))}`]),
  ];
  return known.length === 0 ? "" : `${known.join(", ")}: `;
}

function divergenceText({ what, expected, found, ...place }: Divergence): string {
  const values = `expected ${valueText(expected)}, found ${valueText(found)}`;
  return `${placeText(place)}${valueText(what)}: ${values}`;
}

function missingText({ what, events, ...place }: Missing): string {
  return `${placeText(place, events && rangeText(events))}${valueText(what)}`;
}

function unclearText({ what, ...place }: UnclearOperation): string {
  return `${placeText(place)}${valueText(what)}`;
}

function troubleText({ trouble, kind, events, ...place }: OpenTrouble): string {
  const range = events.last > 0 ? rangeText(events) : "";
  const { incarnation, ...where } = place;
  const known = incarnation === "" ? where : place;
  return `${placeText(known, range)}${valueText(kind)}, not decided; see likes resolve ${trouble}`;
}

function copyText({ ledger: { copiedMs } }: AuditReport): readonly string[] {
  if (copiedMs === undefined) return [];
  return [
    `made ${new Date(copiedMs).toISOString()}: likes applied since then are waiting or absent`,
  ];
}

function gapText({ decision, events, ...place }: GivenUp): string {
  return `${placeText(place, rangeText(events))}gap closed by decision ${decision}`;
}

function lostText({ decision, events, ...place }: GivenUp): string {
  const where = placeText(place, rangeText(events));
  return `${where}lost when the outbox was rolled back (decision ${decision})`;
}

function rangeText({ first, last }: EventRange): string {
  return first === last ? `#${first}` : `#${first} to #${last}`;
}

function clientsText({ clients }: AuditReport): readonly string[] {
  if (clients === undefined) return [];
  const { acknowledged, counted, waiting, givenUp, lost, undecided, unacknowledged } = clients;
  const parts = Object.entries({
    counted: counted.events,
    waiting: waiting.events,
    "given up": givenUp.events,
    lost: lost.events,
    undecided: undecided.events,
    "not acknowledged": unacknowledged,
  }).filter(([, count]) => count > 0);
  const requests = `${countOf(acknowledged.events, "add")}, ${countOf(acknowledged.likes, "like")}`;
  const fates = parts.map(([fate, count]) => `${formatCount(count)} ${fate}`).join(", ");
  return [fates === "" ? requests : `${requests}: ${fates}`];
}

/** Sums of registers and of repeated operations are shown when there are any. */
function sumsText({ sums, read }: AuditReport): string {
  const { events, outboxes, repeated, items, members, registers } = sums;
  const running = outboxes === undefined ? "unknown" : formatCount(outboxes);
  const parts = [
    `events ${formatCount(events)}`,
    `outboxes ${running}`,
    ...(repeated > 0n ? [`of them repeated ${formatCount(repeated)}`] : []),
    `items ${formatCount(items)}`,
    `members ${formatCount(members)}`,
    ...(read.registers > 0 ? [`registers ${formatCount(registers)}`] : []),
  ];
  return parts.join(", ");
}

function readText({ ledger, read }: AuditReport): string {
  const { outboxes, incarnations, records, events, items, registers, operations } = read;
  const counts = [
    `${formatCount(outboxes)} outbox${outboxes === 1 ? "" : "es"}`,
    countOf(incarnations, "incarnation"),
    countOf(records, "record"),
    countOf(events, "event"),
  ];
  const kept = [
    countOf(items, "item"),
    ...(registers > 0 ? [countOf(registers, "register")] : []),
    ...(operations > 0 ? [countOf(operations, "operation")] : []),
  ];
  return `${counts.join(", ")}; ledger version ${ledger.version} with ${kept.join(", ")}`;
}

function amountText({ events, likes }: { events: number; likes: bigint }): string {
  return `${countOf(events, "event")}, ${countOf(likes, "like")}`;
}

/** Escapes and cuts: a store or a client may say anything. */
function valueText(text: string): string {
  return fitText(escapeText(text), VALUE_COLUMNS_MAX);
}

/** Returns the report as one JSON object; every number is text. */
export function verifyJson(report: AuditReport): unknown {
  const { outcome, divergences, missing, unclear, troubles, gaps, lost, givenUp, ...rest } = report;
  const value = {
    verdict: outcome,
    exact: outcome === "exact",
    givenUp,
    firstDivergence: divergences.first[0] ?? null,
    ...rest,
    divergences: { first: divergences.first, count: divergences.count },
    missing: listJson(missing),
    unclear: listJson(unclear),
    troubles: listJson(troubles),
    gaps: listJson(gaps),
    lost: listJson(lost),
    clients: report.clients ?? null,
  };
  return withText(value);
}

interface Finding {
  readonly what?: string;
  readonly events?: EventRange;
}

function listJson({ first, count }: Listed<Finding>) {
  return { first: first.map(findingJson), count };
}

/** Puts two sequences in the place of the events. */
function findingJson(finding: Finding): unknown {
  const { events } = finding;
  if (events === undefined) return finding;
  const sequences = Object.entries({ firstSequence: events.first, lastSequence: events.last });
  const fields = Object.entries(finding);
  return Object.fromEntries(fields.flatMap((one) => (one[0] === "events" ? sequences : [one])));
}

/** Replaces numbers by text at any depth: they may have 64 bits. Absent values become null. */
function withText(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(withText);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withText(one)]));
}
