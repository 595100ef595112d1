/**
 * What the ledger must hold, computed from the commits: the applied sequence of each incarnation,
 * the total, and what an operator gave up. A restored ledger continues from the lineage of its
 * copy.
 */
import type { CommitResult } from "../../../src/core/ledger/apply_commands.ts";
import type { IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import { expect } from "./failure.ts";
import { PAST_ITEM } from "./truth.ts";
import type { Add, Truth } from "./truth.ts";

/** One history of a ledger. */
export class Lineage {
  readonly truth: Truth;
  readonly disk: LedgerDisk;
  readonly #applied = new Map<IncarnationId, number>();
  readonly #counted = new Set<Add>();
  readonly #items = new Map<string, bigint>();
  /** Likes in gaps that an operator closed. */
  readonly #givenUp = new Set<Add>();
  readonly #members = new Map<OutboxId, bigint>();
  #totalLikes: bigint;
  /** The committed `as_of`, and the step at which its pulse was sent. */
  asOfMs = 0;
  asOfStep = 0;
  /** Whether it was ever restored from a copy: then outboxes may know more than it does. */
  isRestored = false;
  /** Whether the copy of the last restore was marked as one. */
  isMarked = false;
  /** Outboxes that had left when that copy was made and have not returned since. */
  #leftInCopy = new Set<OutboxId>();
  /** Whether it belongs to a foreign ledger that replaces the true one: it must count nothing. */
  isForeign = false;

  constructor(truth: Truth, disk: LedgerDisk) {
    this.truth = truth;
    this.disk = disk;
    this.#totalLikes = disk.meta.totalLikes;
  }

  /** Copies this history for `disk`, a copy of the ledger as it is now. */
  fork(disk: LedgerDisk): Lineage {
    const copy = new Lineage(this.truth, disk);
    for (const [incarnation, sequence] of this.#applied) copy.#applied.set(incarnation, sequence);
    for (const add of this.#counted) copy.#counted.add(add);
    for (const [itemId, likes] of this.#items) copy.#items.set(itemId, likes);
    for (const add of this.#givenUp) copy.#givenUp.add(add);
    for (const [outboxId, likes] of this.#members) copy.#members.set(outboxId, likes);
    copy.#totalLikes = this.#totalLikes;
    copy.asOfMs = this.asOfMs;
    copy.asOfStep = this.asOfStep;
    copy.isRestored = this.isRestored;
    copy.isMarked = this.isMarked;
    copy.#leftInCopy = new Set(this.#leftInCopy);
    return copy;
  }

  /** The ledger was restored from a copy. */
  restored(): void {
    this.isRestored = true;
    this.isMarked = this.disk.copiedMs !== undefined;
    for (const { outboxId, state } of this.disk.members.values()) {
      if (state === "left") this.#leftInCopy.add(outboxId);
    }
  }

  /**
   * Returns true when an outbox had left before the ledger's copy was made and has not returned.
   */
  hadLeft(outboxId: OutboxId): boolean {
    return this.#leftInCopy.has(outboxId);
  }

  isCounted(add: Add): boolean {
    return this.#counted.has(add);
  }

  isGivenUp(add: Add): boolean {
    return this.#givenUp.has(add);
  }

  appliedOf(incarnation: IncarnationId): number {
    return this.#applied.get(incarnation) ?? 0;
  }

  get counted(): number {
    return this.#counted.size;
  }

  /** A commit is on the disk: it must add exactly the next synced events of each incarnation. */
  committed(group: CommitResult): void {
    const { items, meta } = this.disk;
    const touched = new Set<string>();
    for (const result of group.results) {
      if (result.type !== "applied") continue;
      const { incarnation, events, gains } = result.applied;
      const id = incarnation.incarnation;
      const before = this.appliedOf(id);
      expect(events.first === before + 1, () => `#${events.first} follows #${before} of ${id}`);
      const last = before + gains.length;
      expect(
        incarnation.appliedSequence === last,
        () => `the ledger does not have ${id} at #${last}`,
      );
      this.#applied.set(id, last);
      const synced = this.truth.syncedOf(id);
      let gained = 0n;
      for (const [index, event] of gains.entries()) {
        const add = synced?.adds[before + index];
        expect(
          add?.itemId === event.itemId,
          () => `${event.itemId} was not synced at this sequence`,
        );
        expect(!this.#counted.has(add), () => `${add.itemId} is applied twice`);
        this.#counted.add(add);
        this.#givenUp.delete(add);
        const isSame = event.gained === add.likes;
        expect(isSame, () => `${add.itemId} gets ${event.gained}, not ${add.likes}`);
        this.#items.set(add.itemId, (this.#items.get(add.itemId) ?? 0n) + add.likes);
        touched.add(add.itemId);
        expect(!add.isRefused, () => `${add.itemId} was refused but is counted`);
        gained += add.likes;
      }
      this.#totalLikes += gained;
      const { outboxId } = incarnation;
      this.#members.set(outboxId, (this.#members.get(outboxId) ?? 0n) + gained);
    }
    for (const itemId of touched) {
      const [counted, likes] = [items.get(itemId), this.#items.get(itemId)];
      expect(counted === likes, () => `${itemId} has ${counted} likes, not ${likes}`);
    }
    for (const { outboxId, state } of group.members) {
      if (state === "member") this.#leftInCopy.delete(outboxId);
    }
    this.#decided(group);
    const isExact = meta.totalLikes === this.#totalLikes;
    expect(isExact, () => `the total is ${meta.totalLikes}, not ${this.#totalLikes}`);
    const { attemptedLikes } = this.truth;
    expect(!this.isForeign || this.#members.size === 0, () => "a foreign ledger counts likes");
    expect(
      meta.totalLikes <= attemptedLikes,
      () => `${meta.totalLikes} is more than was attempted`,
    );
  }

  /** An operator closed gaps: their likes do not count, and counting continues after them. */
  #decided({ decisions }: CommitResult): void {
    for (const { incarnation, givenUp } of decisions) {
      if (givenUp === undefined) continue;
      const { first, last } = givenUp;
      expect(incarnation !== undefined, () => `#${first} is given up without an incarnation`);
      const before = this.appliedOf(incarnation);
      const isGap = first === before + 1 && last >= first;
      expect(isGap, () => `a gap from #${first} to #${last} is closed after #${before}`);
      this.#applied.set(incarnation, last);
      const adds = this.truth.syncedOf(incarnation)?.adds ?? [];
      for (const add of adds.slice(before, last)) this.#givenUp.add(add);
    }
  }

  /** Checks every row of the ledger against what was applied. */
  finish(): void {
    const { items, members, incarnations, meta } = this.disk;
    let sum = 0n;
    for (const likes of items.values()) sum += likes;
    expect(sum === meta.totalLikes, () => `items have ${sum}, the total is ${meta.totalLikes}`);
    const counted = items.size - (items.has(PAST_ITEM) ? 1 : 0);
    expect(
      counted === this.#items.size,
      () => `${counted} items are counted, not ${this.#items.size}`,
    );
    for (const [outboxId, { appliedLikes }] of members) {
      const likes = this.#members.get(outboxId) ?? 0n;
      expect(appliedLikes === likes, () => `${outboxId} has ${appliedLikes}, not ${likes}`);
    }
    for (const [incarnation, { appliedSequence }] of incarnations) {
      const applied = this.appliedOf(incarnation);
      expect(
        appliedSequence === applied,
        () => `${incarnation} is at #${appliedSequence}, not #${applied}`,
      );
    }
  }
}
