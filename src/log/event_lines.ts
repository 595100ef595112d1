/** Keeps a log readable under load: a line an event while few come, a line a batch while many do. */
import { LOG_EVENT_LINES_PER_S_MAX } from "../limits.ts";

const SECOND_MS = 1_000;

/** Counts the event lines of the current second. */
export class EventLines {
  #secondMs = -Infinity;
  #lines = 0;

  /** Whether `lines` more may be written, one an event, at the monotonic time `nowMs`. */
  allow(lines: number, nowMs: number): boolean {
    if (nowMs - this.#secondMs >= SECOND_MS) {
      this.#secondMs = nowMs;
      this.#lines = 0;
    }
    this.#lines += lines;
    return this.#lines <= LOG_EVENT_LINES_PER_S_MAX;
  }
}
