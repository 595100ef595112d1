/** The status of a primary over breaks of the connection, such as its own restarts. */
import { setTimeout as pause } from "node:timers/promises";
import { LikesError } from "../errors.ts";
import type { FaultCode } from "../errors.ts";
import { monotonicMs } from "../monotonic.ts";
import type { Status } from "../core/status.ts";
import { PrimaryClient } from "./primary_client.ts";

/** Between two attempts to connect. */
const RETRY_PAUSE_MS = 100;

/** How a status is followed. */
export interface FollowOptions {
  readonly intervalMs: number;
  /** How long the first answer may take before `peer_unreachable` is thrown; 0: it must be there. */
  readonly firstMaxMs: number;
  /** The same for every later answer. */
  readonly awayMaxMs: number;
  /** Ends the following without an error. */
  readonly signal?: AbortSignal;
  /** Called once an outage, with the reason. */
  readonly onAway?: (reason: LikesError) => void;
}

/** The status of the primary at `address`, at once and then every interval. Throws LikesError. */
export async function* followStatus(
  address: string,
  { intervalMs, firstMaxMs, awayMaxMs, signal, onAway }: FollowOptions,
): AsyncGenerator<Status> {
  let lateMs = monotonicMs() + firstMaxMs;
  let away = false;
  while (!signal?.aborted) {
    const client = new PrimaryClient(address);
    try {
      for await (const status of client.watch(intervalMs, signal)) {
        lateMs = monotonicMs() + awayMaxMs;
        away = false;
        yield status;
      }
    } catch (error) {
      if (!isOutage(error) || monotonicMs() >= lateMs) throw error;
      if (!away) onAway?.(error);
      away = true;
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
