/** Waits until everything acknowledged so far is counted, and shown everywhere. */
import { LikesError } from "../../errors.ts";
import { STATUS_INTERVAL_MIN_MS } from "../../limits.ts";
import { troubleText } from "../../core/primary/status.ts";
import type { Status } from "../../core/primary/status.ts";
import { followStatus } from "./follow_status.ts";

/** LikesServers that an error lists. */
const NAMED_MAX = 10;

/**
 * Watches the primary at `address` until it is converged everywhere, with an `as_of` not before the
 * primary's time in its first answer. A restart begins a new generation, whose first answer then
 * counts: after a step back of the wall clock, its time resumes right after the committed `as_of`.
 * Reconnects until the timeout. `onStatus` gets each answer. Throws LikesError `not_converged`, or
 * `peer_unreachable` without any answer.
 */
export async function waitForConvergence(
  address: string,
  timeoutMs: number,
  onStatus: (status: Status) => void,
): Promise<Status> {
  const signal = AbortSignal.timeout(timeoutMs);
  const retrying = { awayMaxMs: Infinity, mustBeThere: false };
  let away: LikesError | undefined;
  const onAway = (reason: LikesError): void => void (away = reason);
  const options = { ...retrying, intervalMs: STATUS_INTERVAL_MIN_MS, signal, onAway };
  let first: Status | undefined;
  let last: Status | undefined;
  for await (const status of followStatus(address, options)) {
    if (status.generation !== first?.generation) first = status;
    last = status;
    onStatus(status);
    if (status.everywhere && status.asOfMs >= first.nowMs) return status;
  }
  throw last === undefined ? neverReached(address, timeoutMs, away) : notConverged(timeoutMs, last);
}

function neverReached(
  address: string,
  timeoutMs: number,
  away: LikesError | undefined,
): LikesError {
  const nothing = `Cannot reach the primary at ${address}: nothing answers there`;
  const message = `${away?.message ?? nothing}; tried for ${timeoutMs} ms`;
  return new LikesError("peer_unreachable", message);
}

function notConverged(timeoutMs: number, last: Status): LikesError {
  const { servers, pendingEvents, convergence, foreignServers, unrecorded } = last;
  const late = servers.filter((one) => {
    return one.state === "silent" || one.troubleCount > 0 || one.pendingEvents > 0;
  });
  const members = late.map(({ serverId, outboxId, state, troubleCount }) => {
    if (troubleCount === 0) return `${serverId} (${state})`;
    const listed = last.troubles.find((one) => one.outboxId === outboxId);
    const trouble = listed === undefined ? "trouble" : `trouble: ${troubleText(listed)}`;
    return `${serverId} (${state === "silent" ? `silent, ${trouble}` : trouble})`;
  });
  const others = foreignServers.map(({ serverId, ledgerId }) => {
    return `${serverId} (${ledgerId === undefined ? "with another secret" : "of another ledger"})`;
  });
  const waiting = unrecorded.map(({ serverId, kind }) => `${serverId} (${kind} not recorded)`);
  const names = [...members, ...waiting, ...others].slice(0, NAMED_MAX);
  const why = names.length > 0 ? `waiting for ${names.join(", ")}` : "as_of has not moved on";
  const found = `${convergence.toUpperCase()}, ${pendingEvents} events pending, ${why}`;
  return new LikesError("not_converged", `Cannot converge within ${timeoutMs} ms: ${found}`);
}
