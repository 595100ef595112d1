/** Waits until everything that was acknowledged before now is counted, and shown everywhere. */
import { LikesError } from "../../errors.ts";
import { STATUS_INTERVAL_MIN_MS } from "../../limits.ts";
import { troubleText } from "../../core/primary/status.ts";
import type { Status } from "../../core/primary/status.ts";
import { followStatus } from "./follow_status.ts";

/** LikesServers that an error names. */
const NAMED_MAX = 10;

/**
 * Watches the primary at `address` until it is converged everywhere with an `as_of` at or after its
 * own time of the first answer. After a restart, the first answer is that of the new generation: if
 * the wall clock was set back meanwhile, its time begins anew right after the committed `as_of`. The
 * connection is tried again until the timeout. `onStatus` sees each answer. Throws LikesError
 * `not_converged`, or `peer_unreachable` when no answer came at all.
 */
export async function waitForConvergence(
  address: string,
  timeoutMs: number,
  onStatus: (status: Status) => void,
): Promise<Status> {
  const signal = AbortSignal.timeout(timeoutMs);
  const patient = { awayMaxMs: Infinity, mustBeThere: false };
  let away: LikesError | undefined;
  const onAway = (reason: LikesError): void => void (away = reason);
  const options = { ...patient, intervalMs: STATUS_INTERVAL_MIN_MS, signal, onAway };
  let first: Status | undefined;
  let last: Status | undefined;
  for await (const status of followStatus(address, options)) {
    if (status.generation !== first?.generation) first = status;
    last = status;
    onStatus(status);
    if (status.everywhere && status.asOfMs >= first.nowMs) return status;
  }
  throw last === undefined ? neverThere(address, timeoutMs, away) : notConverged(timeoutMs, last);
}

function neverThere(address: string, timeoutMs: number, away: LikesError | undefined): LikesError {
  const nothing = `Cannot reach the primary at ${address}: nothing answers there`;
  const message = `${away?.message ?? nothing}; it was tried for ${timeoutMs} ms`;
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
  const others = foreignServers.map(({ serverId }) => `${serverId} (of another ledger)`);
  const waiting = unrecorded.map(({ serverId, kind }) => `${serverId} (${kind} not recorded)`);
  const names = [...members, ...waiting, ...others].slice(0, NAMED_MAX);
  const why = names.length > 0 ? `waiting for ${names.join(", ")}` : "as_of has not moved on";
  const found = `${convergence.toUpperCase()}, ${pendingEvents} events pending, ${why}`;
  return new LikesError("not_converged", `Cannot see convergence in ${timeoutMs} ms: ${found}`);
}
