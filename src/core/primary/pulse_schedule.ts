/**
 * When the next pulse is due, and what it says.
 *
 * A pulse is due at an interval, and soon after a change of total or convergence. A least gap
 * between pulses bounds their rate under steady change.
 */
import { PULSE_GAP_MIN_MS, PULSE_INTERVAL_MS } from "../../limits.ts";
import type { LedgerMeta } from "../ledger/rows.ts";
import type { Convergence, Pulse } from "../protocol/messages.ts";
import type { LogicalClock } from "./logical_clock.ts";
import { convergence } from "./status.ts";
import type { StatusView } from "./status.ts";

/** The pulse schedule of a primary. */
export class PulseSchedule {
  readonly #clock: LogicalClock;
  /** What the newest pulse to all streams showed. Initially older than anything. */
  #lastPulse: Pick<Pulse, "version" | "convergence"> = { version: -1, convergence: "unknown" };
  /** When that pulse was sent, by the monotonic clock. */
  #lastPulseMs: number;

  constructor(clock: LogicalClock, startedMs: number) {
    this.#clock = clock;
    this.#lastPulseMs = startedMs;
  }

  /** Returns true when a pulse to all streams is due at `nowMs`. */
  isDue({ totalVersion }: LedgerMeta, state: Convergence, nowMs: number): boolean {
    const sinceMs = nowMs - this.#lastPulseMs;
    const hasChanged =
      totalVersion > this.#lastPulse.version || state !== this.#lastPulse.convergence;
    return sinceMs >= PULSE_INTERVAL_MS || (hasChanged && sinceMs >= PULSE_GAP_MIN_MS);
  }

  /** Returns a pulse with a new pulse time, for one stream. */
  next(view: StatusView, nowMs: number): Pulse {
    const { generation } = view;
    const { version, totalLikes, asOfMs } = view.meta;
    const pulseMs = this.#clock.tick(nowMs);
    const state = convergence(view, nowMs);
    return { type: "pulse", pulseMs, generation, version, totalLikes, asOfMs, convergence: state };
  }

  /** Returns a pulse for all streams, and restarts the interval. */
  nextForAll(view: StatusView, nowMs: number): Pulse {
    const pulse = this.next(view, nowMs);
    this.#lastPulse = pulse;
    this.#lastPulseMs = nowMs;
    return pulse;
  }
}
