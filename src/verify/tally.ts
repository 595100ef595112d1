/**
 * Running sums of an audit. A missing event has an unknown number of likes within bounds, so sums
 * are spans: at least what was read, at most that plus the largest likes of each missing event.
 */
import { LIKES_PER_EVENT_MAX } from "../limits.ts";
import type { Amount, StoredId } from "./report.ts";

/** A number of likes from `least` to `most`. */
export interface Span {
  readonly least: bigint;
  readonly most: bigint;
}

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
  /** The likes that the ledger must have applied. */
  applied: Span;
  /** The same by the outboxes' running totals; undefined once any is unknown. */
  own: bigint | undefined;
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

/** Sums over all outboxes. */
export class AuditTally {
  /** Likes of the counted events read, by item: the only state that grows with the items. */
  readonly items = new Map<string, bigint>();
  readonly outboxes = new Map<StoredId, OutboxSums>();
  readonly waiting = new Sum();
  readonly abandoned = new Sum();
  /** Likes of all counted events read. */
  likes = 0n;
  incarnations = 0;
  records = 0;
  events = 0;

  count(itemId: string, likes: bigint): void {
    this.likes += likes;
    this.items.set(itemId, (this.items.get(itemId) ?? 0n) + likes);
  }

  outbox(outboxId: StoredId): OutboxSums {
    const found = this.outboxes.get(outboxId);
    if (found !== undefined) return found;
    const made: OutboxSums = {
      applied: unknownLikes(0),
      own: 0n,
      orphanedEvents: 0,
      areOrphansWhole: true,
      reach: new Map(),
    };
    this.outboxes.set(outboxId, made);
    return made;
  }

  /** Returns the applied span over all outboxes. */
  get applied(): Span {
    return [...this.outboxes.values()].reduce(
      (sum, one) => plus(sum, one.applied),
      unknownLikes(0),
    );
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
}
