/** The verdict of a run with its evidence, as text and as JSON. */
import { formatDuration } from "../text/duration.ts";
import { shellWord } from "../text/escape.ts";
import { countOf, formatCount } from "../text/numbers.ts";
import type { RunResult, ServerResult } from "./run_result.ts";
import type { GeneratorTally, Shown, Verdict } from "./verdict.ts";

/** Names listed in one line. */
const SERVERS_NAMED_MAX = 12;
/** Generators listed because they skipped the largest share of their due events. */
const LATE_NAMED_MAX = 3;
/** Times up to this are shown in tenths of a second, longer ones in whole seconds. */
const TENTHS_SHOWN_MS = 9_900;

/**
 * Returns the verdict on the first line, then the evidence and the next command:
 *
 *     EXACT 1,303 likes in 62 events; converged 0.4 s after the last like
 *     sums   outboxes 1,303, seed 1,303, primary 1,303; 11 of 11 processes agree
 *     added  62 of 62 due events
 *     next   npx likes verify --data-dir /tmp/likes-vOr5AT
 */
export function verdictText(result: RunResult, { dataDir }: { readonly dataDir: string }): string {
  const { verdict } = result;
  return [
    headText(result),
    `sums   ${sumsText(verdict)}`,
    `added  ${addedText(verdict)}`,
    `next   ${verifyCommand(dataDir)}`,
  ].join("\n");
}

/** Returns the command that proves the total from the events, independently of this parent. */
function verifyCommand(dataDir: string): string {
  return `npx likes verify --data-dir ${shellWord(dataDir)}`;
}

function headText(result: RunResult): string {
  const { outcome, acceptedLikes, events } = result.verdict;
  if (outcome === "undecided") return `UNDECIDED: ${undecidedText(result.verdict)}`;
  const likes = `${countOf(acceptedLikes, "like")} in ${countOf(events, "event")}`;
  const parts = [
    `${outcome === "exact" ? "EXACT" : "NOT EXACT"} ${likes}`,
    convergenceText(result),
    ...(result.givenUp ? ["a process kept crashing"] : []),
  ];
  return parts.join("; ");
}

/** Returns why there is no verdict. Sums that agree prove nothing when nothing was added. */
function undecidedText({ unreadable, generators, idle }: Verdict): string {
  if (unreadable.length > 0) return listText(unreadable, "; ");
  const due = generators.filter(({ dueEvents }) => dueEvents > 0);
  const names = idle.map(({ serverId }) => serverId);
  const who = idle.length === due.length ? "the generators" : listText(names, ", ");
  const events = sumOfDue(idle);
  const wereDue = `${countOf(events, "event")} ${events === 1 ? "was" : "were"} due`;
  return `the sums agree, but ${who} added nothing although ${wereDue}`;
}

/** Returns `outboxes 100, seed 100, primary 99; 2 of 3 processes agree; primary shows 99 (-1)`. */
function sumsText(verdict: Verdict): string {
  const { acceptedLikes, seedLikes, totalLikes, differing, showing, unreadable } = verdict;
  const primary = totalLikes === undefined ? "does not answer" : formatCount(totalLikes);
  const sums = [
    `outboxes ${formatCount(acceptedLikes)}${unreadable.length > 0 ? " (some unreadable)" : ""}`,
    ...(seedLikes === undefined ? [] : [`seed ${formatCount(seedLikes)}`]),
    `primary ${primary}`,
  ];
  const all = showing + differing.length;
  const differences = differing.map((one) => differenceText(one, acceptedLikes));
  return [
    sums.join(", "),
    `${showing} of ${all} processes agree`,
    ...(differences.length > 0 ? [listText(differences, ", ")] : []),
    ...(seedLikes === undefined
      ? ["no seed sum: not all likes come from this run's generators"]
      : []),
  ].join("; ");
}

/** Returns `60 of 62 due events; late or away: likes-server-3 skipped 2 of 6`. */
function addedText({ generators }: Verdict): string {
  const late = generators
    .map(({ serverId, dueEvents, addedEvents = dueEvents }) => {
      return { serverId, dueEvents, skipped: dueEvents - addedEvents };
    })
    .filter(({ skipped }) => skipped > 0)
    .toSorted((a, b) => b.skipped / b.dueEvents - a.skipped / a.dueEvents)
    .map(({ serverId, dueEvents, skipped }) => `${serverId} skipped ${skipped} of ${dueEvents}`);
  const due = countOf(sumOfDue(generators), "due event");
  const added = `${formatCount(sumOfAdded(generators))} of ${due}`;
  return late.length === 0
    ? added
    : `${added}; late or away: ${listText(late, ", ", LATE_NAMED_MAX)}`;
}

function sumOfDue(generators: readonly GeneratorTally[]): number {
  return generators.reduce((sum, { dueEvents }) => sum + dueEvents, 0);
}

function sumOfAdded(generators: readonly GeneratorTally[]): number {
  return generators.reduce((sum, { addedEvents = 0 }) => sum + addedEvents, 0);
}

function convergenceText({ verdict, convergedAfterMs }: RunResult): string {
  const { converged, newEvents, outstanding } = verdict;
  if (!converged) {
    const why = outstanding.length === 0 ? "" : ` (${listText(outstanding, ", ")})`;
    return `not converged in time${why}`;
  }
  if (newEvents === 0 || convergedAfterMs === undefined) return "converged; no likes were added";
  // Rounded up: the time shown is never shorter than the real one.
  const stepMs = convergedAfterMs <= TENTHS_SHOWN_MS ? 100 : 1_000;
  const shownMs = Math.ceil(convergedAfterMs / stepMs) * stepMs;
  return `converged ${formatDuration(shownMs)} after the last like`;
}

function listText(
  texts: readonly string[],
  separator: string,
  namedMax = SERVERS_NAMED_MAX,
): string {
  const named = texts.slice(0, namedMax);
  const more = texts.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}

/** Returns `primary shows 6,200 (-31)`. */
function differenceText({ name, totalLikes }: Shown, acceptedLikes: bigint): string {
  if (totalLikes === undefined) return `${name} does not answer`;
  const difference = totalLikes - acceptedLikes;
  const sign = difference < 0n ? "-" : "+";
  const size = formatCount(difference < 0n ? -difference : difference);
  return `${name} shows ${formatCount(totalLikes)} (${sign}${size})`;
}

/** Facts about a run besides its result, for the JSON. */
export interface VerdictContext {
  readonly seed: number;
  readonly logDir: string;
  readonly dataDir: string;
  /** Number of logs that had lines of earlier roles and were emptied. */
  readonly emptiedLogs: number;
}

/** Returns the verdict as one JSON object. 64-bit numbers are strings. */
export function verdictJson(result: RunResult, context: VerdictContext): Record<string, unknown> {
  const { verdict, servers } = result;
  return {
    verdict: verdict.outcome,
    exact: verdict.outcome === "exact",
    converged: verdict.converged && !result.givenUp,
    totalLikes: text(verdict.totalLikes),
    acceptedLikes: text(verdict.acceptedLikes),
    seedLikes: text(verdict.seedLikes),
    showing: verdict.showing,
    differing: verdict.differing.map(({ name, totalLikes }) => ({
      name,
      totalLikes: text(totalLikes),
    })),
    events: text(verdict.events),
    dueEvents: text(sumOfDue(verdict.generators)),
    addedEvents: text(sumOfAdded(verdict.generators)),
    idle: verdict.idle.map(({ serverId }) => serverId),
    convergedAfterMs: result.convergedAfterMs ?? null,
    durationMs: result.durationMs,
    givenUp: result.givenUp,
    primaryRestarts: result.primaryRestarts,
    ...context,
    next: verifyCommand(context.dataDir),
    unreadable: verdict.unreadable,
    outstanding: verdict.outstanding,
    servers: servers.map((server) => serverJson(server, verdict)),
  };
}

function serverJson(server: ServerResult, { generators }: Verdict): Record<string, unknown> {
  const { serverId, intervalMs, restarts } = server;
  const generator = generators.find((one) => one.serverId === serverId);
  return {
    serverId,
    intervalMs,
    restarts,
    dueEvents: text(generator?.dueEvents),
    addedEvents: text(generator?.addedEvents),
    events: text(server.events),
    acceptedLikes: text(server.acceptedLikes),
    knownTotalLikes: text(server.knownTotalLikes),
  };
}

function text(value: bigint | number | undefined): string | null {
  return value === undefined ? null : String(value);
}
