/** The verdict of a run, as a sentence and as JSON. */
import { formatDuration } from "../cli/duration.ts";
import { formatCount } from "../cli/numbers.ts";
import type { RunResult } from "./run.ts";
import type { Shown } from "./verdict.ts";

/** Names in a list of a sentence. */
const NAMED_MAX = 12;
/** A time is told to a tenth of a second up to this, and to a second above. */
const TENTHS_TOLD_MS = 9_900;

/** `EXACT 6,231 likes in 1,042 events; 11 of 11 processes show it; …` on one line. */
export function verdictText({ verdict, convergedAfterMs, givenUp }: RunResult): string {
  const { outcome, acceptedLikes, events, differing, showing, unreadable, seedLikes } = verdict;
  if (outcome === "undecided") return `CANNOT BE DECIDED: ${listText(unreadable, "; ")}`;
  const likes = `${formatCount(acceptedLikes)} likes in ${formatCount(events)} events`;
  const parts = [
    `${outcome === "exact" ? "EXACT" : "NOT EXACT"} ${likes}`,
    `${showing} of ${showing + differing.length} processes show it`,
  ];
  const differences = differing.map((one) => differenceText(one, acceptedLikes));
  if (differences.length > 0) parts.push(listText(differences, ", "));
  if (seedLikes !== undefined && seedLikes !== acceptedLikes) {
    parts.push(`the seed gives ${formatCount(seedLikes)}`);
  }
  parts.push(convergenceText(convergedAfterMs, verdict.outstanding));
  if (givenUp) parts.push("a process was given up");
  return parts.join("; ");
}

function convergenceText(
  convergedAfterMs: number | undefined,
  outstanding: readonly string[],
): string {
  if (convergedAfterMs === undefined) {
    const why = outstanding.length === 0 ? "" : ` (${listText(outstanding, ", ")})`;
    return `not converged in time${why}`;
  }
  // Rounded up: never told better than it was.
  const stepMs = convergedAfterMs <= TENTHS_TOLD_MS ? 100 : 1_000;
  const toldMs = Math.ceil(convergedAfterMs / stepMs) * stepMs;
  return `converged ${formatDuration(toldMs)} after the last like`;
}

function listText(texts: readonly string[], separator: string): string {
  const named = texts.slice(0, NAMED_MAX);
  const more = texts.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}

/** `primary shows 6,200 (-31)`. */
function differenceText({ name, totalLikes }: Shown, acceptedLikes: bigint): string {
  if (totalLikes === undefined) return `${name} does not answer`;
  const difference = totalLikes - acceptedLikes;
  const sign = difference < 0n ? "-" : "+";
  const size = formatCount(difference < 0n ? -difference : difference);
  return `${name} shows ${formatCount(totalLikes)} (${sign}${size})`;
}

/** What a program needs to know about the run besides its result. */
export interface VerdictContext {
  readonly seed: number;
  readonly logDir: string;
  readonly dataDir: string;
}

/** The verdict as one JSON object; 64-bit numbers are text. */
export function verdictJson(result: RunResult, context: VerdictContext): Record<string, unknown> {
  const { verdict, servers } = result;
  return {
    verdict: verdict.outcome,
    exact: verdict.outcome === "exact",
    converged: verdict.converged && !result.givenUp,
    totalLikes: text(verdict.totalLikes),
    acceptedLikes: text(verdict.acceptedLikes),
    seedLikes: text(verdict.seedLikes),
    events: text(verdict.events),
    convergedAfterMs: result.convergedAfterMs ?? null,
    durationMs: result.durationMs,
    givenUp: result.givenUp,
    ...context,
    unreadable: verdict.unreadable,
    outstanding: verdict.outstanding,
    servers: servers.map((server) => ({
      serverId: server.serverId,
      intervalMs: server.intervalMs,
      events: text(server.events),
      acceptedLikes: text(server.acceptedLikes),
      knownTotalLikes: text(server.knownTotalLikes),
    })),
  };
}

function text(value: bigint | number | undefined): string | null {
  return value === undefined ? null : String(value);
}
