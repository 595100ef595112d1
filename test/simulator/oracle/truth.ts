/**
 * What only an outside observer knows: every attempted add, which its item and its number of likes
 * identify; when it was acknowledged; and where it was synced. Only one process appends to an
 * incarnation, so its events form one list, whatever happens to the disks that store it.
 */
import type { AddResult } from "../../../src/core/likes_server/likes_server.ts";
import type { OutboxWrite } from "../../../src/core/likes_server/outbox.ts";
import type { RecordCodec } from "../../../src/core/protocol/record.ts";
import type { IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import { expect } from "./failure.ts";

/** One attempted request to add likes. */
export interface Add {
  readonly itemId: string;
  readonly likes: bigint;
  /** When it was acknowledged, in steps; 0 before. */
  acceptedStep: number;
  isRefused: boolean;
  /** Where it was synced; undefined before. */
  syncedIn: SyncedIncarnation | undefined;
  sequence: number;
  /** Whether every disk with it was wiped or rolled back: it cannot return. */
  isLost: boolean;
}

/** The synced events of one incarnation. */
export interface SyncedIncarnation {
  readonly incarnation: IncarnationId;
  readonly outboxId: OutboxId;
  readonly adds: Add[];
}

/** The item of the likes that a ledger has from before the world began. */
export const PAST_ITEM = "past";

/** All attempted adds of a world. */
export class Truth {
  readonly #codec: RecordCodec;
  readonly #incarnations = new Map<IncarnationId, SyncedIncarnation>();
  readonly #byItem = new Map<string, Add[]>();
  /** By request, from 1. */
  readonly adds: Add[] = [];
  /** Acknowledged adds, in order. */
  readonly accepted: Add[] = [];
  /** Likes that were attempted and not refused, plus those of the past. */
  attemptedLikes: bigint;
  refused = 0;
  #step = 0;

  constructor(codec: RecordCodec, pastLikes: bigint) {
    this.#codec = codec;
    this.attemptedLikes = pastLikes;
  }

  /** Steps order acknowledgements and sent pulses. */
  nextStep(): number {
    return ++this.#step;
  }

  /**
   * Records an attempt for the item of `beside`, or for a new item if that has one of equal likes.
   */
  attempt(likes: bigint, beside: Add | undefined): { requestId: number; itemId: string } {
    const isNew = beside === undefined || this.#addOf(beside.itemId, likes) !== undefined;
    const itemId = isNew ? `g${this.adds.length + 1}` : beside.itemId;
    const add: Add = {
      itemId,
      likes,
      acceptedStep: 0,
      isRefused: false,
      syncedIn: undefined,
      sequence: 0,
      isLost: false,
    };
    this.adds.push(add);
    this.#byItem.set(itemId, [...this.addsOf(itemId), add]);
    this.attemptedLikes += likes;
    return { requestId: this.adds.length, itemId };
  }

  /** Returns all attempts for an item. */
  addsOf(itemId: string): readonly Add[] {
    return this.#byItem.get(itemId) ?? [];
  }

  #addOf(itemId: string, likes: bigint): Add | undefined {
    return this.addsOf(itemId).find((add) => add.likes === likes);
  }

  syncedOf(incarnation: IncarnationId): SyncedIncarnation | undefined {
    return this.#incarnations.get(incarnation);
  }

  /** Records reached the disk of `outboxId`, whether or not the process knows. */
  synced(outboxId: OutboxId, writes: readonly OutboxWrite[]): void {
    for (const write of writes) {
      if (write.type !== "append") continue;
      const synced = this.#ensure(write.incarnation, outboxId);
      const { first } = write.record.events;
      expect(
        first === synced.adds.length + 1,
        () => `#${first} of ${synced.incarnation} follows ${synced.adds.length}`,
      );
      for (const event of this.#codec.decode(write.record.bytes) ?? []) {
        const add = event && this.#addOf(event.itemId, event.change.likes);
        expect(add !== undefined, () => "a record has an event that no client added");
        expect(add.syncedIn === undefined, () => `${add.itemId} is synced twice`);
        synced.adds.push(add);
        add.syncedIn = synced;
        add.sequence = synced.adds.length;
      }
    }
  }

  /** A client is answered. Law 1: an acknowledged add is synced at the sequence in its answer. */
  answered(requestId: number, outcome: AddResult): Add {
    const add = this.adds[requestId - 1];
    expect(
      add !== undefined && add.acceptedStep === 0 && !add.isRefused,
      () => `${requestId} is answered twice`,
    );
    if (outcome.type === "accepted") {
      const isThere =
        this.#incarnations.get(outcome.incarnation)?.adds[outcome.sequence - 1] === add;
      expect(isThere, () => `${add.itemId} is acknowledged but was never synced`);
      add.acceptedStep = this.nextStep();
      this.accepted.push(add);
    } else {
      this.refused++;
      add.isRefused = true;
      this.attemptedLikes -= add.likes;
      expect(add.syncedIn === undefined, () => `${add.itemId} was refused but is on the disk`);
    }
    return add;
  }

  #ensure(incarnation: IncarnationId, outboxId: OutboxId): SyncedIncarnation {
    const known = this.#incarnations.get(incarnation);
    if (known !== undefined) return known;
    const synced = { incarnation, outboxId, adds: [] };
    this.#incarnations.set(incarnation, synced);
    return synced;
  }
}
