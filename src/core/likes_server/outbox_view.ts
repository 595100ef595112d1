/**
 * A LikesServer's view of its outbox: what is synced, and how far that is acknowledged. A write
 * shows here when it is synced, never when it begins. So nothing is answered, sent or reported
 * before the disk has it.
 */
import { assert, unreachable } from "../../assert.ts";
import type { LedgerSeen, ReportedTrouble } from "../protocol/messages.ts";
import { acceptedOf } from "./outbox.ts";
import type { Accepted, IncarnationState, OutboxSnapshot, OutboxWrite } from "./outbox.ts";
import type { Position } from "../protocol/record.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";

/** An incarnation of the outbox. */
export interface IncarnationView {
  readonly id: IncarnationId;
  /** As on the disk. */
  stored: IncarnationState;
  /**
   * The ledger has every event up to here, by the newest Ack. Never below `stored.acknowledged`.
   */
  acknowledged: Position;
  /**
   * Whether a write that parks, unparks or closes it is queued or under way. Its delivery pauses.
   */
  isTransitioning: boolean;
}

/** The outbox, as its process knows it. */
export class OutboxView {
  readonly outboxId: OutboxId;
  #state: OutboxSnapshot;
  #incarnations: readonly IncarnationView[];
  #current: IncarnationView;

  /** `snapshot` was read after the process minted its incarnation, which is the newest. */
  constructor(snapshot: OutboxSnapshot) {
    this.outboxId = snapshot.outboxId;
    this.#state = snapshot;
    this.#incarnations = snapshot.incarnations.map(viewOf);
    const current = this.#incarnations.at(-1);
    assert(current !== undefined, "an incarnation was minted at the start");
    assert(current.stored.last.sequence === 0, "a process appends to no incarnation of another");
    this.#current = current;
  }

  /** The ledger as it was last seen, according to the disk. */
  get seen(): LedgerSeen | undefined {
    return this.#state.seen;
  }

  /** Whether a redelivery is under way, according to the disk. */
  get isRedelivering(): boolean {
    return this.#state.isRedelivering;
  }

  /** Bytes of unacknowledged records on the disk, according to the disk. */
  get pendingBytes(): number {
    return this.#state.bytes - this.#state.retainedBytes;
  }

  /** The incarnation that appends. */
  get current(): IncarnationView {
    return this.#current;
  }

  /** All incarnations, closed ones included, oldest first. */
  get incarnations(): readonly IncarnationView[] {
    return this.#incarnations;
  }

  /** The incarnations that are not closed, oldest first. */
  get openIncarnations(): readonly IncarnationView[] {
    return this.#incarnations.filter(({ stored }) => !stored.closed);
  }

  /**
   * The incarnation to deliver: the oldest that is neither closed nor parked. Undefined while a
   * write is about to change that.
   */
  get next(): IncarnationView | undefined {
    const next = this.#incarnations.find(({ stored }) => {
      return !stored.closed && stored.parked === undefined;
    });
    return next?.isTransitioning ? undefined : next;
  }

  /** The troubles of parked incarnations, oldest first. */
  get troubles(): readonly ReportedTrouble[] {
    return this.#incarnations.flatMap(({ stored }) => stored.parked ?? []);
  }

  /** All events and likes that the outbox has accepted. */
  get accepted(): Accepted {
    const lasts = this.#incarnations.map(({ stored }) => stored);
    return acceptedOf(this.#state.purged, lasts);
  }

  /**
   * Likes of this outbox that are in the ledger. Includes those of parked incarnations: the total
   * may contain them, and no like may be shown twice.
   */
  get countedLikes(): bigint {
    let { likes } = this.#state.purged;
    for (const { stored, acknowledged } of this.#incarnations) {
      likes += stored.parked === undefined ? acknowledged.likes : stored.last.likes;
    }
    return likes;
  }

  /**
   * Events that were acknowledged to this outbox or removed from it. While no incarnation is purged
   * it is 0, because a gap is then reported with its range.
   */
  get acknowledgedEvents(): number {
    let { events } = this.#state.purged;
    if (events === 0) return 0;
    for (const { acknowledged } of this.#incarnations) events += acknowledged.sequence;
    return events;
  }

  /** Returns the number of unacknowledged events, without those of incarnation `except`. */
  pendingExcept(except: IncarnationView | undefined): number {
    let events = 0;
    for (const incarnation of this.#incarnations) {
      if (incarnation !== except) events += pendingOf(incarnation);
    }
    return events;
  }

  /** Whether events are left to deliver. Parked incarnations are not delivered. */
  get hasDeliverable(): boolean {
    return this.#incarnations.some((one) => {
      return one.stored.parked === undefined && pendingOf(one) > 0;
    });
  }

  find(id: IncarnationId): IncarnationView | undefined {
    return this.#incarnations.find((candidate) => candidate.id === id);
  }

  /** Applies synced `writes`, which led to `state`. */
  onWritten(writes: readonly OutboxWrite[], state: OutboxSnapshot): void {
    this.#state = state;
    this.#incarnations = merged(this.#incarnations, state.incarnations);
    for (const write of writes) this.#applyWrite(write);
  }

  #applyWrite(write: OutboxWrite): void {
    switch (write.type) {
      case "mint": {
        const minted = this.find(write.incarnation);
        assert(minted !== undefined, "a minted incarnation is in the outbox");
        this.#current = minted;
        break;
      }
      case "park":
      case "unpark":
      case "close": {
        const found = this.find(write.incarnation);
        if (found !== undefined) found.isTransitioning = false;
        break;
      }
      case "begin_redelivery":
        for (const one of this.#incarnations) {
          one.acknowledged = one.stored.acknowledged;
          one.isTransitioning = false;
        }
        break;
      case "append":
      case "acknowledge":
      case "trim":
      case "evict":
      case "end_redelivery":
      case "membership":
        break;
      default:
        unreachable(write);
    }
  }
}

/** Returns a view for each incarnation of `now`: the one of `before`, updated, or a new one. */
function merged(
  before: readonly IncarnationView[],
  now: readonly IncarnationState[],
): readonly IncarnationView[] {
  let index = 0;
  return now.map((stored) => {
    // Both are in the same order, and a purged incarnation does not come back.
    while (index < before.length && before[index]?.id !== stored.incarnation) index++;
    const one = before[index++] ?? viewOf(stored);
    if (one.stored === stored) return one;
    return Object.assign(one, { stored, acknowledged: newer(one.acknowledged, stored) });
  });
}

function viewOf(stored: IncarnationState): IncarnationView {
  const acknowledged = newer(stored.acknowledged, stored);
  return { id: stored.incarnation, stored, acknowledged, isTransitioning: false };
}

/** Returns the acknowledged position: by an Ack, or by the disk if that is further. */
function newer(acked: Position, { closed, last, acknowledged }: IncarnationState): Position {
  if (closed) return last;
  return acked.sequence > acknowledged.sequence ? acked : acknowledged;
}

function pendingOf({ stored, acknowledged }: IncarnationView): number {
  return stored.last.sequence - acknowledged.sequence;
}
