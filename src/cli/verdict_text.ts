/** The verdict of a run, as a sentence and as JSON. */
import type { RunResult } from "../orchestrator/run.ts";
import type { Shown } from "../orchestrator/verdict.ts";
import { formatDuration } from "./duration.ts";
import { formatCount } from "./numbers.ts";

/** Processes that a sentence names. */
const NAMED_MAX = 12;
/** The convergence is told to a tenth of a second, never better than it was. */
const TENTH_MS = 100;

/** `EXACT 6,231 likes in 1,042 events; 11 of 11 processes show it; …` on one line. */
export function verdictText({ verdict, convergedAfterMs, givenUp }: RunResult): string {
  const { outcome, acceptedLikes, events, differing, showing, unreadable } = verdict;
  if (outcome === "undecided") return `CANNOT BE DECIDED: ${unreadable.join("; ")}`;
  const likes = `${formatCount(acceptedLikes)} likes in ${formatCount(events)} events`;
  const processes = `${showing} of ${showing + differing.length} processes show it`;
  const parts = [`${outcome === "exact" ? "EXACT" : "NOT EXACT"} ${likes}`, processes];
  const named = differing.slice(0, NAMED_MAX).map((one) => differenceText(one, acceptedLikes));
  if (named.length > 0) parts.push(named.join(", "));
  if (differing.length > NAMED_MAX) parts.push(`and ${differing.length - NAMED_MAX} more`);
  const { seedLikes } = verdict;
  if (seedLikes !== undefined && seedLikes !== acceptedLikes) {
    parts.push(`the seed gives ${formatCount(seedLikes)}`);
  }
  if (convergedAfterMs !== undefined) {
    const roundedUpMs = Math.ceil(convergedAfterMs / TENTH_MS) * TENTH_MS;
    parts.push(`converged ${formatDuration(roundedUpMs)} after the last like`);
  } else {
    parts.push("not converged in time");
  }
  if (givenUp) parts.push("a process was given up");
  return parts.join("; ");
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
