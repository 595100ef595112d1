/**
 * Events of this outbox that the ledger may not have counted yet, as far as they fit in memory.
 * Counts come with applied sequences, and the events past these are the ones that the counts lack.
 *
 * Events are dropped once they are acknowledged, but not during a fetch of counts: its answer may
 * have been read before the acknowledgement. Of too many events the oldest are dropped. What counts
 * lack is then unknown until the ledger has applied the dropped events. Those of earlier processes
 * are never in memory.
 */
import { assert } from "../../assert.ts";
import { INCARNATIONS_NAMED_MAX, RECENT_EVENTS_MAX } from "../../limits.ts";
import { acceptedLikes } from "../protocol/like_event.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** Likes by item; an item without any is absent. */
export type LikesByItem = ReadonlyMap<string, bigint>;

/** An incarnation: what it has accepted, and what of that is acknowledged. */
export interface AppliedUpTo {
  readonly id: IncarnationId;
  readonly last: { readonly sequence: number };
  readonly acknowledged: { readonly sequence: number };
}

interface Group {
  readonly firstSequence: number;
  readonly events: readonly LikeEvent[];
}

interface PerIncarnation {
  lastSequence: number;
  /** Events up to here are not in memory. */
  droppedSequence: number;
  /** In order, without a gap from `droppedSequence` to `lastSequence`. */
  groups: Group[];
}

/** Events by incarnation. */
export class UnappliedEvents {
  readonly #eventsMax: number;
  readonly #entries = new Map<IncarnationId, PerIncarnation>();
  #events = 0;

  /** `incarnations`: those that are not closed, oldest first. */
  constructor(incarnations: Iterable<AppliedUpTo>, eventsMax = RECENT_EVENTS_MAX) {
    this.#eventsMax = eventsMax;
    for (const { id, last } of incarnations) {
      this.#entries.set(id, {
        lastSequence: last.sequence,
        droppedSequence: last.sequence,
        groups: [],
      });
    }
  }

  /** Events in memory. */
  get size(): number {
    return this.#events;
  }

  /** The incarnations whose applied sequences have to come with counts. Of too many, the newest. */
  get incarnations(): readonly IncarnationId[] {
    return [...this.#entries.keys()].slice(-INCARNATIONS_NAMED_MAX);
  }

  /** Adds events that were just accepted: the next ones of their incarnation. */
  add(incarnation: IncarnationId, firstSequence: number, events: readonly LikeEvent[]): void {
    const entry = this.#entry(incarnation);
    assert(firstSequence === entry.lastSequence + 1, "events come in order");
    entry.lastSequence += events.length;
    entry.groups.push({ firstSequence, events });
    this.#events += events.length;
    while (this.#events > this.#eventsMax) this.#dropOldest();
  }

  /** Drops what is acknowledged, and the incarnations that are not among `incarnations`. */
  prune(incarnations: readonly AppliedUpTo[]): void {
    const reached = new Map(incarnations.map((one) => [one.id, one.acknowledged.sequence]));
    for (const [id, entry] of this.#entries) {
      const acknowledged = reached.get(id);
      this.#dropUpTo(entry, acknowledged ?? entry.lastSequence);
      if (acknowledged === undefined) this.#entries.delete(id);
    }
    for (const { id, last } of incarnations) this.#entry(id, last.sequence);
  }

  /**
   * Returns the likes that `applied` does not cover, by item. Undefined when they are unknown:
   * `applied` lacks an incarnation, or events that it does not cover are not in memory.
   */
  likesAfter(applied: ReadonlyMap<IncarnationId, number>): LikesByItem | undefined {
    const likes = new Map<string, bigint>();
    for (const [id, entry] of this.#entries) {
      const covered = applied.get(id) ?? 0;
      if (covered >= entry.lastSequence) continue;
      if (covered < entry.droppedSequence || !applied.has(id)) return undefined;
      for (const group of entry.groups) addAfter(likes, group, covered);
    }
    return likes;
  }

  /**
   * Returns the entry of an incarnation. A new one begins after `before` events that are not in
   * memory.
   */
  #entry(id: IncarnationId, before = 0): PerIncarnation {
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const entry: PerIncarnation = { lastSequence: before, droppedSequence: before, groups: [] };
    this.#entries.set(id, entry);
    return entry;
  }

  #dropUpTo(entry: PerIncarnation, sequence: number): void {
    const kept = entry.groups.findIndex((group) => lastOf(group) > sequence);
    const dropped = entry.groups.splice(0, kept === -1 ? entry.groups.length : kept);
    this.#drop(entry, dropped);
  }

  #dropOldest(): void {
    for (const entry of this.#entries.values()) {
      const oldest = entry.groups.shift();
      if (oldest !== undefined) return this.#drop(entry, [oldest]);
    }
  }

  #drop(entry: PerIncarnation, groups: readonly Group[]): void {
    for (const group of groups) {
      this.#events -= group.events.length;
      entry.droppedSequence = lastOf(group);
    }
  }
}

function lastOf({ firstSequence, events }: Group): number {
  return firstSequence + events.length - 1;
}

function addAfter(likes: Map<string, bigint>, { firstSequence, events }: Group, sequence: number) {
  for (const { itemId, change } of events.slice(Math.max(0, sequence + 1 - firstSequence))) {
    likes.set(itemId, (likes.get(itemId) ?? 0n) + acceptedLikes(change));
  }
}
