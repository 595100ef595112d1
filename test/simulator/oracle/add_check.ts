/** Every give is answered soon by a LikesServer that lives, whatever becomes of its disk. */
import type { LikesServerEvent } from "../../../src/core/likes_server/likes_server.ts";
import { expect } from "./failure.ts";

/** The slowest disk takes 2 s for a write; one is under way, one goes first, and one is its own. */
const ANSWER_MAX_MS = 6_000;
/** Those three, and those that are asked for meanwhile on a quick disk: they go first too. */
const ANSWER_WRITES_MAX = 8;

interface Asked {
  readonly awakeMs: number;
  /** How many writes had ended. */
  readonly writes: number;
}

/** The gives of one life that wait for their answer. */
export class AddCheck {
  readonly #asked = new Map<number, Asked>();
  #writes = 0;

  /** An event comes to the process, after it was awake for so long. */
  comes(event: LikesServerEvent, awakeMs: number): void {
    if (event.type === "add") {
      this.#asked.set(event.add.requestId, { awakeMs, writes: this.#writes });
    }
    if (event.type === "tick") this.#checkTime(awakeMs);
  }

  answered(requestId: number): void {
    this.#asked.delete(requestId);
  }

  /** A write has ended, done or not, and what follows from that has been said. */
  written(): void {
    this.#writes++;
    const [oldest] = this.#asked;
    if (oldest === undefined) return;
    const [requestId, { writes }] = oldest;
    const waited = this.#writes - writes;
    expect(waited <= ANSWER_WRITES_MAX, () => `give ${requestId} waits for ${waited} writes`);
  }

  #checkTime(awakeMs: number): void {
    const [oldest] = this.#asked;
    if (oldest === undefined) return;
    const [requestId, asked] = oldest;
    const waitedMs = awakeMs - asked.awakeMs;
    expect(waitedMs <= ANSWER_MAX_MS, () => `give ${requestId} waits for ${waitedMs} ms`);
  }
}
