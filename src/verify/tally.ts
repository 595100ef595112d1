/**
 * Running sums of an audit. A missing event has an unknown number of likes within bounds, so sums
 * are spans: at least what was read, at most that plus the largest likes of each missing event.
 */
import { LIKES_PER_EVENT_MAX, REACTIONS_MAX } from "../limits.ts";
import { Items } from "./items.ts";
import type { AuditedAdd, AuditedEvent, AuditedSet } from "./like_events.ts";
import { Operations, shareOf, sharesOf } from "./operations.ts";
import type { Copy, Span } from "./operations.ts";
import { Registers, rankOf } from "./registers.ts";
import type { Amount, StoredId } from "./report.ts";

/** A running count of events and their likes. */
export class Sum implements Amount {
  events = 0;
  likes = 0n;

  add(likes: bigint): void {
    this.events++;
    this.likes += likes;
  }
}

/** The sums of one outbox over its incarnations. */
export interface OutboxSums {
  readonly number: number;
  /** Likes of all applied adds, whether they counted or repeated an operation. */
  adds: Span;
  /** The same by the outboxes' running totals; undefined once any is unknown. */
  own: bigint | undefined;
  /** Likes of the applied adds that were read. */
  read: bigint;
  /** The part of that with an operation. */
  named: bigint;
  /** What its operations may have counted of that. */
  operations: Span;
  /** Applied events of all its incarnations, by the ledger. */
  appliedEvents: number;
  /** Applied events of incarnations that no outbox stores. */
  orphanedEvents: number;
  /** Whether all orphaned events count: no incarnation among them has a gap or is retired. */
  areOrphansWhole: boolean;
  /** The last known sequence of each incarnation that some outbox stores. */
  readonly reach: Map<StoredId, number>;
}

/** Returns the span of `count` events with unknown likes. */
export function unknownLikes(count: number): Span {
  return { least: 0n, most: BigInt(count) * BigInt(LIKES_PER_EVENT_MAX) };
}

/** Writes a span: one number when nothing is unknown. */
export function spanText({ least, most }: Span): string {
  return least === most ? String(least) : `${least} to ${most}`;
}

/** Returns the sum of two spans. */
export function plus(one: Span, other: Span): Span {
  return { least: one.least + other.least, most: one.most + other.most };
}

/** Returns whether a number of likes is within a span. */
export function isWithin(likes: bigint, { least, most }: Span): boolean {
  return likes >= least && likes <= most;
}

/** Sums over all outboxes. */
export class AuditTally {
  readonly items = new Items();
  readonly registers = new Registers();
  readonly operations = new Operations();
  /** Each item and reaction that a set names, other than the plain like: see reactionKey. */
  readonly reactions = new Set<number>();
  readonly outboxes = new Map<StoredId, OutboxSums>();
  readonly waiting = new Sum();
  readonly abandoned = new Sum();
  /** Likes that operations count, each with one of its copies. Known after `settle`. */
  settled: Span = unknownLikes(0);
  /** Likes of the greatest states that were read. Known once the ledger's registers are. */
  registerLikes = 0n;
  /** Applied events that could not be read. */
  unread = 0;
  incarnations = 0;
  records = 0;
  events = 0;

  /** Counts an applied event. Returns the first copy of its operation if that adds otherwise. */
  count(event: AuditedEvent, outbox: OutboxSums): Copy | undefined {
    if (event.kind === "add") return this.#countAdd(event, outbox);
    // The ledger alone knows what a person gave when it was forgotten.
    if (event.kind === "set") this.#countSet(event);
    return undefined;
  }

  #countAdd({ itemId, likes, operation }: AuditedAdd, outbox: OutboxSums): Copy | undefined {
    const item = this.items.of(itemId);
    item.isNamed = true;
    outbox.read += likes;
    if (operation === undefined) {
      item.isMade = true;
      item.adds += likes;
      return undefined;
    }
    outbox.named += likes;
    const copy = { item: item.number, outbox: outbox.number, likes: Number(likes) };
    return this.operations.add(operation, copy);
  }

  #countSet({ itemId, person, state }: AuditedSet): void {
    const item = this.items.of(itemId);
    item.isNamed = true;
    this.registers.raise(person, item.number, rankOf(state));
    if (state.reaction > PLAIN_LIKE) this.reactions.add(reactionKey(item.number, state.reaction));
  }

  /**
   * Spreads the likes of operations over items and outboxes. Call once every outbox is read.
   * `isSure`: no event that was not read can hold another copy.
   */
  settle({ isSure }: { readonly isSure: boolean }): void {
    const outboxes = [...this.outboxes.values()];
    for (const copies of this.operations.copies()) {
      this.settled = plus(this.settled, shareOf(copies, isSure));
      const items = sharesOf(copies, "item", isSure);
      for (const [number, share] of items) {
        const item = this.items.at(number);
        item.adds += share.least;
        item.open += share.most - share.least;
        item.isMade ||= isSure && items.size === 1;
      }
      for (const [number, share] of sharesOf(copies, "outbox", isSure)) {
        const outbox = outboxes[number];
        if (outbox === undefined) throw new Error(`there is no outbox ${number}`);
        outbox.operations = plus(outbox.operations, share);
      }
    }
  }

  outbox(outboxId: StoredId): OutboxSums {
    const found = this.outboxes.get(outboxId);
    if (found !== undefined) return found;
    const made: OutboxSums = {
      number: this.outboxes.size,
      adds: unknownLikes(0),
      own: 0n,
      read: 0n,
      named: 0n,
      operations: unknownLikes(0),
      appliedEvents: 0,
      orphanedEvents: 0,
      areOrphansWhole: true,
      reach: new Map(),
    };
    this.outboxes.set(outboxId, made);
    return made;
  }

  /** Likes of all applied adds. */
  get adds(): Span {
    const all = [...this.outboxes.values()];
    return all.reduce((sum, { adds }) => plus(sum, adds), unknownLikes(0));
  }

  /** Likes of all applied adds that were read. */
  get read(): bigint {
    return this.#sum(({ read }) => read);
  }

  /** The part of that with an operation. */
  get named(): bigint {
    return this.#sum(({ named }) => named);
  }

  /** The most likes of all applied adds that could not be read. */
  get open(): bigint {
    return this.#sum(({ adds, read }) => adds.most - read);
  }

  /** Returns the sum of the running totals; undefined if any is unknown. */
  get own(): bigint | undefined {
    let sum = 0n;
    for (const { own } of this.outboxes.values()) {
      if (own === undefined) return undefined;
      sum += own;
    }
    return sum;
  }

  #sum(likesOf: (outbox: OutboxSums) => bigint): bigint {
    return [...this.outboxes.values()].reduce((sum, one) => sum + likesOf(one), 0n);
  }
}

/** The reaction of a plain like. */
export const PLAIN_LIKE = 1;

/** Returns the number of an item and a reaction. */
export function reactionKey(item: number, reaction: number): number {
  return item * (REACTIONS_MAX + 1) + reaction;
}

/** Returns the item and the reaction of a number. */
export function partsOf(key: number): { readonly item: number; readonly reaction: number } {
  const reaction = key % (REACTIONS_MAX + 1);
  return { item: (key - reaction) / (REACTIONS_MAX + 1), reaction };
}
