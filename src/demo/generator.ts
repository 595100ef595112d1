/**
 * The demonstration's source of random likes.
 *
 * Nothing here remembers anything: the interval is a function of (seed, server id), each value of
 * (seed, server id, number of events accepted so far). So a restart changes neither, a healthy run
 * with the same seed gives the same total, and the parent can compute the total again from the
 * seed.
 */
import { assert } from "../assert.ts";

/** What a generator is asked to do. */
export interface GeneratorPlan {
  readonly seed: number;
  readonly serverId: string;
  readonly intervalMinMs: number;
  readonly intervalMaxMs: number;
  readonly likesMax: number;
}

/** Milliseconds between ticks: whole, from the minimum to the maximum, both included. */
export function intervalMs(plan: GeneratorPlan): number {
  const span = plan.intervalMaxMs - plan.intervalMinMs + 1;
  assert(span >= 1, "the shortest interval is not above the longest");
  return plan.intervalMinMs + (hash(`${plan.seed}/interval/${plan.serverId}`) % span);
}

/** Likes of the event that follows `eventsAccepted` events: 0 to the maximum, both included. */
export function likesAt(plan: GeneratorPlan, eventsAccepted: number): number {
  return hash(`${plan.seed}/likes/${plan.serverId}/${eventsAccepted}`) % (plan.likesMax + 1);
}

/** Returns the likes of events `from` (counted from 0) up to before `to`, if all are generated. */
export function likesBetween(plan: GeneratorPlan, from: number, to: number): bigint {
  let likes = 0n;
  for (let event = from; event < to; event++) likes += BigInt(likesAt(plan, event));
  return likes;
}

/** When ticks fall: at start + k × interval, k from 1, up to the end of the run. */
export interface TickPlan {
  readonly startMs: number;
  readonly intervalMs: number;
  /** Infinity for a run without an end. */
  readonly durationMs: number;
}

/**
 * Returns the tick to add at `nowMs` when `lastTick` was the last one: the newest that has fallen.
 * Those before it were missed by a whole interval and are skipped. Undefined when none is due.
 */
export function dueTick(plan: TickPlan, lastTick: number, nowMs: number): number | undefined {
  const fallen = Math.floor((nowMs - plan.startMs) / plan.intervalMs);
  const last = Math.floor(plan.durationMs / plan.intervalMs);
  if (fallen > last && nowMs >= tickMs(plan, last) + plan.intervalMs) return undefined;
  const tick = Math.min(fallen, last);
  return tick > lastTick ? tick : undefined;
}

/** When tick `tick` falls, by the clock of `startMs`. */
export function tickMs(plan: TickPlan, tick: number): number {
  return plan.startMs + tick * plan.intervalMs;
}

/** 32 bits from a text: FNV-1a, then the finisher of MurmurHash3 so that all bits depend on all. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
