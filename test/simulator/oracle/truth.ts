/**
 * What only somebody outside knows: every like that was attempted, which its item and its number tell
 * from all others; when it was acknowledged; and under which name it was synced. An incarnation is
 * appended to by one process, so the events of one are one list, whatever became of the disks that
 * hold it.
 */
import type { AddResult } from "../../../src/core/likes_server/likes_server.ts";
import type { OutboxWrite } from "../../../src/core/likes_server/outbox.ts";
import type { RecordCodec } from "../../../src/core/protocol/record.ts";
import type { Id } from "../../../src/core/protocol/ids.ts";
import { expect } from "./failure.ts";

/** A like that somebody gave. */
export interface Gift {
  readonly itemId: string;
  readonly likes: bigint;
  /** When it was acknowledged, in steps; 0 before. */
  acceptedStep: number;
  isRefused: boolean;
  /** Where it was synced; undefined before. */
  life: PerIncarnation | undefined;
  sequence: number;
  /** Whether the disk that held it was wiped or rolled back: nobody can bring it again. */
  isLost: boolean;
}

/** What was synced of one incarnation. */
export interface PerIncarnation {
  readonly incarnation: Id;
  readonly outboxId: Id;
  readonly gifts: Gift[];
}

/** The item of likes that a ledger has from before the world began. */
export const PAST_ITEM = "past";

/** All that was given. */
export class Truth {
  readonly #codec: RecordCodec;
  readonly #lives = new Map<Id, PerIncarnation>();
  readonly #byItem = new Map<string, Gift[]>();
  /** By request, from 1. */
  readonly gifts: Gift[] = [];
  /** Acknowledged ones in order. */
  readonly accepted: Gift[] = [];
  /** Likes that were attempted and not refused, and those of the past. */
  attemptedLikes: bigint;
  refused = 0;
  #step = 0;

  constructor(codec: RecordCodec, pastLikes: bigint) {
    this.#codec = codec;
    this.attemptedLikes = pastLikes;
  }

  /** Moments that have an order: acknowledgements, and pulses that are sent. */
  nextStep(): number {
    return ++this.#step;
  }

  /** Somebody gives likes to the item of `beside`; to a new one when that was given as many before. */
  attempt(likes: bigint, beside: Gift | undefined): { requestId: number; itemId: string } {
    const isNew = beside === undefined || this.#giftOf(beside.itemId, likes) !== undefined;
    const itemId = isNew ? `g${this.gifts.length + 1}` : beside.itemId;
    const gift: Gift = {
      itemId,
      likes,
      acceptedStep: 0,
      isRefused: false,
      life: undefined,
      sequence: 0,
      isLost: false,
    };
    this.gifts.push(gift);
    this.#byItem.set(itemId, [...this.giftsOf(itemId), gift]);
    this.attemptedLikes += likes;
    return { requestId: this.gifts.length, itemId };
  }

  /** All that was given to an item. */
  giftsOf(itemId: string): readonly Gift[] {
    return this.#byItem.get(itemId) ?? [];
  }

  #giftOf(itemId: string, likes: bigint): Gift | undefined {
    return this.giftsOf(itemId).find((gift) => gift.likes === likes);
  }

  lifeOf(incarnation: Id): PerIncarnation | undefined {
    return this.#lives.get(incarnation);
  }

  /** Records reached the disk of `outboxId`, whether or not anybody was told. */
  synced(outboxId: Id, writes: readonly OutboxWrite[]): void {
    for (const write of writes) {
      if (write.type !== "append") continue;
      const life = this.#life(write.incarnation, outboxId);
      expect(
        write.record.firstSequence === life.gifts.length + 1,
        () => `#${write.record.firstSequence} of ${life.incarnation} follows ${life.gifts.length}`,
      );
      for (const event of this.#codec.decode(write.record.bytes) ?? []) {
        const gift = event && this.#giftOf(event.itemId, event.change.likes);
        expect(gift !== undefined, () => "a record holds what nobody gave");
        expect(gift.life === undefined, () => `${gift.itemId} is synced twice`);
        life.gifts.push(gift);
        gift.life = life;
        gift.sequence = life.gifts.length;
      }
    }
  }

  /** A client is answered. Law 1: nothing is acknowledged that is not synced under that name. */
  answered(requestId: number, outcome: AddResult): Gift {
    const gift = this.gifts[requestId - 1];
    expect(
      gift !== undefined && gift.acceptedStep === 0 && !gift.isRefused,
      () => `${requestId} is answered twice`,
    );
    if (outcome.type === "accepted") {
      const isThere = this.#lives.get(outcome.incarnation)?.gifts[outcome.sequence - 1] === gift;
      expect(isThere, () => `${gift.itemId} is acknowledged, and was never on the disk`);
      gift.acceptedStep = this.nextStep();
      this.accepted.push(gift);
    } else {
      this.refused++;
      gift.isRefused = true;
      this.attemptedLikes -= gift.likes;
      expect(gift.life === undefined, () => `${gift.itemId} was refused, and is on the disk`);
    }
    return gift;
  }

  #life(incarnation: Id, outboxId: Id): PerIncarnation {
    const known = this.#lives.get(incarnation);
    if (known !== undefined) return known;
    const life = { incarnation, outboxId, gifts: [] };
    this.#lives.set(incarnation, life);
    return life;
  }
}
