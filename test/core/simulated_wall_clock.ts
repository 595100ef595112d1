/**
 * The wall clock of a simulated machine: it goes with the time of the world, until somebody sets it,
 * by hand or by mistake, or it stands still.
 */
import type { Agenda, Random } from "./virtual_time.ts";

const HOUR_MS = 3_600_000;
const TEN_DAYS_MS = 240 * HOUR_MS;
const START_MS = Date.UTC(2026, 10, 22);
/** One second past what 32 bits hold. */
const IN_2038_MS = 2 ** 31 * 1_000;

const JUMPS = [
  "hour_on",
  "hour_back",
  "days_on",
  "days_back",
  "to_1970",
  "to_2038",
  "stop",
] as const;

/** What can befall a wall clock. */
export type Jump = (typeof JUMPS)[number];

/** A wall clock that outlives the processes that read it. */
export class SimulatedWallClock {
  readonly #agenda: Agenda;
  /** What it showed when it was set last, and when that was. */
  #setMs = START_MS;
  #sinceMs = 0;
  #isStopped = false;
  /** How often it jumped in each way. */
  readonly jumps = Object.fromEntries(JUMPS.map((jump) => [jump, 0])) as Record<Jump, number>;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
  }

  /** Whole milliseconds since 1970, never before: no system call sets a clock to less. */
  get nowMs(): number {
    const wentMs = this.#isStopped ? 0 : this.#agenda.nowMs - this.#sinceMs;
    return Math.floor(this.#setMs + wentMs);
  }

  /** Jumps in a way that `random` picks. */
  jump(random: Random): void {
    const jump = random.pick(JUMPS);
    this.jumps[jump]++;
    const setMs = {
      hour_on: this.nowMs + HOUR_MS,
      hour_back: this.nowMs - HOUR_MS,
      days_on: this.nowMs + TEN_DAYS_MS,
      days_back: this.nowMs - TEN_DAYS_MS,
      to_1970: 0,
      to_2038: IN_2038_MS,
      stop: this.nowMs,
    }[jump];
    this.#setMs = Math.max(setMs, 0);
    this.#sinceMs = this.#agenda.nowMs;
    this.#isStopped = jump === "stop";
  }
}
