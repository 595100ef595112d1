/**
 * The primary's logical clock. Pulse times are its values, and so is `as_of`.
 *
 * A pulse time must be later than every one before it, restarts included. It must be close enough
 * to the wall clock for people. So the wall clock is read once, at the start. From then on the
 * monotonic clock carries the time. A wall clock that jumps changes nothing.
 */
export class LogicalClock {
  /** The time of the start by this clock. */
  readonly startMs: number;
  /** Logical time minus monotonic time. */
  readonly #offsetMs: number;
  #lastMs: number;

  /** `committedMs` is the last committed `as_of`; 0 when there is none. */
  constructor(wallMs: number, monotonicMs: number, committedMs: number) {
    this.#lastMs = committedMs;
    this.startMs = Math.max(wallMs, committedMs + 1);
    this.#offsetMs = this.startMs - monotonicMs;
  }

  /** Returns a new time, later than all before it. */
  tick(monotonicMs: number): number {
    this.#lastMs = this.peek(monotonicMs);
    return this.#lastMs;
  }

  /**
   * Returns the time that `tick` would return, without taking it. Readers use it, so that many of
   * them do not drive the logical clock ahead of the wall clock.
   */
  peek(monotonicMs: number): number {
    return Math.max(this.#lastMs + 1, Math.floor(monotonicMs + this.#offsetMs));
  }
}
