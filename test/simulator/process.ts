/**
 * A process of a simulated world, as both roles have it: a monotonic clock, timers, and a disk
 * whose calls complete in order. It can die between any two effects; its disk keeps what was
 * written, even if the process never learned of it. While paused by a signal it does nothing; once
 * resumed, it does everything that came up meanwhile.
 */
import { LikesError } from "../../src/errors.ts";
import type { MemoryDisk } from "../../src/store/memory_disk.ts";
import type { Scheduler } from "./scheduler.ts";
import type { FaultKind } from "./faults.ts";
import type { Machine } from "./machine.ts";
import type { Plan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";

/** The parts of the world that every process uses. */
export interface Environment {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly plan: Plan;
  /** Undefined unless the run prints its trace. */
  readonly trace: Trace | undefined;
  readonly isFaulty: boolean;
  /** Counts a fault that took effect. */
  fired(kind: FaultKind): void;
}

type Task = () => void;

/** One process of a role. */
export abstract class SimulatedProcess {
  readonly environment: Environment;
  readonly machine: Machine;
  readonly name: string;
  readonly #clockMs: number;
  #isAlive = true;
  #isPaused = false;
  #stoppedInAllMs = 0;
  /** How long it was paused since this was last reset. */
  stoppedMs = 0;
  pausedUntilMs = 0;
  #deferred: Task[] = [];
  #effectsLeft = Infinity;
  #diskMs = 0;
  #writesAsked = 0;
  #writesUnseen = 0;

  constructor(environment: Environment, machine: Machine, name: string) {
    this.environment = environment;
    this.machine = machine;
    this.name = name;
    this.#clockMs = Math.floor(environment.random.next() * 1e6);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** The monotonic time of this process. */
  get nowMs(): number {
    return this.#clockMs + this.environment.scheduler.nowMs;
  }

  /** Its monotonic time, without its pauses. */
  get awakeMs(): number {
    return this.nowMs - this.#stoppedInAllMs;
  }

  /** Runs `task` now, after a pause, or not at all if the process is dead by then. */
  run(task: Task): void {
    if (!this.#isAlive) return;
    if (this.#isPaused) this.#deferred.push(task);
    else task();
  }

  later(delayMs: number, task: Task): void {
    this.environment.scheduler.after(delayMs, () => this.run(task));
  }

  /** Pauses it by a signal; its tasks queue up. */
  pause(kind: "paused" | "paused_long", durationMs: number): void {
    if (this.#isPaused || !this.#isAlive) return;
    this.pausedUntilMs = this.environment.scheduler.nowMs + durationMs;
    this.#isPaused = true;
    this.stoppedMs += durationMs;
    this.#stoppedInAllMs += durationMs;
    this.environment.fired(kind);
    this.environment.trace?.fault(this.name, `paused for ${durationMs} ms`);
    this.environment.scheduler.after(durationMs, () => this.#resume());
  }

  #resume(): void {
    this.#isPaused = false;
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const task of deferred) this.run(task);
  }

  /** Makes it die just before its `effects`-th effect from now. */
  dieAfterEffects(effects: number): void {
    this.#effectsLeft = effects;
  }

  /** Returns true if it survives to perform its next effect. */
  protected livesToAct(): boolean {
    if (this.#isAlive && --this.#effectsLeft <= 0) {
      this.environment.fired("crash_between_effects");
      this.die("between two effects");
    }
    return this.#isAlive;
  }

  /** Writes to `disk` soon and passes the outcome on later. The process may die in between. */
  protected onWrite<T>(disk: MemoryDisk, busy: T, call: () => T, then: (outcome: T) => void): void {
    const { scheduler, random } = this.environment;
    this.#writesAsked++;
    if (this.machine.diskMs > this.environment.plan.diskMs) this.environment.fired("disk_slow");
    this.later(random.next() * this.machine.diskMs, () => {
      this.#writesAsked--;
      const { machine, environment } = this;
      let outcome: T;
      if (scheduler.nowMs < machine.busyUntilMs) {
        environment.fired("store_busy");
        outcome = busy;
      } else {
        const fault = machine.diskFault(scheduler.nowMs);
        if (fault !== undefined) disk.failNext(fault);
        try {
          outcome = call();
        } catch (error) {
          if (!(error instanceof LikesError)) throw error;
          if (error.code !== "store_failed") throw error;
          const fate = fault === "in_doubt_lost" ? "lost" : "kept";
          this.syncFailed(fate);
          return this.die(`a failed sync, ${fate}`);
        }
        // A fault that is left over met a write without changes.
        const left = disk.takeFault();
        if (fault === "disk_full" && left === undefined) environment.fired("disk_full");
      }
      this.#writesUnseen++;
      this.#complete(() => {
        this.#writesUnseen--;
        then(outcome);
      });
    });
  }

  /** A sync of its disk failed; the written data was kept or lost. */
  protected syncFailed(fate: "kept" | "lost"): void {
    this.machine.syncFault = undefined;
    this.environment.fired(`sync_failed_${fate}`);
  }

  /** Reads from its disk. Reading changes nothing. */
  protected onRead<T>(call: () => T, then: (value: T) => void): void {
    this.later(this.environment.random.next() * this.machine.diskMs, () => {
      const { machine, environment } = this;
      if (machine.isUnreadable) {
        machine.isUnreadable = false;
        environment.fired("read_failed");
        return this.die("a failed read");
      }
      const value = call();
      this.#complete(() => then(value));
    });
  }

  #complete(then: Task): void {
    const { scheduler, random } = this.environment;
    const { diskMs } = this.machine;
    this.#diskMs = Math.max(this.#diskMs, scheduler.nowMs + random.next() * diskMs);
    scheduler.at(this.#diskMs, () => this.run(then));
  }

  /** Runs `task` at an interval that is drawn for this process. */
  protected tick(task: Task): void {
    const tickMs = this.environment.random.pick(this.environment.plan.tickMs);
    const next = (): void => {
      task();
      this.later(tickMs, next);
    };
    this.later(tickMs, next);
  }

  /** Kills it. Written data stays; requested writes are lost. */
  die(why: string): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    const { trace } = this.environment;
    trace?.fault(this.name, `died: ${why}`);
    if (this.#writesAsked > 0) this.environment.fired("write_lost");
    if (this.#writesUnseen > 0) this.environment.fired("write_kept_unseen");
    this.#deferred = [];
    this.died();
  }

  protected abstract died(): void;
}
