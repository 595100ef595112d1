/**
 * When a LikesServer may connect to its primary: at once, or after a pause that grows by failures.
 */
import { backoffMs } from "../protocol/backoff.ts";

/** The attempts since a stream last lasted. */
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

  /** Failures in a row; 0 after a stream that lasted. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether an attempt may begin at `nowMs`. */
  mayConnect(nowMs: number): boolean {
    return nowMs >= this.#nextMs;
  }

  /** A stream ended that should have lasted: the next one waits. */
  failed(nowMs: number): void {
    this.#failures++;
    this.#nextMs = nowMs + backoffMs(this.#failures, this.#random());
  }

  /** A stream lasts: the next failure is the first one. */
  succeeded(): void {
    this.#failures = 0;
  }
}
