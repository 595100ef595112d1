/**
 * What only an outside observer knows: every attempted request, when it was acknowledged, and where
 * it was synced. Only one process appends to an incarnation, so its events form one list, whatever
 * happens to the disks that store it.
 *
 * A plain add is known by its item and its likes. A set and an add with an operation may be repeated:
 * equal requests are interchangeable, and the answer tells which one it was.
 */
import type { AddRequest } from "../../../src/core/likes_server/group_commit.ts";
import type { AddResult } from "../../../src/core/likes_server/likes_server.ts";
import type { OutboxWrite } from "../../../src/core/likes_server/outbox.ts";
import { acceptedLikes, likesAtMost } from "../../../src/core/protocol/like_event.ts";
import type { Change, LikeEvent } from "../../../src/core/protocol/like_event.ts";
import { compareStates } from "../../../src/core/protocol/register.ts";
import type { RecordCodec } from "../../../src/core/protocol/record.ts";
import type { IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import { expect } from "./failure.ts";

/** One attempted request. */
export interface Add {
  readonly itemId: string;
  readonly change: Change;
  /** Likes that it adds to the sum of its outbox. */
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

  /** Records an attempt. Returns its request. */
  attempt({ itemId, change }: LikeEvent): AddRequest {
    const add: Add = {
      itemId,
      change,
      likes: acceptedLikes(change),
      acceptedStep: 0,
      isRefused: false,
      syncedIn: undefined,
      sequence: 0,
      isLost: false,
    };
    this.adds.push(add);
    this.#byItem.set(itemId, [...this.addsOf(itemId), add]);
    this.attemptedLikes += likesAtMost(change);
    const event = { itemId, change };
    return { requestId: this.adds.length, event, mark: undefined };
  }

  /** Returns all attempts for an item. */
  addsOf(itemId: string): readonly Add[] {
    return this.#byItem.get(itemId) ?? [];
  }

  /** Returns an attempt of an event: one that is not synced, if there is one. */
  #addOf({ itemId, change }: LikeEvent): Add | undefined {
    const equal = this.addsOf(itemId).filter((add) => isSameChange(add.change, change));
    return equal.find((add) => add.syncedIn === undefined && !add.isRefused) ?? equal[0];
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
        const add = event && this.#addOf(event);
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
      const synced = this.#incarnations.get(outcome.incarnation);
      this.#exchange(add, synced?.adds[outcome.sequence - 1]);
      const isThere = synced?.adds[outcome.sequence - 1] === add;
      expect(isThere, () => `${add.itemId} is acknowledged but was never synced`);
      add.acceptedStep = this.nextStep();
      this.accepted.push(add);
    } else {
      this.refused++;
      add.isRefused = true;
      const isEqual = (other: Add) => isSameChange(other.change, add.change);
      const other = this.addsOf(add.itemId).find((one) => {
        return one !== add && !one.isRefused && one.syncedIn === undefined && isEqual(one);
      });
      if (add.syncedIn !== undefined) this.#exchange(add, other);
      this.attemptedLikes -= likesAtMost(add.change);
      expect(add.syncedIn === undefined, () => `${add.itemId} was refused but is on the disk`);
    }
    return add;
  }

  /** Exchanges the places of two equal requests. */
  #exchange(one: Add, other: Add | undefined): void {
    if (other === undefined || one === other || one.itemId !== other.itemId) return;
    if (!isSameChange(one.change, other.change)) return;
    const { syncedIn, sequence } = one;
    [one.syncedIn, one.sequence] = [other.syncedIn, other.sequence];
    [other.syncedIn, other.sequence] = [syncedIn, sequence];
    for (const add of [one, other]) {
      if (add.syncedIn !== undefined) add.syncedIn.adds[add.sequence - 1] = add;
    }
  }

  #ensure(incarnation: IncarnationId, outboxId: OutboxId): SyncedIncarnation {
    const known = this.#incarnations.get(incarnation);
    if (known !== undefined) return known;
    const synced = { incarnation, outboxId, adds: [] };
    this.#incarnations.set(incarnation, synced);
    return synced;
  }
}

function isSameChange(one: Change, other: Change): boolean {
  if (one.kind === "set") {
    const isSet = other.kind === "set" && one.person === other.person;
    return isSet && compareStates(one.state, other.state) === 0;
  }
  if (other.kind === "set" || one.likes !== other.likes) return false;
  const [operation, another] = [one.operation, other.operation];
  return operation?.client === another?.client && operation?.number === another?.number;
}
