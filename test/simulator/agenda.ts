/**
 * The scheduler: what is to happen, in the order of its time; what is to happen at one time, in
 * that of asking. Nothing else runs in a simulated world, so there is one order of events, and the
 * seed fixes it.
 */

type Task = () => void;

/** A world does thousands of tasks, a crowded one some hundred thousand; one with more is stuck. */
const STEPS_MAX = 5_000_000;

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly task: Task;
}

/** A binary heap of tasks, and the time of the world. */
export class Agenda {
  readonly #heap: Entry[] = [];
  #order = 0;
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Tasks that were done until now. */
  get steps(): number {
    return this.#order - this.#heap.length;
  }

  after(delayMs: number, task: Task): void {
    this.at(this.#nowMs + delayMs, task);
  }

  /** A time that has passed is now. */
  at(timeMs: number, task: Task): void {
    const atMs = Math.max(timeMs, this.#nowMs);
    const entry = { atMs, order: this.#order++, task };
    const heap = this.#heap;
    let hole = heap.length;
    heap.push(entry);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent] as Entry;
      if (above.atMs <= atMs) break; // of one time the newer one is later
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = entry;
  }

  /** Lets everything happen that is to happen until `endMs`, or until `isDone` after a task. */
  runUntil(endMs: number, isDone?: () => boolean): void {
    for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
      if (next.atMs > endMs) break;
      if (this.steps >= STEPS_MAX) throw new Error(`it does not end: ${STEPS_MAX} tasks are done`);
      this.#removeFirst();
      this.#nowMs = next.atMs;
      next.task();
      if (isDone?.() === true) return;
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    const size = heap.length;
    if (size === 0) return;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!isBefore(heap[child] as Entry, last)) break;
      heap[hole] = heap[child] as Entry;
      hole = child;
    }
    heap[hole] = last;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
