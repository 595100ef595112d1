/**
 * What only an outside observer knows: every attempted request, when it was acknowledged, and where
 * it was synced. Only one process appends to an incarnation, so its events form one list, whatever
 * happens to the disks that store it.
 *
 * A plain add is known by its item and its likes. A set and an add with an operation may be repeated:
 * equal requests are interchangeable, and the answer tells which one it was.
 */
import type { AddRequest } from "../../../src/core/likes_server/group_commit.ts";
import type { AddResult, SetResult } from "../../../src/core/likes_server/likes_server.ts";
import type { OutboxWrite } from "../../../src/core/likes_server/outbox.ts";
import { acceptedLikes, likesAtMost } from "../../../src/core/protocol/like_event.ts";
import type { Change, LikeEvent } from "../../../src/core/protocol/like_event.ts";
import type { WishRequest } from "../../../src/core/likes_server/wishes.ts";
import { UNSET, compareStates } from "../../../src/core/protocol/register.ts";
import type { RegisterState } from "../../../src/core/protocol/register.ts";
import type { RecordCodec } from "../../../src/core/protocol/record.ts";
import type { IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import { expect } from "./failure.ts";

/** One attempted request. */
export interface Add {
  readonly itemId: string;
  change: Change;
  /** What a wish was before its revision was known: a set of revision 0. */
  readonly wish: Change | undefined;
  /** Likes that it adds to the sum of its outbox. */
  readonly likes: bigint;
  /** When it was acknowledged, in steps; 0 before. */
  acceptedStep: number;
  isRefused: boolean;
  /** Where it was synced; undefined before. */
  syncedIn: SyncedIncarnation | undefined;
  sequence: number;
  /** Whether every disk with that place was wiped or rolled back: it cannot return. */
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
      wish: change.kind === "set" && change.state.revision === 0 ? change : undefined,
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

  /** Records an attempt that leaves the revision to the LikesServer. Returns its request. */
  wish(wish: WishRequest["wish"]): WishRequest {
    const { itemId, person, wanted } = wish;
    const { requestId } = this.attempt({
      itemId,
      change: { kind: "set", person, state: { revision: 0, ...wanted } },
    });
    return { requestId, wish };
  }

  /** Returns all attempts for an item. */
  addsOf(itemId: string): readonly Add[] {
    return this.#byItem.get(itemId) ?? [];
  }

  /** Returns an attempt of an event: one that is not synced, if there is one. */
  #addOf({ itemId, change }: LikeEvent): Add | undefined {
    const equal = this.addsOf(itemId).filter((add) => isSameChange(add.change, change));
    const isWaiting = (add: Add) => add.syncedIn === undefined && !add.isRefused;
    const found = equal.find(isWaiting);
    if (found !== undefined) return found;
    const wish = this.addsOf(itemId).find((add) => isWaiting(add) && isWishOf(add.wish, change));
    if (wish !== undefined) wish.change = change;
    return wish ?? equal[0];
  }

  /** A LikesServer may only tell a state that some disk has. */
  #checkKnown({ itemId, change }: Add, state: RegisterState): void {
    expect(change.kind === "set", () => `an add for ${itemId} has the outcome of a set`);
    const isUnset = compareStates(state, UNSET) === 0;
    const isSynced = this.addsOf(itemId).some(({ change: other, syncedIn }) => {
      const isThere = syncedIn !== undefined && other.kind === "set";
      return isThere && other.person === change.person && compareStates(other.state, state) === 0;
    });
    expect(isUnset || isSynced, () => `a state of ${itemId} is told that was never synced`);
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
  answered(requestId: number, outcome: AddResult | SetResult): Add {
    const add = this.adds[requestId - 1];
    expect(
      add !== undefined && add.acceptedStep === 0 && !add.isRefused,
      () => `${requestId} is answered twice`,
    );
    if (outcome.type === "same" || outcome.type === "superseded") {
      this.#checkKnown(add, outcome.state);
      add.isRefused = true;
      this.#giveAway(add);
      expect(add.syncedIn === undefined, () => `${add.itemId} is ${outcome.type} but on the disk`);
    } else if (outcome.type !== "refused") {
      const told = toldBy(add.change, outcome);
      const synced = this.#incarnations.get(outcome.incarnation);
      const there = synced?.adds[outcome.sequence - 1];
      const isThere = there?.itemId === add.itemId && isSameChange(there.change, told);
      expect(isThere, () => `${add.itemId} is acknowledged but was never synced`);
      // The outbox may remember an equal request, and name that event again.
      if (there.acceptedStep === 0) this.#exchange(add, there);
      else if (there !== add) this.#join(add, there);
      add.acceptedStep = this.nextStep();
      this.accepted.push(add);
    } else {
      this.refused++;
      add.isRefused = true;
      this.#giveAway(add);
      this.attemptedLikes -= likesAtMost(add.change);
      expect(add.syncedIn === undefined, () => `${add.itemId} was refused but is on the disk`);
    }
    return add;
  }

  /** A request that stored nothing gives the place that it seemed to have to an equal one. */
  #giveAway(add: Add): void {
    if (add.syncedIn === undefined) return;
    const { change } = add;
    const other = this.addsOf(add.itemId).find((one) => {
      const isEqual = isSameChange(one.change, change) || isWishOf(one.wish, change);
      return isEqual && one !== add && !one.isRefused && one.syncedIn === undefined;
    });
    if (other !== undefined) this.#exchange(add, other);
  }

  /** The answer names the place of another request, which was answered before. */
  #join(add: Add, there: Add): void {
    this.#giveAway(add);
    if (add.syncedIn === undefined) place(add, there, there.change);
  }

  /** Exchanges the places of two requests that are equal, or wishes that became other sets. */
  #exchange(one: Add, other: Add): void {
    const [before, change] = [{ ...one }, one.change];
    place(one, other, other.change);
    place(other, before, change);
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

/** Gives a request the place of another one. A wish is the set that is there. */
function place(add: Add, at: Pick<Add, "syncedIn" | "sequence" | "isLost">, change: Change): void {
  const { syncedIn, sequence, isLost } = at;
  [add.syncedIn, add.sequence, add.isLost] = [syncedIn, sequence, isLost];
  if (add.wish !== undefined) add.change = syncedIn === undefined ? add.wish : change;
}

/** Returns the change that an answer says is on the disk. */
function toldBy(change: Change, outcome: AddResult | SetResult): Change {
  const isSet = outcome.type === "stored" && change.kind === "set";
  return isSet ? { ...change, state: outcome.state } : change;
}

/** Returns true when `change` is the set that a wish has become. */
function isWishOf(wish: Change | undefined, change: Change): boolean {
  if (wish?.kind !== "set" || change.kind !== "set") return false;
  const isSame = wish.state.reaction === change.state.reaction;
  return isSame && wish.state.likes === change.state.likes && wish.person === change.person;
}

function isSameChange(one: Change, other: Change): boolean {
  if (one.kind === "set") {
    const isSet = other.kind === "set" && one.person === other.person;
    return isSet && compareStates(one.state, other.state) === 0;
  }
  if (one.kind === "forget") {
    const isSame = other.kind === "forget" && one.person === other.person;
    return isSame && one.withdraw === other.withdraw;
  }
  if (other.kind !== "add" || one.likes !== other.likes) return false;
  const [operation, another] = [one.operation, other.operation];
  return operation?.client === another?.client && operation?.number === another?.number;
}
