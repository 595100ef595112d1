/** Follows a primary's status across lost connections, such as during its restarts. */
import { setTimeout as pause } from "node:timers/promises";
import { LikesError } from "../../errors.ts";
import type { FaultCode } from "../../errors.ts";
import { CALL_WAIT_DEFAULT_MS } from "../../limits.ts";
import { monotonicMs } from "../../monotonic.ts";
import type { Status } from "../../core/primary/status.ts";
import { PrimaryClient } from "./primary_client.ts";

/** Pause between attempts to connect. */
const RETRY_PAUSE_MS = 100;

/** Options for following a status. */
export interface FollowOptions {
  readonly intervalMs: number;
  /** How long the primary may be away before `peer_unreachable` is thrown. */
  readonly awayMaxMs: number;
  /** Whether a failed first attempt throws. */
  readonly mustBeThere: boolean;
  /** Ends without an error when aborted. */
  readonly signal?: AbortSignal;
  /** Called once per outage, with the reason. */
  readonly onAway?: (reason: LikesError) => void;
}

/**
 * Yields the status of the primary at `address`, at once and then every interval. Throws
 * LikesError.
 */
export async function* followStatus(
  address: string,
  { intervalMs, awayMaxMs, mustBeThere, signal, onAway }: FollowOptions,
): AsyncGenerator<Status> {
  // Half the time, which leaves a silent primary in time for another attempt.
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

/** Faults after which a retry may succeed. */
const OUTAGES: readonly FaultCode[] = ["peer_unreachable", "stopping", "watcher_stalled"];

function isOutage(error: unknown): error is LikesError {
  return error instanceof LikesError && OUTAGES.includes(error.code);
}
