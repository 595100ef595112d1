/**
 * What adds up while outboxes are read. Likes of events that are missing are known within bounds alone,
 * so sums are spans: at least what was read, at most that and the largest likes of each missing event.
 */
import { LIKES_PER_EVENT_MAX } from "../limits.ts";
import type { Amount, Id } from "./report.ts";

/** Likes that may be anything from `least` to `most`. */
export interface Span {
  readonly least: bigint;
  readonly most: bigint;
}

/** Events with their likes, added one by one. */
export class Sum implements Amount {
  events = 0;
  likes = 0n;

  add(likes: bigint): void {
    this.events++;
    this.likes += likes;
  }
}

/** What the incarnations of one outbox amount to. */
export interface OutboxTally {
  /** What the ledger has to have applied of it. */
  applied: Span;
  /** The same by the outboxes' own sums; undefined once one of them is not known. */
  own: bigint | undefined;
  /** Applied events of incarnations that no outbox holds. */
  orphanedEvents: number;
  /** Whether each of those was counted as it was, with no decision about it. */
  isUnheldPlain: boolean;
  /** By incarnation that is held somewhere: the last of its events of which anybody knows. */
  readonly reach: Map<Id, number>;
}

/** The span of `count` events of which nobody knows the likes. */
export function unknownLikes(count: number): Span {
  return { least: 0n, most: BigInt(count) * BigInt(LIKES_PER_EVENT_MAX) };
}

/** A span in words: one number where nothing is unknown. */
export function spanText({ least, most }: Span): string {
  return least === most ? String(least) : `${least} to ${most}`;
}

/** Both together. */
export function plus(one: Span, other: Span): Span {
  return { least: one.least + other.least, most: one.most + other.most };
}

/** Sums over all outboxes. */
export class Tally {
  /** Likes of the counted events that were read, by item: the one thing that grows with the store. */
  readonly items = new Map<string, bigint>();
  readonly outboxes = new Map<Id, OutboxTally>();
  readonly waiting = new Sum();
  readonly abandoned = new Sum();
  /** Of the counted events that were read. */
  likes = 0n;
  incarnations = 0;
  records = 0;
  events = 0;

  count(itemId: string, likes: bigint): void {
    this.likes += likes;
    this.items.set(itemId, (this.items.get(itemId) ?? 0n) + likes);
  }

  outbox(outboxId: Id): OutboxTally {
    const found = this.outboxes.get(outboxId);
    if (found !== undefined) return found;
    const made: OutboxTally = {
      applied: unknownLikes(0),
      own: 0n,
      orphanedEvents: 0,
      isUnheldPlain: true,
      reach: new Map(),
    };
    this.outboxes.set(outboxId, made);
    return made;
  }

  /** Of all outboxes together. */
  get applied(): Span {
    return [...this.outboxes.values()].reduce(
      (sum, one) => plus(sum, one.applied),
      unknownLikes(0),
    );
  }

  /** Of all outboxes together, by their own sums. */
  get own(): bigint | undefined {
    let sum = 0n;
    for (const { own } of this.outboxes.values()) {
      if (own === undefined) return undefined;
      sum += own;
    }
    return sum;
  }
}
