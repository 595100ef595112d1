/**
 * Labels: the primary's own time, by which `as_of` is told.
 *
 * A label only has to be newer than every label before it, restarts included, and close enough to
 * the wall clock for a person to read. So the wall clock is read once, at the start; from then on
 * the monotonic clock carries the labels. A clock that jumps changes nothing.
 */
export class LogicalClock {
  /** The time of the start by these labels. */
  readonly startMs: number;
  /** Label = monotonic time + this. */
  readonly #offsetMs: number;
  #lastMs: number;

  /** `committedMs` is the last `as_of` that an earlier start committed; 0 when there was none. */
  constructor(wallMs: number, monotonicMs: number, committedMs: number) {
    this.#lastMs = committedMs;
    this.startMs = Math.max(wallMs, committedMs + 1);
    this.#offsetMs = this.startMs - monotonicMs;
  }

  /** A label newer than any before it. */
  tick(monotonicMs: number): number {
    this.#lastMs = this.peek(monotonicMs);
    return this.#lastMs;
  }

  /**
   * The label that `tick` would give: above every label until now, and not above the next one.
   * Those who only read the time use it, so that many readers do not drive the labels ahead of the
   * clock.
   */
  peek(monotonicMs: number): number {
    return Math.max(this.#lastMs + 1, Math.floor(monotonicMs + this.#offsetMs));
  }
}
