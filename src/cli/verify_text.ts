/** The verdict of an audit: as lines for people, and as JSON. */
import { styleText } from "node:util";
import type {
  AuditReport,
  Divergence,
  GivenUp,
  Missing,
  Place,
  Undecided,
} from "../verify/report.ts";
import { escapeText, fitText } from "../text/escape.ts";
import { countOf, formatCount } from "../text/numbers.ts";

/** Lines of one kind; of more, how many there are. */
const LINES_MAX = 12;
/** What a value in a line may take. */
const VALUE_COLUMNS_MAX = 300;
const LABEL_COLUMNS = 9;

const WORDS = {
  exact: ["EXACT", "green"],
  inexact: ["NOT EXACT", "red"],
  undecided: ["CANNOT BE DECIDED", "yellow"],
} as const;

/** Draws the verdict, and below it what it was reached with. */
export function verifyText(report: AuditReport, { color }: { readonly color: boolean }): string {
  const { waiting, abandoned, gaps, lost, divergences, missing, troubles } = report;
  const isAnyAbandoned = abandoned.events > 0;
  return [
    verdictLine(report, color),
    ...labelled("first", divergences.first.slice(0, 1).map(divergenceText), divergences.count),
    ...labelled("missing", missing.first.slice(0, LINES_MAX).map(missingText), missing.count),
    ...labelled("trouble", troubles.first.slice(0, LINES_MAX).map(troubleText), troubles.count),
    ...labelled("copy", copyText(report)),
    ...labelled("given up", gaps.first.slice(0, LINES_MAX).map(gapText), gaps.count),
    ...labelled("given up", lost.first.slice(0, LINES_MAX).map(lostText), lost.count),
    ...labelled(
      "given up",
      isAnyAbandoned ? [`${amountText(abandoned)} of retired incarnations`] : [],
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
    exact: "every event adds up to the total, item by item",
    inexact: `${countOf(divergences.count, "thing")} ${divergences.count === 1 ? "is" : "are"} wrong`,
    undecided:
      report.missing.count > 0
        ? "a part of the history is missing, and what is left is not wrong"
        : "nothing is wrong or missing, but trouble waits for a decision",
  }[outcome];
  const shown = color ? styleText(name, word, { validateStream: false }) : word;
  return `${shown} ${likes}${withoutText(report)}: ${why}`;
}

/** What an exact total is exact without, by decisions; nothing when nothing was given up. */
function withoutText({ outcome, givenUp, gaps, lost }: AuditReport): string {
  const { events, unknownIncarnations: lives } = givenUp;
  if (outcome !== "exact" || events + lives === 0) return "";
  const known = `the ${countOf(events, "event")} that ${events === 1 ? "was" : "were"} given up`;
  const unknown = `what ${countOf(lives, "retired incarnation")} may have held`;
  const parts = [...(events > 0 ? [known] : []), ...(lives > 0 ? [unknown] : [])];
  const [first] = [...gaps.first, ...lost.first];
  return `, without ${parts.join(" and ")}${first === undefined ? "" : whichText(first, events)}`;
}

/** ` (#5 to #9 of fra-1, incarnation 3f2a91c0…)`, and whether that is all. */
function whichText(first: GivenUp, events: number): string {
  const { serverId = "", incarnation = "", firstSequence, lastSequence } = first;
  const of = serverId === "" ? "" : `${valueText(serverId)}, `;
  const which = `${rangeText(firstSequence, lastSequence)} of ${of}incarnation ${incarnation}`;
  const isAll = lastSequence - firstSequence + 1 === events;
  return ` (${which}${isAll ? "" : ", and others"})`;
}

/** Lines under one label, and below them how many are not shown. */
function labelled(label: string, lines: readonly string[], count = lines.length): string[] {
  const more = count - lines.length;
  const all = more > 0 ? [...lines, `and ${formatCount(more)} more`] : lines;
  return all.map((line, index) => `${(index === 0 ? label : "").padEnd(LABEL_COLUMNS)}${line}`);
}

/** `fra-1, incarnation 0001…, #57, item "video": …`, as far as it is known. */
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

function missingText({ what, firstSequence, lastSequence, ...place }: Missing): string {
  const isKnown = firstSequence !== undefined && lastSequence !== undefined;
  const range = isKnown ? rangeText(firstSequence, lastSequence) : "";
  return `${placeText(place, range)}${valueText(what)}`;
}

function troubleText({ trouble, kind, firstSequence, lastSequence, ...place }: Undecided): string {
  const range = lastSequence > 0 ? rangeText(firstSequence, lastSequence) : "";
  const { incarnation, ...where } = place;
  const known = incarnation === "" ? where : place;
  return `${placeText(known, range)}${valueText(kind)}, not decided; see likes resolve ${trouble}`;
}

function copyText({ ledger: { copiedMs } }: AuditReport): readonly string[] {
  if (copiedMs === undefined) return [];
  return [`made ${new Date(copiedMs).toISOString()}: what was applied since waits, or is not here`];
}

function gapText({ decision, firstSequence, lastSequence, ...place }: GivenUp): string {
  const range = rangeText(firstSequence, lastSequence);
  return `${placeText(place, range)}a gap that decision ${decision} closed`;
}

function lostText({ decision, firstSequence, lastSequence, ...place }: GivenUp): string {
  const range = rangeText(firstSequence, lastSequence);
  return `${placeText(place, range)}lost with an outbox that was rolled back, by decision ${decision}`;
}

function rangeText(first: number, last: number): string {
  return first === last ? `#${first}` : `#${first} to #${last}`;
}

function clientsText({ clients }: AuditReport): readonly string[] {
  if (clients === undefined) return [];
  const { given, counted, waiting, givenUp, lost, undecided, unacknowledged } = clients;
  const parts = Object.entries({
    counted: counted.events,
    waiting: waiting.events,
    "given up": givenUp.events,
    lost: lost.events,
    "not decided": undecided.events,
    "not acknowledged": unacknowledged,
  }).filter(([, count]) => count > 0);
  const requests = `${countOf(given.events, "add")}, ${countOf(given.likes, "like")}`;
  const fates = parts.map(([fate, count]) => `${formatCount(count)} ${fate}`).join(", ");
  return [fates === "" ? requests : `${requests}: ${fates}`];
}

function sumsText({ sums }: AuditReport): string {
  const { events, outboxes, items, members } = sums;
  const own = outboxes === undefined ? "not known" : formatCount(outboxes);
  return (
    `events ${formatCount(events)}, the outboxes' own ${own}, ` +
    `items ${formatCount(items)}, members ${formatCount(members)}`
  );
}

function readText({ ledger, read }: AuditReport): string {
  const { outboxes, incarnations, records, events, items } = read;
  const counts = [
    `${formatCount(outboxes)} outbox${outboxes === 1 ? "" : "es"}`,
    countOf(incarnations, "incarnation"),
    countOf(records, "record"),
    countOf(events, "event"),
  ];
  return `${counts.join(", ")}; ledger version ${ledger.version} with ${countOf(items, "item")}`;
}

function amountText({ events, likes }: { events: number; likes: bigint }): string {
  return `${countOf(events, "event")}, ${countOf(likes, "like")}`;
}

/** What a store or a giver says may be anything. */
function valueText(text: string): string {
  return fitText(escapeText(text), VALUE_COLUMNS_MAX);
}

/** The report as one JSON object; 64-bit numbers are text. */
export function verifyJson(report: AuditReport): unknown {
  const { outcome, divergences, missing, troubles, gaps, lost, givenUp, ...rest } = report;
  const value = {
    verdict: outcome,
    exact: outcome === "exact",
    givenUp,
    firstDivergence: divergences.first[0] ?? null,
    ...rest,
    divergences: { first: divergences.first, count: divergences.count },
    missing: { first: missing.first, count: missing.count },
    troubles: { first: troubles.first, count: troubles.count },
    gaps: { first: gaps.first, count: gaps.count },
    lost: { first: lost.first, count: lost.count },
    clients: report.clients ?? null,
  };
  return withText(value);
}

/** Numbers as text, wherever they are: what a store counts may have 64 bits. */
function withText(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(withText);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withText(one)]));
}
