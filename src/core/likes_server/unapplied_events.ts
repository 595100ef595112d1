/**
 * Events of this outbox that the ledger may not have applied yet, as far as they fit in memory.
 * Counts come with applied sequences, and they lack the events after those.
 *
 * Events are dropped once they are acknowledged, but not during a fetch of counts. The answer may
 * have been read before the acknowledgement. If there are too many events, the oldest are dropped.
 * What counts lack is then unknown until the ledger has applied the dropped events. Events of
 * earlier processes are never in memory.
 */
import { assert } from "../../assert.ts";
import { INCARNATIONS_NAMED_MAX, RECENT_EVENTS_MAX } from "../../limits.ts";
import { acceptedLikes } from "../protocol/like_event.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** Likes by item id. An item without likes is absent. */
export type LikesByItem = ReadonlyMap<string, bigint>;

/** An incarnation: its last event, and its last acknowledged one. */
export interface IncarnationProgress {
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
  /** All events after `droppedSequence` up to `lastSequence`, in order. */
  groups: Group[];
}

/** The events in memory, by incarnation. */
export class UnappliedEvents {
  readonly #eventsMax: number;
  readonly #entries = new Map<IncarnationId, PerIncarnation>();
  #events = 0;

  /** `incarnations` are the open ones, oldest first. */
  constructor(incarnations: Iterable<IncarnationProgress>, eventsMax = RECENT_EVENTS_MAX) {
    this.#eventsMax = eventsMax;
    for (const { id, last } of incarnations) {
      this.#entries.set(id, {
        lastSequence: last.sequence,
        droppedSequence: last.sequence,
        groups: [],
      });
    }
  }

  /** The number of events in memory. */
  get size(): number {
    return this.#events;
  }

  /**
   * The incarnations whose applied sequences must come with counts: the newest
   * INCARNATIONS_NAMED_MAX.
   */
  get incarnations(): readonly IncarnationId[] {
    return [...this.#entries.keys()].slice(-INCARNATIONS_NAMED_MAX);
  }

  /** Adds events that were just accepted, the next ones of their incarnation. */
  add(incarnation: IncarnationId, firstSequence: number, events: readonly LikeEvent[]): void {
    const entry = this.#entry(incarnation);
    assert(firstSequence === entry.lastSequence + 1, "events come in order");
    entry.lastSequence += events.length;
    entry.groups.push({ firstSequence, events });
    this.#events += events.length;
    while (this.#events > this.#eventsMax) this.#dropOldest();
  }

  /** Drops acknowledged events, and incarnations that are not in `incarnations`. */
  prune(incarnations: readonly IncarnationProgress[]): void {
    const reached = new Map(incarnations.map((one) => [one.id, one.acknowledged.sequence]));
    for (const [id, entry] of this.#entries) {
      const acknowledged = reached.get(id);
      this.#dropUpTo(entry, acknowledged ?? entry.lastSequence);
      if (acknowledged === undefined) this.#entries.delete(id);
    }
    for (const { id, last } of incarnations) this.#entry(id, last.sequence);
  }

  /**
   * Returns the likes after the `applied` sequences, by item. Undefined when they are unknown:
   * `applied` lacks an incarnation, or some of these events are not in memory.
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
   * Returns the entry of an incarnation. A new entry begins after `before` events, which are not in
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
