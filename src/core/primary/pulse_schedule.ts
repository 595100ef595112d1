/**
 * When the next pulse is due, and what it says.
 *
 * A pulse is due at an interval, and soon after a change of total or convergence. A least gap
 * between pulses bounds their rate under steady change. It is longer for many streams.
 */
import {
  PULSE_GAP_MAX_MS,
  PULSE_GAP_MIN_MS,
  PULSE_GAP_OF_STREAM_MS,
  PULSE_INTERVAL_MS,
} from "../../limits.ts";
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

  /** Returns true when a pulse to all `streams` is due for a new total at `nowMs`. */
  isDueForTotal({ totalVersion }: LedgerMeta, streams: number, nowMs: number): boolean {
    const hasChanged = totalVersion > this.#lastPulse.version;
    return hasChanged && nowMs - this.#lastPulseMs >= pulseGapMs(streams);
  }

  /** Returns true when a pulse to all `streams` is due at `nowMs`, for whatever reason. */
  isDue(meta: LedgerMeta, state: Convergence, streams: number, nowMs: number): boolean {
    const sinceMs = nowMs - this.#lastPulseMs;
    const hasChanged = state !== this.#lastPulse.convergence && sinceMs >= pulseGapMs(streams);
    const isForTotal = this.isDueForTotal(meta, streams, nowMs);
    return sinceMs >= PULSE_INTERVAL_MS || hasChanged || isForTotal;
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

/** Returns the least time between pulses to so many streams. */
function pulseGapMs(streams: number): number {
  const gapMs = streams * PULSE_GAP_OF_STREAM_MS;
  return Math.min(PULSE_GAP_MAX_MS, Math.max(PULSE_GAP_MIN_MS, gapMs));
}
