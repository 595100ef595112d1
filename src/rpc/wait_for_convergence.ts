/** Waits until everything that was acknowledged before now is counted, and shown everywhere. */
import { setTimeout } from "node:timers/promises";
import { LikesError } from "../errors.ts";
import { STATUS_INTERVAL_MIN_MS } from "../limits.ts";
import type { Status } from "../core/status.ts";
import { PrimaryClient } from "./primary_client.ts";

/** Between attempts to connect. */
const RETRY_PAUSE_MS = 250;

/**
 * Watches the primary at `address` until it is converged everywhere with an `as_of` at or after its
 * own time of the first answer. The connection is tried again until the timeout. `onStatus` sees each
 * answer. Throws LikesError `not_converged`, or `peer_unreachable` when no answer came at all.
 */
export async function waitForConvergence(
  address: string,
  timeoutMs: number,
  onStatus: (status: Status) => void,
): Promise<Status> {
  const deadline = AbortSignal.timeout(timeoutMs);
  let first: Status | undefined;
  let last: Status | undefined;
  while (!deadline.aborted) {
    const client = new PrimaryClient(address);
    try {
      for await (const status of client.watch(STATUS_INTERVAL_MIN_MS, deadline)) {
        first ??= status;
        last = status;
        onStatus(status);
        if (status.everywhere && status.asOfMs >= first.nowMs) return status;
      }
    } catch (error) {
      if (!(error instanceof LikesError && error.code === "peer_unreachable")) throw error;
      await setTimeout(RETRY_PAUSE_MS);
    } finally {
      client.close();
    }
  }
  throw notConverged(address, timeoutMs, last);
}

function notConverged(address: string, timeoutMs: number, last: Status | undefined): LikesError {
  if (last === undefined) {
    const message = `Cannot reach the primary at ${address} within ${timeoutMs} ms: nothing answers there`;
    return new LikesError("peer_unreachable", message);
  }
  const waiting = last.servers.filter(
    ({ state, pendingEvents }) => state !== "streaming" || pendingEvents > 0,
  );
  const names = waiting.map(({ serverId, state }) => `${serverId} (${state})`).slice(0, 10);
  const why = names.length > 0 ? `waiting for ${names.join(", ")}` : "as_of has not moved on";
  const message = `Cannot see convergence within ${timeoutMs} ms: ${last.convergence}, ${last.pendingEvents} events pending, ${why}`;
  return new LikesError("not_converged", message);
}
