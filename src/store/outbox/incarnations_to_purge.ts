/**
 * Which incarnations an outbox purges because it has too many. It never purges one that may hold
 * likes which no ledger has, nor one that a ledger has open now.
 *
 * Of closed incarnations the oldest go. Idle ones, in which nothing was accepted, count separately:
 * a crash loop leaves one at each start, and must not cost retained events. Of idle ones that wait
 * to be delivered the newest go. An incarnation is reported only once all older ones are closed, so
 * a ledger knows at most the first `closedMax` + 1 of them.
 */
import type { IncarnationState } from "../../core/likes_server/outbox.ts";

/** Returns those of `incarnations`, oldest first, that exceed `closedMax` of their kind. */
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
