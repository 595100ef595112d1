/**
 * Tracks when events were acknowledged. An event may be trimmed once the retention period since
 * then has passed. The clock is the monotonic one: a wall clock set forward by a day would discard
 * a day of events.
 *
 * Events that are acknowledged within one slice of the period share the age of the youngest. So
 * there are few slices, and nothing is trimmed early.
 */
import { RETAIN_SLICES_MAX } from "../../limits.ts";
import type { IncarnationId } from "../protocol/ids.ts";

interface Slice {
  readonly beganMs: number;
  /** When its youngest event was acknowledged. */
  atMs: number;
  /** How far each incarnation was acknowledged. */
  readonly upTo: Map<IncarnationId, number>;
}

/** Events of an incarnation, up to `upTo`, that are old enough to be trimmed. */
export interface Aged {
  readonly incarnation: IncarnationId;
  readonly upTo: number;
}

/** The times of acknowledgement that this process knows. */
export class RetainedAges {
  readonly #ageMs: number;
  /** Oldest first. */
  #slices: Slice[] = [];

  /** `ageMs` is how long an event is retained after its acknowledgement. */
  constructor(ageMs: number) {
    this.#ageMs = ageMs;
  }

  /** Records that `incarnation` is acknowledged up to `sequence` at the monotonic time `nowMs`. */
  note(incarnation: IncarnationId, sequence: number, nowMs: number): void {
    const newest = this.#slices.at(-1);
    const isOpen = newest !== undefined && nowMs - newest.beganMs < this.#ageMs / RETAIN_SLICES_MAX;
    const slice = isOpen
      ? newest
      : { beganMs: nowMs, atMs: nowMs, upTo: new Map<IncarnationId, number>() };
    if (!isOpen) this.#slices.push(slice);
    slice.atMs = nowMs;
    slice.upTo.set(incarnation, sequence);
  }

  /** Removes and returns the events that are old enough at `nowMs`, oldest first. */
  take(nowMs: number): readonly Aged[] {
    const aged: Aged[] = [];
    while (this.#slices[0] !== undefined && nowMs - this.#slices[0].atMs >= this.#ageMs) {
      for (const [incarnation, upTo] of this.#slices[0].upTo) aged.push({ incarnation, upTo });
      this.#slices.shift();
    }
    return aged;
  }

  /** Forgets all acknowledgements. */
  clear(): void {
    this.#slices = [];
  }
}
