/**
 * The scheduler runs tasks in order of their time, and tasks of the same time in the order in which
 * they were scheduled. Nothing else runs in a simulated world, so its seed determines one order of
 * events.
 */

type Task = () => void;

/**
 * A world runs thousands of tasks, a crowded one some hundred thousand. Beyond this it is stuck.
 */
const STEPS_MAX = 5_000_000;

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly task: Task;
}

/** A binary heap of tasks, and the time of the world. */
export class Scheduler {
  readonly #heap: Entry[] = [];
  #order = 0;
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** The number of tasks that have run. */
  get steps(): number {
    return this.#order - this.#heap.length;
  }

  after(delayMs: number, task: Task): void {
    this.at(this.#nowMs + delayMs, task);
  }

  /** Schedules `task`. A past time counts as now. */
  at(timeMs: number, task: Task): void {
    const atMs = Math.max(timeMs, this.#nowMs);
    const entry = { atMs, order: this.#order++, task };
    const heap = this.#heap;
    let hole = heap.length;
    heap.push(entry);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent] as Entry;
      if (above.atMs <= atMs) break; // at the same time, the newer task is later
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = entry;
  }

  /** Runs all tasks until `endMs`, or until `isDone` returns true after one. */
  runUntil(endMs: number, isDone?: () => boolean): void {
    for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
      if (next.atMs > endMs) break;
      if (this.steps >= STEPS_MAX) throw new Error(`no end after ${STEPS_MAX} tasks`);
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
