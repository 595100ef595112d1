/**
 * Connects to one of several LikesServers. It only connects, and sends nothing. The first
 * connection is kept: likes must go to one server only.
 */
import { setTimeout as pause } from "node:timers/promises";
import { REACH_PAUSE_MS } from "../../limits.ts";
import { monotonicMs } from "../../monotonic.ts";
import { LikesClient } from "./likes_client.ts";

/**
 * Connects to `addresses` in order. Tries the next one when the one before has failed, or has not
 * answered within REACH_PAUSE_MS. Returns the first connected client. When none connects within
 * `timeoutMs`, throws the LikesError `peer_unreachable` of the first address.
 */
export async function reachFirst(
  addresses: readonly string[],
  timeoutMs: number,
): Promise<LikesClient> {
  const untilMs = monotonicMs() + timeoutMs;
  const clients: LikesClient[] = [];
  const attempts: Promise<LikesClient>[] = [];
  let reached: LikesClient | undefined;
  try {
    for (const address of addresses) {
      const client = new LikesClient(address);
      const attempt = client.reach(untilMs - monotonicMs()).then(() => client);
      clients.push(client);
      attempts.push(attempt);
      const failed = attempt.catch(() => undefined); // then the next address is tried at once
      const late = pause(REACH_PAUSE_MS, undefined, { ref: false });
      const first = Promise.any(attempts).catch(() => undefined); // the next attempt may succeed
      reached = await Promise.race([first, failed, late]);
      if (reached !== undefined) return reached;
    }
    reached = await Promise.any(attempts);
    return reached;
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    for (const client of clients) if (client !== reached) client.close();
  }
}
