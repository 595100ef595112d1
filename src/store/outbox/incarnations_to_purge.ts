/**
 * Which incarnations an outbox purges when it has too many. It never purges one that may hold likes
 * that no ledger has, or one that a ledger has open now.
 *
 * Among closed incarnations it purges the oldest. Idle ones, without events, count separately: a
 * crash loop leaves one at each start, and must not cost retained events. Among idle ones that wait
 * for delivery it purges the newest, beyond the first `closedMax` + 1. A ledger knows at most
 * these, because an incarnation is reported only once all older ones are closed.
 */
import type { IncarnationState } from "../../core/likes_server/outbox.ts";

/** Returns the incarnations to purge. `incarnations` are all of an outbox, oldest first. */
export function incarnationsToPurge(
  incarnations: readonly IncarnationState[],
  closedMax: number,
): readonly IncarnationState[] {
  const idle = incarnations.filter(({ last }) => last.sequence === 0);
  const others = incarnations.filter(({ last }) => last.sequence > 0);
  const waiting = idle.filter((one) => {
    return !one.closed && one.parked === undefined && one !== incarnations.at(-1);
  });
  return [
    ...oldestClosed(others, closedMax),
    ...oldestClosed(idle, closedMax),
    ...waiting.slice(closedMax + 1),
  ];
}

function oldestClosed(
  incarnations: readonly IncarnationState[],
  closedMax: number,
): readonly IncarnationState[] {
  const closed = incarnations.filter((one) => one.closed);
  return closed.slice(0, Math.max(0, closed.length - closedMax));
}
