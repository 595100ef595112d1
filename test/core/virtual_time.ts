/** Time and chance of a simulated world: the same seed gives the same run. */

/** Reproducible random numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whole, from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new Error("Cannot pick from nothing");
    return values[this.whole(0, values.length - 1)] as T;
  }

  /** 128 bits as 32 hexadecimal digits. */
  id(): string {
    const word = () => this.whole(0, 2 ** 32 - 1).toString(16);
    return [word(), word(), word(), word()].map((text) => text.padStart(8, "0")).join("");
  }
}

type Task = () => void | Promise<void>;

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly task: Task;
}

/**
 * What is to happen, in the order of its time; what is to happen at one time, in that of asking.
 */
export class Agenda {
  readonly #heap: Entry[] = [];
  #order = 0;
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: Task): void {
    this.#heap.push({ atMs: this.#nowMs + delayMs, order: this.#order++, task });
    let at = this.#heap.length - 1;
    while (at > 0 && this.#isBefore(at, (at - 1) >> 1)) at = this.#swap(at, (at - 1) >> 1);
  }

  /** Lets everything happen that is to happen within `durationMs`, or until `isDone`. */
  async run(durationMs: number, isDone: () => boolean = () => false): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    while ((this.#heap[0]?.atMs ?? Infinity) <= endMs) {
      const { atMs, task } = this.#take();
      this.#nowMs = atMs;
      const pending = task();
      if (pending !== undefined) await pending;
      if (isDone()) return;
    }
    this.#nowMs = endMs;
  }

  #take(): Entry {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) throw new Error("Nothing is to happen");
    if (this.#heap.length === 0) return first;
    this.#heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= this.#heap.length) return first;
      const right = left + 1 < this.#heap.length && this.#isBefore(left + 1, left);
      const child = right ? left + 1 : left;
      if (!this.#isBefore(child, at)) return first;
      at = this.#swap(at, child);
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#entry(a), this.#entry(b)];
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
  }

  /** Exchanges two entries; gives the place of the second. */
  #swap(a: number, b: number): number {
    const entry = this.#entry(a);
    this.#heap[a] = this.#entry(b);
    this.#heap[b] = entry;
    return b;
  }

  #entry(at: number): Entry {
    const entry = this.#heap[at];
    if (entry === undefined) throw new Error("No such entry");
    return entry;
  }
}
