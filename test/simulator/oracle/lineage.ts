/**
 * What the ledger must hold, kept beside it from what was committed: the applied sequence of each
 * incarnation, the total, and what an operator gave up. A ledger that is restored from a copy goes
 * on from what was kept beside that copy.
 */
import type { CommitResult } from "../../../src/core/ledger/apply_commands.ts";
import type { Id } from "../../../src/core/protocol/ids.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import { expect } from "./failure.ts";
import { PAST_ITEM } from "./truth.ts";
import type { Gift, Truth } from "./truth.ts";

/** One history of a ledger. */
export class Lineage {
  readonly truth: Truth;
  readonly disk: LedgerDisk;
  readonly #applied = new Map<Id, number>();
  readonly #counted = new Set<Gift>();
  readonly #items = new Map<string, bigint>();
  /** Those in gaps that an operator closed. */
  readonly #givenUp = new Set<Gift>();
  readonly #members = new Map<Id, bigint>();
  #totalLikes: bigint;
  /** The committed `as_of`, and the step at which the pulse of that label was sent. */
  asOfMs = 0;
  asOfStep = 0;
  /** Whether it was ever restored from a copy: outboxes may know it that it does not know. */
  isRestored = false;
  /** Whether the last copy from which it was restored said that it is one. */
  isMarked = false;
  /** Outboxes that had left when that copy was made, and have not come back since. */
  #leftInCopy = new Set<Id>();
  /**
   * Whether it is of another ledger, put in the place of the true one: nothing may be counted
   * there.
   */
  isForeign = false;

  constructor(truth: Truth, disk: LedgerDisk) {
    this.truth = truth;
    this.disk = disk;
    this.#totalLikes = disk.meta.totalLikes;
  }

  /** This history, to go on from `disk`, which is a copy of the ledger as it is now. */
  fork(disk: LedgerDisk): Lineage {
    const copy = new Lineage(this.truth, disk);
    for (const [incarnation, sequence] of this.#applied) copy.#applied.set(incarnation, sequence);
    for (const gift of this.#counted) copy.#counted.add(gift);
    for (const [itemId, likes] of this.#items) copy.#items.set(itemId, likes);
    for (const gift of this.#givenUp) copy.#givenUp.add(gift);
    for (const [outboxId, likes] of this.#members) copy.#members.set(outboxId, likes);
    copy.#totalLikes = this.#totalLikes;
    copy.asOfMs = this.asOfMs;
    copy.asOfStep = this.asOfStep;
    copy.isRestored = this.isRestored;
    copy.isMarked = this.isMarked;
    copy.#leftInCopy = new Set(this.#leftInCopy);
    return copy;
  }

  /** It goes on from a copy. */
  restored(): void {
    this.isRestored = true;
    this.isMarked = this.disk.copiedMs !== undefined;
    for (const { outboxId, state } of this.disk.members.values()) {
      if (state === "left") this.#leftInCopy.add(outboxId);
    }
  }

  /** Whether an outbox had left when the copy was made of which the ledger is, and is not back. */
  hadLeft(outboxId: Id): boolean {
    return this.#leftInCopy.has(outboxId);
  }

  isCounted(gift: Gift): boolean {
    return this.#counted.has(gift);
  }

  isGivenUp(gift: Gift): boolean {
    return this.#givenUp.has(gift);
  }

  appliedOf(incarnation: Id): number {
    return this.#applied.get(incarnation) ?? 0;
  }

  get counted(): number {
    return this.#counted.size;
  }

  /** A group is on the disk: exactly the next synced events of each incarnation were added. */
  committed(group: CommitResult): void {
    const { items, meta } = this.disk;
    const touched = new Set<string>();
    for (const result of group.results) {
      if (result.type !== "applied") continue;
      const { incarnation, firstSequence, events } = result.applied;
      const id = incarnation.incarnation;
      const before = this.appliedOf(id);
      expect(firstSequence === before + 1, () => `#${firstSequence} follows #${before} of ${id}`);
      const last = before + events.length;
      expect(incarnation.appliedSequence === last, () => `#${last} of ${id} is not the last`);
      this.#applied.set(id, last);
      const life = this.truth.lifeOf(id);
      let gained = 0n;
      for (const [index, event] of events.entries()) {
        const gift = life?.gifts[before + index];
        expect(gift?.itemId === event.itemId, () => `${event.itemId} was not synced there`);
        expect(!this.#counted.has(gift), () => `${gift.itemId} is applied twice`);
        this.#counted.add(gift);
        this.#givenUp.delete(gift);
        const isSame = event.change.likes === gift.likes;
        expect(isSame, () => `${gift.itemId} gets ${event.change.likes}, not ${gift.likes}`);
        this.#items.set(gift.itemId, (this.#items.get(gift.itemId) ?? 0n) + gift.likes);
        touched.add(gift.itemId);
        expect(!gift.isRefused, () => `${gift.itemId} was refused and is counted`);
        gained += gift.likes;
      }
      this.#totalLikes += gained;
      const { outboxId } = incarnation;
      this.#members.set(outboxId, (this.#members.get(outboxId) ?? 0n) + gained);
    }
    for (const itemId of touched) {
      const [counted, likes] = [items.get(itemId), this.#items.get(itemId)];
      expect(counted === likes, () => `${itemId} counts ${counted}, not ${likes}`);
    }
    for (const { outboxId, state } of group.members) {
      if (state === "member") this.#leftInCopy.delete(outboxId);
    }
    this.#decided(group);
    const isExact = meta.totalLikes === this.#totalLikes;
    expect(isExact, () => `the total is ${meta.totalLikes}, not ${this.#totalLikes}`);
    const { attemptedLikes } = this.truth;
    expect(!this.isForeign || this.#members.size === 0, () => "another ledger counts");
    expect(meta.totalLikes <= attemptedLikes, () => `${meta.totalLikes} is above the attempted`);
  }

  /** An operator closed gaps: what lies in them is not counted, and counting goes on after them. */
  #decided({ decisions }: CommitResult): void {
    for (const { incarnation, givenUp } of decisions) {
      if (givenUp === undefined) continue;
      const { first, last } = givenUp;
      expect(incarnation !== undefined, () => `#${first} of no incarnation is given up`);
      const before = this.appliedOf(incarnation);
      const isGap = first === before + 1 && last >= first;
      expect(isGap, () => `a gap from ${first} to ${last} after ${before}`);
      this.#applied.set(incarnation, last);
      const gifts = this.truth.lifeOf(incarnation)?.gifts ?? [];
      for (const gift of gifts.slice(before, last)) this.#givenUp.add(gift);
    }
  }

  /** Every row of the ledger is what was applied. */
  finish(): void {
    const { items, members, incarnations, meta } = this.disk;
    let sum = 0n;
    for (const likes of items.values()) sum += likes;
    expect(sum === meta.totalLikes, () => `items have ${sum}, the total is ${meta.totalLikes}`);
    const counted = items.size - (items.has(PAST_ITEM) ? 1 : 0);
    expect(counted === this.#items.size, () => `${counted} items are counted`);
    for (const [outboxId, { appliedLikes }] of members) {
      const likes = this.#members.get(outboxId) ?? 0n;
      expect(appliedLikes === likes, () => `${outboxId} has ${appliedLikes}, not ${likes}`);
    }
    for (const [incarnation, { appliedSequence }] of incarnations) {
      const applied = this.appliedOf(incarnation);
      expect(appliedSequence === applied, () => `${incarnation} is at ${appliedSequence}`);
    }
  }
}
