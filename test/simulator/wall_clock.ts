/**
 * The wall clock of a simulated machine: it goes with the time of the world, until somebody sets it,
 * by hand or by mistake, or it stands still.
 */
import type { Agenda } from "./agenda.ts";

const HOUR_MS = 3_600_000;
const TEN_DAYS_MS = 240 * HOUR_MS;
const START_MS = Date.UTC(2026, 10, 22);
/** One second past what 32 bits hold. */
const IN_2038_MS = 2 ** 31 * 1_000;

/** What can befall a wall clock. */
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
  readonly #agenda: Agenda;
  /** What it showed when it was set last, and when that was. */
  #setMs = START_MS;
  #sinceMs = 0;
  #isStopped = false;
  /** What befell it last. */
  #jump: ClockJump | undefined;
  readonly #onEffect: (jump: ClockJump) => void;

  /** `onEffect` is told when somebody reads a clock that had jumped. */
  constructor(agenda: Agenda, onEffect: (jump: ClockJump) => void) {
    this.#agenda = agenda;
    this.#onEffect = onEffect;
  }

  /** A process reads it. */
  read(): number {
    if (this.#jump !== undefined) this.#onEffect(this.#jump);
    return this.nowMs;
  }

  /** Whole milliseconds since 1970, never before: no system call sets a clock to less. */
  get nowMs(): number {
    const wentMs = this.#isStopped ? 0 : this.#agenda.nowMs - this.#sinceMs;
    return Math.floor(this.#setMs + wentMs);
  }

  jump(jump: ClockJump): void {
    this.#setMs = Math.max(this.#after(jump), 0);
    this.#sinceMs = this.#agenda.nowMs;
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
