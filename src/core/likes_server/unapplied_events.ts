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
import type { Change, LikeEvent } from "../protocol/like_event.ts";
import type { IncarnationId } from "../protocol/ids.ts";
import { operationName } from "../protocol/operation.ts";
import type { Operation } from "../protocol/operation.ts";
import { compareStates, partsOfKey, registerKey } from "../protocol/register.ts";
import type { RegisterKey, RegisterState } from "../protocol/register.ts";

/** What counts lack of an item: likes of adds, and sets, whose likes the ledger alone knows. */
export interface Pending {
  readonly likes: bigint;
  readonly sets: number;
}

/** By item id. An item that lacks nothing is absent. */
export type PendingByItem = ReadonlyMap<string, Pending>;

export const NOTHING_PENDING: Pending = { likes: 0n, sets: 0 };

/** Returns what is pending once an event with `change` is, too. */
export function plusPending({ likes, sets }: Pending, change: Change): Pending {
  if (change.kind === "add") return { likes: likes + change.likes, sets };
  return { likes, sets: change.kind === "set" ? sets + 1 : sets };
}

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

/** Where an event is stored. */
export interface EventName {
  readonly incarnation: IncarnationId;
  readonly sequence: number;
}

/** A set in memory: the greatest one of its register. */
export interface StoredSet extends EventName {
  readonly state: RegisterState;
}

/** A named add in memory. */
export interface StoredAdd extends EventName {
  readonly itemId: string;
  readonly likes: bigint;
}

/** The events in memory, by incarnation. */
export class UnappliedEvents {
  readonly #eventsMax: number;
  readonly #entries = new Map<IncarnationId, PerIncarnation>();
  #events = 0;
  readonly #sets = new Map<RegisterKey, StoredSet>();
  /** By client and number. */
  readonly #adds = new Map<string, StoredAdd>();

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
    for (const [index, event] of events.entries()) {
      this.#index(event, { incarnation, sequence: firstSequence + index });
    }
    entry.groups.push({ firstSequence, events });
    this.#events += events.length;
    while (this.#events > this.#eventsMax) this.#dropOldest();
  }

  /** Returns the greatest set of a register in memory. */
  setOf(register: RegisterKey): StoredSet | undefined {
    return this.#sets.get(register);
  }

  /** Returns the add in memory that has a name. */
  addOf(operation: Operation): StoredAdd | undefined {
    return this.#adds.get(operationName(operation));
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
   * Returns what is after the `applied` sequences, by item. Undefined when it is unknown: `applied`
   * lacks an incarnation, or some of these events are not in memory.
   */
  pendingAfter(applied: ReadonlyMap<IncarnationId, number>): PendingByItem | undefined {
    const pending = new Map<string, Pending>();
    for (const [id, entry] of this.#entries) {
      const covered = applied.get(id) ?? 0;
      if (covered >= entry.lastSequence) continue;
      if (covered < entry.droppedSequence || !applied.has(id)) return undefined;
      for (const group of entry.groups) addAfter(pending, group, covered);
    }
    return pending;
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

  #index({ itemId, change }: LikeEvent, name: EventName): void {
    if (change.kind === "set") {
      const key = registerKey(change.person, itemId);
      const known = this.#sets.get(key);
      if (known !== undefined && compareStates(change.state, known.state) <= 0) return;
      this.#sets.set(key, { ...name, state: change.state });
    } else if (change.kind === "forget") {
      for (const key of this.#sets.keys()) {
        if (partsOfKey(key).person === change.person) this.#sets.delete(key);
      }
    } else if (change.operation !== undefined) {
      const { operation, likes } = change;
      const key = operationName(operation);
      if (!this.#adds.has(key)) this.#adds.set(key, { ...name, itemId, likes });
    }
  }

  #unindex({ itemId, change }: LikeEvent): void {
    if (change.kind === "set") {
      const key = registerKey(change.person, itemId);
      const known = this.#sets.get(key);
      const isKnown = known !== undefined && compareStates(change.state, known.state) === 0;
      if (isKnown) this.#sets.delete(key);
    } else if (change.kind === "add" && change.operation !== undefined)
      this.#adds.delete(operationName(change.operation));
  }

  #drop(entry: PerIncarnation, groups: readonly Group[]): void {
    for (const group of groups) {
      this.#events -= group.events.length;
      for (const event of group.events) this.#unindex(event);
      entry.droppedSequence = lastOf(group);
    }
  }
}

function lastOf({ firstSequence, events }: Group): number {
  return firstSequence + events.length - 1;
}

function addAfter(
  pending: Map<string, Pending>,
  { firstSequence, events }: Group,
  sequence: number,
): void {
  for (const { itemId, change } of events.slice(Math.max(0, sequence + 1 - firstSequence))) {
    pending.set(itemId, plusPending(pending.get(itemId) ?? NOTHING_PENDING, change));
  }
}
