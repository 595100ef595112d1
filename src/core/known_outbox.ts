/**
 * What a LikesServer knows of its outbox: what is synced, and what of that is acknowledged. A write
 * is taken in when it is done, never when it is asked for, so that nothing can be answered, sent or
 * reported before the disk has it.
 */
import { assert, unreachable } from "../assert.ts";
import type { LedgerSeen, Trouble } from "./messages.ts";
import { acceptedOf } from "./outbox.ts";
import type { Accepted, Membership, OutboxSnapshot, OutboxWrite } from "./outbox.ts";
import { origin } from "./record.ts";
import type { Id, Position } from "./record.ts";

/** An incarnation that is not closed. */
export interface KnownIncarnation {
  readonly id: Id;
  /** The last event that is synced. */
  last: Position;
  /** Everything up to here is in the ledger. */
  acknowledged: Position;
  trimmedSequence: number;
  parked: Trouble | undefined;
  /** Whether a write is on its way that parks or closes it: it is not delivered any further. */
  isEnding: boolean;
}

/** An outbox as its one process knows it. */
export class KnownOutbox {
  readonly outboxId: Id;
  readonly #incarnations: KnownIncarnation[];
  #membership: Membership;
  #seen: LedgerSeen | undefined;
  #closed: Accepted;
  /** Bytes that its records take on the disk, at the most. */
  bytes: number;

  /** `snapshot` was read after the process minted its own incarnation: the newest. */
  constructor(snapshot: OutboxSnapshot) {
    this.outboxId = snapshot.outboxId;
    this.#incarnations = snapshot.incarnations.map(({ incarnation, last, trimmed, parked }) => ({
      id: incarnation,
      last,
      acknowledged: trimmed,
      trimmedSequence: trimmed.sequence,
      parked,
      isEnding: false,
    }));
    assert(this.own.last.sequence === 0, "a process appends to its own incarnation only");
    // Whether a leave that was asked for was recorded is not known: it is a stranger until told.
    this.#membership = snapshot.membership === "member" ? "member" : "stranger";
    this.#seen = snapshot.seen;
    this.#closed = snapshot.closed;
    this.bytes = snapshot.bytes;
  }

  get membership(): Membership {
    return this.#membership;
  }

  /** The ledger as it was last seen, by what is on the disk. */
  get seen(): LedgerSeen | undefined {
    return this.#seen;
  }

  /** The life that appends. */
  get own(): KnownIncarnation {
    const own = this.#incarnations.at(-1);
    assert(own !== undefined, "the own incarnation was minted at the start");
    return own;
  }

  /** Those that are not closed, oldest first. */
  get incarnations(): readonly KnownIncarnation[] {
    return this.#incarnations;
  }

  /** What is to be delivered: the oldest not closed, once no write is about to change that. */
  get next(): KnownIncarnation | undefined {
    const next = this.#incarnations.find(({ parked }) => parked === undefined);
    return next?.isEnding ? undefined : next;
  }

  /** Why incarnations are parked, oldest first. */
  get troubles(): readonly Trouble[] {
    return this.#incarnations.flatMap(({ parked }) => parked ?? []);
  }

  /** Everything that it has accepted. */
  get accepted(): Accepted {
    return acceptedOf(this.#closed, this.#incarnations);
  }

  /** Likes of this outbox that are known to be in the ledger. */
  get acknowledgedLikes(): bigint {
    let { likes } = this.#closed;
    for (const { acknowledged } of this.#incarnations) likes += acknowledged.likes;
    return likes;
  }

  /** Events that are not acknowledged, of all incarnations but one. */
  pendingExcept(except: KnownIncarnation | undefined): number {
    let events = 0;
    for (const incarnation of this.#incarnations) {
      if (incarnation !== except) events += pendingOf(incarnation);
    }
    return events;
  }

  /** Whether something is still to be delivered: what is parked is not. */
  get hasDeliverable(): boolean {
    return this.#incarnations.some((one) => one.parked === undefined && pendingOf(one) > 0);
  }

  /** Takes in a write that is synced. */
  adopt(write: OutboxWrite): void {
    switch (write.type) {
      case "mint":
        this.#incarnations.push(newIncarnation(write.incarnation));
        return;
      case "append":
        this.#find(write.incarnation).last = write.last;
        return;
      case "trim":
        this.#find(write.incarnation).trimmedSequence = write.upTo;
        return;
      case "close":
        return this.#close(this.#find(write.incarnation));
      case "park":
        Object.assign(this.#find(write.incarnation), { parked: write.trouble, isEnding: false });
        return;
      case "membership":
        this.#membership = write.membership;
        this.#seen = write.seen;
        return;
      default:
        return unreachable(write);
    }
  }

  #close(incarnation: KnownIncarnation): void {
    const { sequence, likes } = incarnation.last;
    this.#closed = { events: this.#closed.events + sequence, likes: this.#closed.likes + likes };
    this.#incarnations.splice(this.#incarnations.indexOf(incarnation), 1);
  }

  #find(id: Id): KnownIncarnation {
    const incarnation = this.#incarnations.find((candidate) => candidate.id === id);
    assert(incarnation !== undefined, "a write names an incarnation of this outbox");
    return incarnation;
  }
}

function newIncarnation(id: Id): KnownIncarnation {
  const last = origin(id);
  return {
    id,
    last,
    acknowledged: last,
    trimmedSequence: 0,
    parked: undefined,
    isEnding: false,
  };
}

function pendingOf({ last, acknowledged }: KnownIncarnation): number {
  return last.sequence - acknowledged.sequence;
}
