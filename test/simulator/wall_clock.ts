/**
 * The wall clock of a simulated machine. It follows the time of the world until a fault sets or
 * stops it.
 */
import type { Scheduler } from "./scheduler.ts";

const HOUR_MS = 3_600_000;
const TEN_DAYS_MS = 240 * HOUR_MS;
const START_MS = Date.UTC(2026, 10, 22);
/** One second past the range of 32 bits. */
const IN_2038_MS = 2 ** 31 * 1_000;

/** The faults of a wall clock. */
export type ClockJump =
  | "clock_hour_on"
  | "clock_hour_back"
  | "clock_days_on"
  | "clock_days_back"
  | "clock_1970"
  | "clock_2038"
  | "clock_frozen";

/** A wall clock that outlives the processes that read it. */
export class WallClock {
  readonly #scheduler: Scheduler;
  /** The time to which it was last set, and when. */
  #setMs = START_MS;
  #sinceMs = 0;
  #isStopped = false;
  /** The last fault. */
  #jump: ClockJump | undefined;
  readonly #onEffect: (jump: ClockJump) => void;

  /** `onEffect` is called when a process reads a clock that has jumped. */
  constructor(scheduler: Scheduler, onEffect: (jump: ClockJump) => void) {
    this.#scheduler = scheduler;
    this.#onEffect = onEffect;
  }

  /** A process reads the clock. */
  read(): number {
    if (this.#jump !== undefined) this.#onEffect(this.#jump);
    return this.nowMs;
  }

  /** Whole milliseconds since 1970, never negative: no system call sets a clock lower. */
  get nowMs(): number {
    const wentMs = this.#isStopped ? 0 : this.#scheduler.nowMs - this.#sinceMs;
    return Math.floor(this.#setMs + wentMs);
  }

  jump(jump: ClockJump): void {
    this.#setMs = Math.max(this.#after(jump), 0);
    this.#sinceMs = this.#scheduler.nowMs;
    this.#isStopped = jump === "clock_frozen";
    this.#jump = jump;
  }

  #after(jump: ClockJump): number {
    switch (jump) {
      case "clock_hour_on":
        return this.nowMs + HOUR_MS;
      case "clock_hour_back":
        return this.nowMs - HOUR_MS;
      case "clock_days_on":
        return this.nowMs + TEN_DAYS_MS;
      case "clock_days_back":
        return this.nowMs - TEN_DAYS_MS;
      case "clock_1970":
        return 0;
      case "clock_2038":
        return IN_2038_MS;
      case "clock_frozen":
        return this.nowMs;
    }
  }
}
