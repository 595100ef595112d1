/**
 * Keeps a log readable under load: one line per event at low rates, one per batch at high rates.
 */
import { LOG_EVENT_LINES_PER_S_MAX } from "../limits.ts";

const SECOND_MS = 1_000;

/** Counts the event lines of the current second. */
export class EventLines {
  #secondMs = -Infinity;
  #lines = 0;

  /** Returns whether `lines` more event lines may be written at the monotonic time `nowMs`. */
  allow(lines: number, nowMs: number): boolean {
    if (nowMs - this.#secondMs >= SECOND_MS) {
      this.#secondMs = nowMs;
      this.#lines = 0;
    }
    this.#lines += lines;
    return this.#lines <= LOG_EVENT_LINES_PER_S_MAX;
  }
}
