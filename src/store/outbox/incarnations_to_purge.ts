/**
 * Which incarnations an outbox forgets because it has too many: never one that may hold likes which no
 * ledger has, nor one that a ledger has open now.
 *
 * Of those that are closed the oldest go. Idle ones, in which nothing was accepted, count for
 * themselves: a crash loop leaves one at each start, and must cost no event that is retained. Of idle
 * ones that wait to be delivered the newest go. A life is reported only once those before it are
 * closed, so a ledger has heard of the first `closedMax` + 1 of them at the most.
 */
import type { IncarnationState } from "../../core/likes_server/outbox.ts";

/** Those of `incarnations`, oldest first, that are too many where each kind may have `closedMax`. */
export function livesToForget(
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
