/**
 * The total that a LikesServer shows: that of the newest answered pulse, and its own pending likes.
 */
import type { TotalView } from "./likes_server_events.ts";
import type { Pulse } from "../protocol/messages.ts";

/** The pulse that is shown, and the likes that its total lacks. */
export class ShownTotal {
  #shown:
    | {
        readonly pulse: Pulse;
        readonly receivedMs: number;
        /** Likes of this outbox that are known to be in the total of `pulse`. */
        readonly countedLikes: bigint;
      }
    | undefined;

  /** The pulse that is shown; undefined before the first. */
  get pulse(): Pulse | undefined {
    return this.#shown?.pulse;
  }

  /** Whether the ledger is shown in the version of `pulse`. */
  isAt({ generation, version }: Pulse): boolean {
    const { pulse } = this;
    return pulse?.generation === generation && pulse.version === version;
  }

  /** Shows `pulse`. Its total contains `countedLikes` of this outbox. */
  show(pulse: Pulse, countedLikes: bigint, nowMs: number): void {
    this.#shown = { pulse, receivedMs: nowMs, countedLikes };
  }

  /**
   * Returns the view at `nowMs`, when `acceptedLikes` are accepted; undefined before the first
   * pulse.
   */
  view(acceptedLikes: bigint, nowMs: number): TotalView | undefined {
    if (this.#shown === undefined) return undefined;
    const { pulse, receivedMs, countedLikes } = this.#shown;
    const pendingLikes = acceptedLikes - countedLikes;
    return { pulse, pulseAgeMs: Math.floor(nowMs - receivedMs), pendingLikes };
  }
}
