/**
 * The pulses of one stream that its LikesServer has not answered, oldest first.
 *
 * A report answers one of them, which makes the older ones moot. A stream that answers none of
 * PULSES_UNANSWERED_MAX gets no more, so the list is bounded.
 */
import { assert } from "../../assert.ts";
import { PULSES_UNANSWERED_MAX } from "../../limits.ts";

interface SentPulse {
  /** The label. Each is above the one before it. */
  readonly pulseMs: number;
  /** When the pulse was sent, by the monotonic clock. */
  readonly sentMs: number;
}

/** The unanswered pulses of a stream. */
export class UnansweredPulses {
  #pulses: readonly SentPulse[] = [];

  /** True when no more pulses may be sent before one is answered. */
  get isFull(): boolean {
    return this.#pulses.length >= PULSES_UNANSWERED_MAX;
  }

  has(pulseMs: number): boolean {
    return this.#pulses.some((pulse) => pulse.pulseMs === pulseMs);
  }

  add(pulse: SentPulse): void {
    assert(!this.isFull, "no pulse is sent while too many are unanswered");
    const newest = this.#pulses.at(-1);
    assert(newest === undefined || newest.pulseMs < pulse.pulseMs, "labels of pulses increase");
    this.#pulses = [...this.#pulses, pulse];
  }

  /** Drops the pulse of that label and the older ones. Returns when that pulse was sent. */
  answer(pulseMs: number): number {
    const answered = this.#pulses.find((pulse) => pulse.pulseMs === pulseMs);
    assert(answered !== undefined, "a report answers an unanswered pulse");
    this.#pulses = this.#pulses.filter((pulse) => pulse.pulseMs > pulseMs);
    return answered.sentMs;
  }
}
