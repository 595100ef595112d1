/** Checks that a live LikesServer answers every add request soon, whatever happens to its disk. */
import type { LikesServerEvent } from "../../../src/core/likes_server/likes_server.ts";
import { COUNTS_FETCH_MAX_MS } from "../../../src/limits.ts";
import { expect } from "./failure.ts";

/**
 * A write takes at most 2 s. A request may wait for the current write, the next one, and its own.
 */
const ANSWER_MAX_MS = 6_000;
/** Those three, plus writes that a fast disk is asked for meanwhile and that go first. */
const ANSWER_WRITES_MAX = 8;

/** A fetch that is under way, and the one of a wish. */
const FETCHES_MAX_MS = 2 * COUNTS_FETCH_MAX_MS;

interface Asked {
  readonly awakeMs: number;
  /** How many writes had ended. */
  readonly writes: number;
}

/** The unanswered add requests of one process. */
export class AddCheck {
  readonly #asked = new Map<number, Asked>();
  /** Those that need an answer of the primary first. */
  readonly #wished = new Map<number, Asked>();
  #writes = 0;

  /** The process handles an event, after `awakeMs` without pauses. */
  onEvent(event: LikesServerEvent, awakeMs: number): void {
    if (event.type === "add") {
      for (const request of event.adds) {
        const asked = "wish" in request ? this.#wished : this.#asked;
        asked.set(request.requestId, { awakeMs, writes: this.#writes });
      }
    }
    if (event.type === "tick") this.#checkTime(awakeMs);
  }

  answered(requestId: number): void {
    this.#asked.delete(requestId);
    this.#wished.delete(requestId);
  }

  /** A write has ended, done or not, and its answers are sent. */
  written(): void {
    this.#writes++;
    const [oldest] = this.#asked;
    if (oldest === undefined) return;
    const [requestId, { writes }] = oldest;
    const waited = this.#writes - writes;
    expect(
      waited <= ANSWER_WRITES_MAX,
      () => `request ${requestId} has waited for ${waited} writes`,
    );
  }

  #checkTime(awakeMs: number): void {
    for (const [asked, maxMs] of [
      [this.#asked, ANSWER_MAX_MS],
      [this.#wished, ANSWER_MAX_MS + FETCHES_MAX_MS],
    ] as const) {
      const [oldest] = asked;
      if (oldest === undefined) continue;
      const [requestId, { awakeMs: sinceMs }] = oldest;
      const waitedMs = awakeMs - sinceMs;
      expect(waitedMs <= maxMs, () => `request ${requestId} has waited for ${waitedMs} ms`);
    }
  }
}
