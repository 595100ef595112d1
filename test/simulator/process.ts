/**
 * A process of a simulated world, as far as both roles have one: a life, a monotonic clock of its own,
 * timers, and a disk whose calls complete in order. It dies at any point between two effects; its disk
 * keeps what was written, seen or not. Stopped by a signal, it does nothing, and does everything that
 * came up meanwhile when it goes on.
 */
import { LikesError } from "../../src/errors.ts";
import type { MemoryDisk } from "../../src/store/memory_disk.ts";
import type { Agenda } from "./agenda.ts";
import type { FaultKind } from "./faults.ts";
import type { Machine } from "./machine.ts";
import type { Plan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";

/** What a process finds in the world. */
export interface Surroundings {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly plan: Plan;
  /** Undefined unless somebody reads it. */
  readonly trace: Trace | undefined;
  readonly isUnkind: boolean;
  /** Counts a fault that took effect. */
  fired(kind: FaultKind): void;
}

type Task = () => void;

/** One life of a role. */
export abstract class SimulatedProcess {
  readonly surroundings: Surroundings;
  readonly machine: Machine;
  readonly name: string;
  readonly #clockMs: number;
  #isAlive = true;
  #isPaused = false;
  #stoppedInAllMs = 0;
  /** How long it was stopped, until somebody who measures it sets this back. */
  stoppedMs = 0;
  pausedUntilMs = 0;
  #held: Task[] = [];
  #effectsLeft = Infinity;
  #diskMs = 0;
  #writesAsked = 0;
  #writesUnseen = 0;

  constructor(surroundings: Surroundings, machine: Machine, name: string) {
    this.surroundings = surroundings;
    this.machine = machine;
    this.name = name;
    this.#clockMs = Math.floor(surroundings.random.next() * 1e6);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** The monotonic time of this process. */
  get nowMs(): number {
    return this.#clockMs + this.surroundings.agenda.nowMs;
  }

  /** Its time, without that for which it was stopped. */
  get awakeMs(): number {
    return this.nowMs - this.#stoppedInAllMs;
  }

  /** Does `task` now, or once the process goes on, or never when it is dead by then. */
  run(task: Task): void {
    if (!this.#isAlive) return;
    if (this.#isPaused) this.#held.push(task);
    else task();
  }

  later(delayMs: number, task: Task): void {
    this.surroundings.agenda.after(delayMs, () => this.run(task));
  }

  /** Stops it by a signal for a while, with everything queued. */
  pause(kind: "paused" | "paused_long", durationMs: number): void {
    if (this.#isPaused || !this.#isAlive) return;
    this.pausedUntilMs = this.surroundings.agenda.nowMs + durationMs;
    this.#isPaused = true;
    this.stoppedMs += durationMs;
    this.#stoppedInAllMs += durationMs;
    this.surroundings.fired(kind);
    this.surroundings.trace?.fault(this.name, `stopped by a signal for ${durationMs} ms`);
    this.surroundings.agenda.after(durationMs, () => this.#resume());
  }

  #resume(): void {
    this.#isPaused = false;
    const held = this.#held;
    this.#held = [];
    for (const task of held) this.run(task);
  }

  /** It will die just before its `effects`-th effect from now on. */
  dieAfterEffects(effects: number): void {
    this.#effectsLeft = effects;
  }

  /** Whether it lives to do its next effect. */
  protected livesToAct(): boolean {
    if (this.#isAlive && --this.#effectsLeft <= 0) {
      this.surroundings.fired("crash_between_effects");
      this.die("between two effects");
    }
    return this.#isAlive;
  }

  /** Writes to `disk` soon, and goes on with the outcome some time after it: or dies in between. */
  protected onWrite<T>(disk: MemoryDisk, busy: T, call: () => T, then: (outcome: T) => void): void {
    const { agenda, random } = this.surroundings;
    this.#writesAsked++;
    if (this.machine.diskMs > this.surroundings.plan.diskMs) this.surroundings.fired("disk_slow");
    this.later(random.next() * this.machine.diskMs, () => {
      this.#writesAsked--;
      const { machine, surroundings } = this;
      let outcome: T;
      if (agenda.nowMs < machine.busyUntilMs) {
        surroundings.fired("store_busy");
        outcome = busy;
      } else {
        const fault = machine.diskFault(agenda.nowMs);
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
        // One that is left over was for a write that changes nothing.
        const left = disk.takeFault();
        if (fault === "disk_full" && left === undefined) surroundings.fired("disk_full");
      }
      this.#writesUnseen++;
      this.#complete(() => {
        this.#writesUnseen--;
        then(outcome);
      });
    });
  }

  /** The disk of its machine failed at a sync, which kept or lost what was written. */
  protected syncFailed(fate: "kept" | "lost"): void {
    this.machine.syncFault = undefined;
    this.surroundings.fired(`sync_failed_${fate}`);
  }

  /** Reads from its disk, which changes nothing. */
  protected onRead<T>(call: () => T, then: (value: T) => void): void {
    this.later(this.surroundings.random.next() * this.machine.diskMs, () => {
      const { machine, surroundings } = this;
      if (machine.isUnreadable) {
        machine.isUnreadable = false;
        surroundings.fired("read_failed");
        return this.die("a failed read");
      }
      const value = call();
      this.#complete(() => then(value));
    });
  }

  #complete(then: Task): void {
    const { agenda, random } = this.surroundings;
    const { diskMs } = this.machine;
    this.#diskMs = Math.max(this.#diskMs, agenda.nowMs + random.next() * diskMs);
    agenda.at(this.#diskMs, () => this.run(then));
  }

  /** Gives it the time at an interval that is drawn for this life. */
  protected tick(task: Task): void {
    const tickMs = this.surroundings.random.pick(this.surroundings.plan.tickMs);
    const next = (): void => {
      task();
      this.later(tickMs, next);
    };
    this.later(tickMs, next);
  }

  /** What is written stays, what was only asked for is lost. */
  die(why: string): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    const { trace } = this.surroundings;
    trace?.fault(this.name, `dies: ${why}`);
    if (this.#writesAsked > 0) this.surroundings.fired("write_lost");
    if (this.#writesUnseen > 0) this.surroundings.fired("write_kept_unseen");
    this.#held = [];
    this.died();
  }

  protected abstract died(): void;
}
