/**
 * Tracks when events were acknowledged, by the monotonic clock. An event may be trimmed once the
 * retention period since then has passed. The wall clock is not used: one that is set forward by a
 * day would throw a day away.
 *
 * Events that are acknowledged within one slice of the period share a mark, which has the age of
 * the youngest. So there are few marks, and nothing is trimmed early.
 */
import { RETAIN_MARKS_MAX } from "../../limits.ts";
import type { IncarnationId } from "../protocol/ids.ts";

interface Mark {
  readonly beganMs: number;
  /** When its newest event was acknowledged. */
  atMs: number;
  /** Sequences up to which incarnations were acknowledged then. */
  readonly upTo: Map<IncarnationId, number>;
}

/** Events of an incarnation up to `upTo` that are old enough to be trimmed. */
export interface Aged {
  readonly incarnation: IncarnationId;
  readonly upTo: number;
}

/** The times of acknowledgements, as far as one process knows them. */
export class RetainedAges {
  readonly #ageMs: number;
  /** Oldest first. */
  #marks: Mark[] = [];

  /** `ageMs` is how long an event is kept from its acknowledgement on. */
  constructor(ageMs: number) {
    this.#ageMs = ageMs;
  }

  /** Everything up to `sequence` of `incarnation` is acknowledged at the monotonic time `nowMs`. */
  note(incarnation: IncarnationId, sequence: number, nowMs: number): void {
    const newest = this.#marks.at(-1);
    const isOpen = newest !== undefined && nowMs - newest.beganMs < this.#ageMs / RETAIN_MARKS_MAX;
    const mark = isOpen
      ? newest
      : { beganMs: nowMs, atMs: nowMs, upTo: new Map<IncarnationId, number>() };
    if (!isOpen) this.#marks.push(mark);
    mark.atMs = nowMs;
    mark.upTo.set(incarnation, sequence);
  }

  /** Takes out what is old enough at `nowMs`, oldest first. */
  take(nowMs: number): readonly Aged[] {
    const aged: Aged[] = [];
    while (this.#marks[0] !== undefined && nowMs - this.#marks[0].atMs >= this.#ageMs) {
      for (const [incarnation, upTo] of this.#marks[0].upTo) aged.push({ incarnation, upTo });
      this.#marks.shift();
    }
    return aged;
  }

  /** Nothing counts as acknowledged any more. */
  clear(): void {
    this.#marks = [];
  }
}
