/**
 * What a LikesServer knows of its outbox: what is synced, and what of that is acknowledged. A write
 * shows here when it is synced, never when it begins, so nothing is answered, sent or reported
 * before the disk has it.
 */
import { assert, unreachable } from "../../assert.ts";
import type { LedgerSeen, ReportedTrouble } from "../protocol/messages.ts";
import { acceptedOf } from "./outbox.ts";
import type { Accepted, IncarnationState, OutboxSnapshot, OutboxWrite } from "./outbox.ts";
import type { Position } from "../protocol/record.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";

/** An incarnation that the outbox knows. */
export interface IncarnationView {
  readonly id: IncarnationId;
  /** As it is on the disk. */
  stored: IncarnationState;
  /**
   * Everything up to here is in the ledger, by the newest Ack. Never below `stored.acknowledged`.
   */
  acknowledged: Position;
  /**
   * Whether a write is on its way that parks, unparks or closes it. It is not delivered meanwhile.
   */
  isTransitioning: boolean;
}

/** An outbox as its one process knows it. */
export class OutboxView {
  readonly outboxId: OutboxId;
  #state: OutboxSnapshot;
  #incarnations: readonly IncarnationView[];
  #current: IncarnationView;

  /** `snapshot` was read after the process minted its incarnation: the newest. */
  constructor(snapshot: OutboxSnapshot) {
    this.outboxId = snapshot.outboxId;
    this.#state = snapshot;
    this.#incarnations = snapshot.incarnations.map(viewOf);
    const current = this.#incarnations.at(-1);
    assert(current !== undefined, "an incarnation was minted at the start");
    assert(current.stored.last.sequence === 0, "a process appends to no incarnation of another");
    this.#current = current;
  }

  /** The ledger as it was last seen, by what is on the disk. */
  get seen(): LedgerSeen | undefined {
    return this.#state.seen;
  }

  /** Whether a ledger that forgot is getting everything again, by the disk. */
  get isRedelivering(): boolean {
    return this.#state.isRedelivering;
  }

  /** Bytes that what is not acknowledged takes on the disk, by what the disk knows of that. */
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

  /** Those that are not closed, oldest first. */
  get openIncarnations(): readonly IncarnationView[] {
    return this.#incarnations.filter(({ stored }) => !stored.closed);
  }

  /**
   * The incarnation to deliver: the oldest that is open and not parked. None while a write changes
   * that.
   */
  get next(): IncarnationView | undefined {
    const next = this.#incarnations.find(({ stored }) => {
      return !stored.closed && stored.parked === undefined;
    });
    return next?.isTransitioning ? undefined : next;
  }

  /** Why incarnations are parked, the oldest first. */
  get troubles(): readonly ReportedTrouble[] {
    return this.#incarnations.flatMap(({ stored }) => stored.parked ?? []);
  }

  /** All that the outbox has accepted. */
  get accepted(): Accepted {
    const lasts = this.#incarnations.map(({ stored }) => stored);
    return acceptedOf(this.#state.purged, lasts);
  }

  /**
   * Likes of this outbox that are in the ledger, and those of parked incarnations: these may be
   * there, and no like is shown twice.
   */
  get countedLikes(): bigint {
    let { likes } = this.#state.purged;
    for (const { stored, acknowledged } of this.#incarnations) {
      likes += stored.parked === undefined ? acknowledged.likes : stored.last.likes;
    }
    return likes;
  }

  /**
   * Likes that were acknowledged to this outbox, or are removed from it. 0 while no incarnation is
   * purged: a gap is then named by its range.
   */
  get acknowledgedLikes(): bigint {
    let { likes } = this.#state.purged;
    if (this.#state.purged.events === 0) return 0n;
    for (const { acknowledged } of this.#incarnations) likes += acknowledged.likes;
    return likes;
  }

  /** Events that are not acknowledged, of all incarnations but one. */
  pendingExcept(except: IncarnationView | undefined): number {
    let events = 0;
    for (const incarnation of this.#incarnations) {
      if (incarnation !== except) events += pendingOf(incarnation);
    }
    return events;
  }

  /** Whether something is still to be delivered. Parked incarnations are not. */
  get hasDeliverable(): boolean {
    return this.#incarnations.some((one) => {
      return one.stored.parked === undefined && pendingOf(one) > 0;
    });
  }

  find(id: IncarnationId): IncarnationView | undefined {
    return this.#incarnations.find((candidate) => candidate.id === id);
  }

  /** `writes` are synced, and the outbox is `state` now. */
  onWritten(writes: readonly OutboxWrite[], state: OutboxSnapshot): void {
    this.#state = state;
    this.#incarnations = merged(this.#incarnations, state.incarnations);
    for (const write of writes) this.#applyWrite(write);
  }

  #applyWrite(write: OutboxWrite): void {
    switch (write.type) {
      case "mint": {
        const minted = this.find(write.incarnation);
        assert(minted !== undefined, "what was minted is in the outbox");
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

/** Returns the views of `now`: those of `before`, with what is stored now, and new ones. */
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

/** Returns what is acknowledged: by an Ack, or by the disk if that is more. */
function newer(acked: Position, { closed, last, acknowledged }: IncarnationState): Position {
  if (closed) return last;
  return acked.sequence > acknowledged.sequence ? acked : acknowledged;
}

function pendingOf({ stored, acknowledged }: IncarnationView): number {
  return stored.last.sequence - acknowledged.sequence;
}
