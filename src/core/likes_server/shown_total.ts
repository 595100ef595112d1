/**
 * The total as a LikesServer shows it: what the newest answered pulse said, beside its own likes.
 */
import type { TotalView } from "./likes_server_events.ts";
import type { Pulse } from "../protocol/messages.ts";

/** The pulse that is shown. */
export class ShownTotal {
  #shown:
    | {
        readonly pulse: Pulse;
        readonly receivedMs: number;
        /** Likes of this outbox that were known to be in the total of `pulse`. */
        readonly countedLikes: bigint;
      }
    | undefined;

  /** The pulse that is shown; undefined before the first. */
  get pulse(): Pulse | undefined {
    return this.#shown?.pulse;
  }

  /** Shows `pulse`, whose total contains `countedLikes` of this outbox. */
  show(pulse: Pulse, countedLikes: bigint, nowMs: number): void {
    this.#shown = { pulse, receivedMs: nowMs, countedLikes };
  }

  /**
   * Returns what is shown at `nowMs` when `acceptedLikes` were accepted; undefined before a pulse.
   */
  view(acceptedLikes: bigint, nowMs: number): TotalView | undefined {
    if (this.#shown === undefined) return undefined;
    const { pulse, receivedMs, countedLikes } = this.#shown;
    const pendingLikes = acceptedLikes - countedLikes;
    return { pulse, pulseAgeMs: Math.floor(nowMs - receivedMs), pendingLikes };
  }
}
