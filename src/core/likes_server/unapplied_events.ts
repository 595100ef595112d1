/**
 * The own events that the ledger may not have counted yet, as far as they fit in memory. With the
 * applied sequences that came with counts they tell which own likes those counts lack.
 *
 * Events are dropped once they are acknowledged. While counts are asked for nothing acknowledged is
 * dropped: their answer may have been read from the ledger before that acknowledgement. When there
 * are too many, the oldest are dropped, and what the counts lack can then not be told until the ledger
 * has come past them; what an earlier process left is dropped from the start.
 */
import { assert } from "../../assert.ts";
import { INCARNATIONS_NAMED_MAX, RECENT_EVENTS_MAX } from "../../limits.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** Likes by item; an item without any is absent. */
export type LikesByItem = ReadonlyMap<string, bigint>;

/** An incarnation and the sequences that count here: up to `last` it was accepted. */
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

/** Own events by incarnation. */
export class UnappliedEvents {
  readonly #eventsMax: number;
  readonly #lives = new Map<IncarnationId, PerIncarnation>();
  #events = 0;

  /** `incarnations`: those that are not closed, oldest first. */
  constructor(incarnations: Iterable<AppliedUpTo>, eventsMax = RECENT_EVENTS_MAX) {
    this.#eventsMax = eventsMax;
    for (const { id, last } of incarnations) {
      this.#lives.set(id, {
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

  /** The incarnations whose applied sequences have to come with counts: the newest. */
  get incarnations(): readonly IncarnationId[] {
    return [...this.#lives.keys()].slice(-INCARNATIONS_NAMED_MAX);
  }

  /** Takes in events that are accepted: the next ones of their incarnation. */
  add(incarnation: IncarnationId, firstSequence: number, events: readonly LikeEvent[]): void {
    const life = this.#life(incarnation);
    assert(firstSequence === life.lastSequence + 1, "events come in order");
    life.lastSequence += events.length;
    life.groups.push({ firstSequence, events });
    this.#events += events.length;
    while (this.#events > this.#eventsMax) this.#dropOldest();
  }

  /** Drops what is acknowledged, and the incarnations that are not among `incarnations`. */
  prune(incarnations: readonly AppliedUpTo[]): void {
    const reached = new Map(incarnations.map((one) => [one.id, one.acknowledged.sequence]));
    for (const [id, life] of this.#lives) {
      const acknowledged = reached.get(id);
      this.#dropUpTo(life, acknowledged ?? life.lastSequence);
      if (acknowledged === undefined) this.#lives.delete(id);
    }
    for (const { id, last } of incarnations) this.#life(id, last.sequence);
  }

  /**
   * The likes that `applied` does not cover, by item. Undefined when that cannot be told: an
   * incarnation was not asked about, or lost events from memory that are not covered.
   */
  likesAfter(applied: ReadonlyMap<IncarnationId, number>): LikesByItem | undefined {
    const likes = new Map<string, bigint>();
    for (const [id, life] of this.#lives) {
      const covered = applied.get(id) ?? 0;
      if (covered >= life.lastSequence) continue;
      if (covered < life.droppedSequence || !applied.has(id)) return undefined;
      for (const group of life.groups) addAfter(likes, group, covered);
    }
    return likes;
  }

  /** `before`: events that it had before anything of it was in memory. */
  #life(id: IncarnationId, before = 0): PerIncarnation {
    const known = this.#lives.get(id);
    if (known !== undefined) return known;
    const life: PerIncarnation = { lastSequence: before, droppedSequence: before, groups: [] };
    this.#lives.set(id, life);
    return life;
  }

  #dropUpTo(life: PerIncarnation, sequence: number): void {
    const kept = life.groups.findIndex((group) => lastOf(group) > sequence);
    const dropped = life.groups.splice(0, kept === -1 ? life.groups.length : kept);
    this.#forget(life, dropped);
  }

  #dropOldest(): void {
    for (const life of this.#lives.values()) {
      const oldest = life.groups.shift();
      if (oldest !== undefined) return this.#forget(life, [oldest]);
    }
  }

  #forget(life: PerIncarnation, groups: readonly Group[]): void {
    for (const group of groups) {
      this.#events -= group.events.length;
      life.droppedSequence = lastOf(group);
    }
  }
}

function lastOf({ firstSequence, events }: Group): number {
  return firstSequence + events.length - 1;
}

function addAfter(likes: Map<string, bigint>, { firstSequence, events }: Group, sequence: number) {
  for (const { itemId, change } of events.slice(Math.max(0, sequence + 1 - firstSequence))) {
    likes.set(itemId, (likes.get(itemId) ?? 0n) + change.likes);
  }
}
