/** When a LikesServer may connect to its primary: at once, or after a backoff. */
import { backoffMs } from "../protocol/backoff.ts";

/** Counts failed attempts, and schedules the next one. */
export class ConnectAttempts {
  readonly #random: () => number;
  /** Failures in a row. */
  #failures = 0;
  /** When the next attempt may begin, by the monotonic clock. */
  #nextMs = 0;

  /** `random` is in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Failures in a row; 0 once a stream has lasted. */
  get failures(): number {
    return this.#failures;
  }

  /** Returns true when an attempt may begin at the monotonic time `nowMs`. */
  mayConnect(nowMs: number): boolean {
    return nowMs >= this.#nextMs;
  }

  /** A stream failed: the next attempt waits. */
  failed(nowMs: number): void {
    this.#failures++;
    this.#nextMs = nowMs + backoffMs(this.#failures, this.#random());
  }

  /** A stream has lasted: the next failure counts as the first. */
  succeeded(): void {
    this.#failures = 0;
  }
}
