/**
 * Law 5: a change of the convergence is told soon, in the next round of pulses, and not only when the
 * total changes. A stream that takes a pulse later than its round is no round.
 */
import { PULSE_GAP_MIN_MS } from "../../../src/limits.ts";
import type { Convergence } from "../../../src/core/protocol/messages.ts";
import { expect } from "./failure.ts";
import { ROUNDING_MS } from "./rounding.ts";

/** What one life of the primary has to tell. */
export interface ToTell {
  readonly nowMs: number;
  readonly convergence: Convergence;
  /** Whether there is a stream that takes a pulse. */
  readonly isHeard: boolean;
}

/** Looks at the rounds of one life of the primary. */
export class RoundCheck {
  #told: { readonly atMs: number; readonly convergence: Convergence } | undefined;
  #isTicking = false;

  /** The primary looks at the time, in `tick`; `find` says what there is to tell then. */
  tick(tick: () => void, find: () => ToTell | undefined): void {
    this.#isTicking = true;
    tick();
    this.#isTicking = false;
    const found = find();
    if (found === undefined) return;
    const { nowMs, convergence, isHeard } = found;
    // What nobody heard is not known from outside.
    if (!isHeard) this.#told = undefined;
    if (this.#told === undefined) return;
    const { atMs, convergence: told } = this.#told;
    const isStale = told !== convergence && nowMs - atMs > PULSE_GAP_MIN_MS + ROUNDING_MS;
    expect(!isStale, () => `${convergence} is not told, ${told} was`);
  }

  /** A pulse goes out. */
  sent(convergence: Convergence, nowMs: number): void {
    if (this.#isTicking) this.#told = { atMs: nowMs, convergence };
  }
}
