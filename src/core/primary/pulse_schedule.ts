/**
 * When the next pulse is due, and what it says.
 *
 * A pulse is due at an interval, and soon after the total or the convergence has changed. A gap
 * between two pulses keeps a steady stream of changes from becoming a flood of pulses.
 */
import { PULSE_GAP_MIN_MS, PULSE_INTERVAL_MS } from "../../limits.ts";
import type { LedgerMeta } from "../ledger/rows.ts";
import type { Convergence, Pulse } from "../protocol/messages.ts";
import type { LogicalClock } from "./logical_clock.ts";
import { convergence } from "./status.ts";
import type { StatusView } from "./status.ts";

/** The pulses of a primary. */
export class PulseSchedule {
  readonly #clock: LogicalClock;
  /** What the newest pulse to all streams showed; the first one shows a change. */
  #lastPulse: Pick<Pulse, "version" | "convergence"> = { version: -1, convergence: "unknown" };
  /** When that pulse was sent, by the monotonic clock. */
  #lastPulseMs: number;

  constructor(clock: LogicalClock, startedMs: number) {
    this.#clock = clock;
    this.#lastPulseMs = startedMs;
  }

  /** Returns true when a pulse is to be sent to all streams. */
  isDue({ totalVersion }: LedgerMeta, state: Convergence, nowMs: number): boolean {
    const sinceMs = nowMs - this.#lastPulseMs;
    const hasChanged =
      totalVersion > this.#lastPulse.version || state !== this.#lastPulse.convergence;
    return sinceMs >= PULSE_INTERVAL_MS || (hasChanged && sinceMs >= PULSE_GAP_MIN_MS);
  }

  /** Returns a pulse with a new label, for one stream that lacks one. */
  next(view: StatusView, nowMs: number): Pulse {
    const { generation } = view;
    const { version, totalLikes, asOfMs } = view.meta;
    const pulseMs = this.#clock.tick(nowMs);
    const state = convergence(view, nowMs);
    return { type: "pulse", pulseMs, generation, version, totalLikes, asOfMs, convergence: state };
  }

  /** Returns a pulse for all streams. The next one of these waits for the interval or the gap. */
  nextForAll(view: StatusView, nowMs: number): Pulse {
    const pulse = this.next(view, nowMs);
    this.#lastPulse = pulse;
    this.#lastPulseMs = nowMs;
    return pulse;
  }
}
