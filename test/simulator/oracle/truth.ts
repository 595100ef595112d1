/**
 * What only somebody outside knows: every like that was attempted, each one an item of its own;
 * when it was acknowledged; and under which name it was synced. An incarnation is appended to by
 * one process, so the events of one are one list, whatever became of the disks that hold it.
 */
import type { GiveOutcome } from "../../../src/core/likes_server.ts";
import type { OutboxWrite } from "../../../src/core/outbox.ts";
import type { Id, RecordCodec } from "../../../src/core/record.ts";
import { expect } from "./failure.ts";

/** A like that somebody gave. */
export interface Gift {
  readonly itemId: string;
  readonly likes: bigint;
  /** When it was acknowledged, in steps; 0 before. */
  acceptedStep: number;
  isRefused: boolean;
  /** Where it was synced; undefined before. */
  life: Life | undefined;
  sequence: number;
  /** Whether the disk that held it was wiped or rolled back: nobody can bring it again. */
  isLost: boolean;
}

/** What was synced of one incarnation. */
export interface Life {
  readonly incarnation: Id;
  readonly outboxId: Id;
  readonly gifts: Gift[];
}

/** All that was given. */
export class Truth {
  readonly #codec: RecordCodec;
  readonly #lives = new Map<Id, Life>();
  readonly #byItem = new Map<string, Gift>();
  /** By request, from 1. */
  readonly gifts: Gift[] = [];
  /** Acknowledged ones in order. */
  readonly accepted: Gift[] = [];
  /** Likes that were attempted and not refused. */
  attemptedLikes = 0n;
  refused = 0;
  #step = 0;

  constructor(codec: RecordCodec) {
    this.#codec = codec;
  }

  /** Moments that have an order: acknowledgements, and pulses that are sent. */
  nextStep(): number {
    return ++this.#step;
  }

  attempt(likes: bigint): { readonly requestId: number; readonly itemId: string } {
    const itemId = `g${this.gifts.length + 1}`;
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
    this.#byItem.set(itemId, gift);
    this.attemptedLikes += likes;
    return { requestId: this.gifts.length, itemId };
  }

  giftOf(itemId: string): Gift | undefined {
    return this.#byItem.get(itemId);
  }

  lifeOf(incarnation: Id): Life | undefined {
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
        const gift = event === undefined ? undefined : this.#byItem.get(event.itemId);
        expect(gift !== undefined, () => "a record holds what nobody gave");
        expect(gift.life === undefined, () => `${gift.itemId} is synced twice`);
        life.gifts.push(gift);
        gift.life = life;
        gift.sequence = life.gifts.length;
      }
    }
  }

  /** A giver is answered. Law 1: nothing is acknowledged that is not synced under that name. */
  answered(requestId: number, outcome: GiveOutcome): Gift {
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

  #life(incarnation: Id, outboxId: Id): Life {
    const known = this.#lives.get(incarnation);
    if (known !== undefined) return known;
    const life = { incarnation, outboxId, gifts: [] };
    this.#lives.set(incarnation, life);
    return life;
  }
}
