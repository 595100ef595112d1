/** The status of a primary over breaks of the connection, such as its own restarts. */
import { setTimeout as pause } from "node:timers/promises";
import { LikesError } from "../../errors.ts";
import type { FaultCode } from "../../errors.ts";
import { CALL_WAIT_DEFAULT_MS } from "../../limits.ts";
import { monotonicMs } from "../../monotonic.ts";
import type { Status } from "../../core/primary/status.ts";
import { PrimaryClient } from "./primary_client.ts";

/** Between two attempts to connect. */
const RETRY_PAUSE_MS = 100;

/** How a status is followed. */
export interface FollowOptions {
  readonly intervalMs: number;
  /** How long the primary may be away before `peer_unreachable` is thrown. */
  readonly awayMaxMs: number;
  /** Whether it has to answer at the first attempt. */
  readonly mustBeThere: boolean;
  /** Ends the following without an error. */
  readonly signal?: AbortSignal;
  /** Called once an outage, with the reason. */
  readonly onAway?: (reason: LikesError) => void;
}

/** The status of the primary at `address`, at once and then every interval. Throws LikesError. */
export async function* followStatus(
  address: string,
  { intervalMs, awayMaxMs, mustBeThere, signal, onAway }: FollowOptions,
): AsyncGenerator<Status> {
  // One that falls silent is left in time for another attempt.
  const lateMs = Math.min(CALL_WAIT_DEFAULT_MS, awayMaxMs / 2);
  let untilMs = monotonicMs() + awayMaxMs;
  let isAway = false;
  let mayBeAway = !mustBeThere;
  while (!signal?.aborted) {
    const client = new PrimaryClient(address);
    const firstMs = Math.min(CALL_WAIT_DEFAULT_MS, Math.max(untilMs - monotonicMs(), 1));
    try {
      for await (const status of client.watch({ intervalMs, firstMs, lateMs, signal })) {
        untilMs = monotonicMs() + awayMaxMs;
        isAway = false;
        mayBeAway = true;
        yield status;
      }
    } catch (error) {
      if (!isOutage(error) || !mayBeAway || monotonicMs() >= untilMs) throw error;
      if (!isAway) onAway?.(error);
      isAway = true;
    } finally {
      client.close();
    }
    await pause(RETRY_PAUSE_MS);
  }
}

/** What calling again may help with: no connection, a primary that stops, our own pause. */
const OUTAGES: readonly FaultCode[] = ["peer_unreachable", "stopping", "watcher_stalled"];

function isOutage(error: unknown): error is LikesError {
  return error instanceof LikesError && OUTAGES.includes(error.code);
}
