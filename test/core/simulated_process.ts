/**
 * A process of a simulated world, as far as both roles have one. It dies at any point between its
 * actions; its disk keeps what was written, seen or not.
 */
import { LikesError } from "../../src/errors.ts";
import { TICK_MS } from "../../src/limits.ts";
import type { MemoryDisk } from "../../src/store/memory_disk.ts";
import type { SimulationChecks } from "./simulation_checks.ts";
import type { Agenda, Random } from "./virtual_time.ts";

/** What a process finds in the world. */
export interface Surroundings {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly checks: SimulationChecks;
}

/** What every process has: a life, a clock of its own, a disk whose calls complete in order. */
export abstract class SimulatedProcess {
  readonly world: Surroundings;
  readonly #clockMs: number;
  #diskMs = 0;
  isAlive = true;
  /** How long its disk takes at most, and until when it is full. */
  slowMs = 6;
  fullUntilMs = 0;

  constructor(world: Surroundings) {
    this.world = world;
    this.#clockMs = world.random.next() * 1e6;
  }

  /** The monotonic time of this process. */
  get nowMs(): number {
    return this.#clockMs + this.world.agenda.nowMs;
  }

  /** Does `task` later, if this process still lives then. */
  later(delayMs: number, task: () => void | Promise<void>): void {
    this.world.agenda.after(delayMs, () => (this.isAlive ? task() : undefined));
  }

  /** Calls the disk soon, and goes on with its answer some time after it: or dies in between. */
  onDisk<T>(disk: MemoryDisk, call: () => Promise<T>, then: (value: T) => void): void {
    const { agenda, random } = this.world;
    this.later(random.next() * this.slowMs, async () => {
      let value: T;
      try {
        if (agenda.nowMs < this.fullUntilMs) disk.failNext("refused");
        value = await call();
      } catch (error) {
        if (!(error instanceof LikesError && error.code === "store_in_doubt")) throw error;
        this.die();
        return;
      }
      this.#diskMs = Math.max(this.#diskMs, agenda.nowMs + random.next() * this.slowMs);
      this.later(this.#diskMs - agenda.nowMs, () => then(value));
    });
  }

  tick(task: () => void): void {
    this.later(TICK_MS, () => {
      task();
      if (this.isAlive) this.tick(task);
    });
  }

  abstract die(): void;
}
