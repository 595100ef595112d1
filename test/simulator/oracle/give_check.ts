/** Every give is answered soon by a LikesServer that lives, whatever becomes of its disk. */
import { expect } from "./failure.ts";

/** The slowest disk takes 2 s for a write; one is under way, one goes first, and one is its own. */
const ANSWER_MAX_MS = 6_000;

/** The gives of one life that wait for their answer. */
export class GiveCheck {
  readonly #askedMs = new Map<number, number>();

  /** Times are those for which the process was awake. */
  asked(requestId: number, awakeMs: number): void {
    this.#askedMs.set(requestId, awakeMs);
  }

  answered(requestId: number): void {
    this.#askedMs.delete(requestId);
  }

  check(awakeMs: number): void {
    const [oldest] = this.#askedMs;
    if (oldest === undefined) return;
    const [requestId, askedMs] = oldest;
    const waitedMs = awakeMs - askedMs;
    expect(waitedMs <= ANSWER_MAX_MS, () => `give ${requestId} waits for ${waitedMs} ms`);
  }
}
