/**
 * Finds one of several LikesServers that answers. Nothing is sent to any of them: the connection that
 * comes first is kept, so that what is given goes to one alone.
 */
import { setTimeout as pause } from "node:timers/promises";
import { REACH_PAUSE_MS } from "../../limits.ts";
import { monotonicMs } from "../../monotonic.ts";
import { LikesClient } from "./likes_client.ts";

/**
 * Connects to `addresses` in their order: to the next one when the one before has failed, or has not
 * answered for a moment. Returns the first client that is connected. Throws LikesError
 * `peer_unreachable`, of the first address, when none is within `timeoutMs`.
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
      const failed = attempt.catch(() => undefined); // it is one of the attempts, which all may fail
      const late = pause(REACH_PAUSE_MS, undefined, { ref: false });
      const first = Promise.any(attempts).catch(() => undefined); // the next may do better
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
