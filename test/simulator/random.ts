/** The randomness of a simulated world: the same seed gives the same world. */

import type { TestId } from "../store/faults.ts";

/** Reproducible random numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Adjacent seeds start far apart.
    this.#state = Math.imul(seed ^ (seed >>> 16) ^ (seed / 2 ** 32), 0x9e3779b1) >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Returns an integer from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new Error("Cannot pick from nothing");
    return values[this.whole(0, values.length - 1)] as T;
  }

  /** Returns 128 bits as 32 hexadecimal digits: a new id of any kind. */
  id(): TestId {
    return (this.#word() + this.#word() + this.#word() + this.#word()) as TestId;
  }

  #word(): string {
    return Math.floor(this.next() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  }
}
