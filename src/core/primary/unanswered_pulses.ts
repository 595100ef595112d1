/**
 * The unanswered pulses of one stream, oldest first.
 *
 * A report answers one of them, which settles the older ones. A stream with PULSES_UNANSWERED_MAX
 * unanswered pulses gets no more, so the list is bounded.
 */
import { assert } from "../../assert.ts";
import { PULSES_UNANSWERED_MAX } from "../../limits.ts";

interface SentPulse {
  /** The pulse time. Increases from pulse to pulse. */
  readonly pulseMs: number;
  /** When the pulse was sent, by the monotonic clock. */
  readonly sentMs: number;
}

/** The unanswered pulses of a stream. */
export class UnansweredPulses {
  #pulses: readonly SentPulse[] = [];

  /** Whether no pulse may be sent before one is answered. */
  get isFull(): boolean {
    return this.#pulses.length >= PULSES_UNANSWERED_MAX;
  }

  has(pulseMs: number): boolean {
    return this.#pulses.some((pulse) => pulse.pulseMs === pulseMs);
  }

  add(pulse: SentPulse): void {
    assert(!this.isFull, "no pulse is sent while too many are unanswered");
    const newest = this.#pulses.at(-1);
    assert(newest === undefined || newest.pulseMs < pulse.pulseMs, "pulse times increase");
    this.#pulses = [...this.#pulses, pulse];
  }

  /**
   * Drops the pulse of that time and all older ones. Returns when it was sent, by the monotonic
   * clock.
   */
  answer(pulseMs: number): number {
    const answered = this.#pulses.find((pulse) => pulse.pulseMs === pulseMs);
    assert(answered !== undefined, "a report answers an unanswered pulse");
    this.#pulses = this.#pulses.filter((pulse) => pulse.pulseMs > pulseMs);
    return answered.sentMs;
  }
}
