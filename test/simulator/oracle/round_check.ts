/**
 * Law 5: a change of convergence is announced in the next round of pulses, even if the total stays
 * the same. A late pulse to a single stream is no round.
 */
import { PULSE_GAP_MAX_MS } from "../../../src/limits.ts";
import type { Convergence } from "../../../src/core/protocol/messages.ts";
import { expect } from "./failure.ts";
import { ROUNDING_MS } from "./rounding.ts";

/** What one process of the primary has to announce. */
export interface RoundState {
  readonly nowMs: number;
  readonly convergence: Convergence;
  /** Whether a stream takes a pulse. */
  readonly hasReceiver: boolean;
}

/** Checks the rounds of one process of the primary. */
export class RoundCheck {
  #announced: { readonly atMs: number; readonly convergence: Convergence } | undefined;
  #mayBegin = false;

  /**
   * In `work` the primary handles an event that may begin a round. `find` returns what it has to
   * announce then.
   */
  mayBegin(work: () => void, find: () => RoundState | undefined): RoundState | undefined {
    this.#mayBegin = true;
    work();
    this.#mayBegin = false;
    const found = find();
    // Without a receiver, no one outside sees an announcement.
    if (found?.hasReceiver === false) this.#announced = undefined;
    return found;
  }

  /** The primary handles a tick in `tick`: the newest announcement must be right now. */
  tick(tick: () => void, find: () => RoundState | undefined): void {
    const found = this.mayBegin(tick, find);
    if (found === undefined || this.#announced === undefined) return;
    const { nowMs, convergence } = found;
    const { atMs, convergence: announced } = this.#announced;
    const isStale = announced !== convergence && nowMs - atMs > PULSE_GAP_MAX_MS + ROUNDING_MS;
    expect(!isStale, () => `${convergence} is not announced after ${announced}`);
  }

  /** A pulse is sent. */
  sent(convergence: Convergence, nowMs: number): void {
    if (this.#mayBegin) this.#announced = { atMs: nowMs, convergence };
  }
}
