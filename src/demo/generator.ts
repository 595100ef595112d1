/**
 * The demonstration's source of random likes. It keeps no state.
 *
 * The interval is a function of (seed, server id). Each number of likes is a function of (seed,
 * server id, number of events accepted so far). A restart changes neither. A healthy run with the
 * same seed reaches the same total. The parent can recompute that total from the seed.
 */
import { assert } from "../assert.ts";

/** The seed and bounds of one generator. */
export interface GeneratorPlan {
  readonly seed: number;
  readonly serverId: string;
  readonly intervalMinMs: number;
  readonly intervalMaxMs: number;
  readonly likesMax: number;
  /** How many persons give likes, instead of numbers of likes; 0 for numbers. */
  readonly persons: number;
}

/** Returns the whole milliseconds between ticks, within both bounds inclusive. */
export function intervalMs(plan: GeneratorPlan): number {
  const span = plan.intervalMaxMs - plan.intervalMinMs + 1;
  assert(span >= 1, "the shortest interval is not above the longest");
  return plan.intervalMinMs + (hash(`${plan.seed}/interval/${plan.serverId}`) % span);
}

/** Returns the likes of the event after `eventsAccepted` events: 0 to `likesMax` inclusive. */
export function likesAt(plan: GeneratorPlan, eventsAccepted: number): number {
  return hash(`${plan.seed}/likes/${plan.serverId}/${eventsAccepted}`) % (plan.likesMax + 1);
}

/** Returns the likes of events `from` to `to` (from 0, `to` excluded), if all are generated. */
export function likesBetween(plan: GeneratorPlan, from: number, to: number): bigint {
  let likes = 0n;
  for (let event = from; event < to; event++) likes += BigInt(likesAt(plan, event));
  return likes;
}

/** When ticks are due: at start + k × interval, k from 1, up to the end of the run. */
export interface TickPlan {
  readonly startMs: number;
  readonly intervalMs: number;
  /** Infinity for a run without an end. */
  readonly durationMs: number;
}

/**
 * Returns the tick to add at `nowMs` after `lastTick`: the newest one due, or undefined for none.
 * Earlier ticks are skipped, because they are late by a whole interval or more.
 */
export function dueTick(plan: TickPlan, lastTick: number, nowMs: number): number | undefined {
  const reached = Math.floor((nowMs - plan.startMs) / plan.intervalMs);
  const last = Math.floor(plan.durationMs / plan.intervalMs);
  if (reached > last && nowMs >= tickMs(plan, last) + plan.intervalMs) return undefined;
  const tick = Math.min(reached, last);
  return tick > lastTick ? tick : undefined;
}

/** Returns when `tick` is due, on the clock of `startMs`. */
export function tickMs(plan: TickPlan, tick: number): number {
  return plan.startMs + tick * plan.intervalMs;
}

/** Returns a 32-bit hash: FNV-1a, then MurmurHash3's finalizer so that every bit affects all. */
export function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
