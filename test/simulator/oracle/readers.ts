/**
 * What readers are shown: never above what was attempted, never below what the same reader was shown
 * before of one ledger, however often it is started, and of cached counts nothing twice and nothing
 * left out.
 */
import type { CountsResult, TotalView } from "../../../src/core/likes_server/likes_server.ts";
import type { Id } from "../../../src/core/protocol/ids.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import { expect } from "./failure.ts";
import type { Lineage } from "./lineage.ts";
import type { Gift, Truth } from "./truth.ts";

interface Shown {
  readonly generation: Id;
  readonly history: number;
  readonly totalLikes: bigint;
  readonly asOfMs: number;
}

function likesOf(gifts: readonly Gift[]): bigint {
  return gifts.reduce((sum, { likes }) => sum + likes, 0n);
}

/** Everybody who reads. */
export class Readers {
  readonly #truth: Truth;
  readonly #shown = new Map<object, Shown>();
  /** Generations in the order in which they began: none returns. */
  readonly #generations = new Map<Id, number>();
  /** How many ledgers there were before that of a generation: a copy that is put back is another. */
  readonly #histories = new Map<Id, number>();
  #ledger: LedgerDisk | undefined;
  #history = 0;
  counted = 0;

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  /** A primary opens its ledger. */
  opened(generation: Id, ledger: LedgerDisk): void {
    if (this.#ledger !== ledger) this.#history++;
    this.#ledger = ledger;
    this.#generations.set(generation, this.#generations.size);
    this.#histories.set(generation, this.#history);
  }

  /** `reader` is shown a total. */
  shown(reader: object, generation: Id, totalLikes: bigint, asOfMs: number): void {
    const before = this.#shown.get(reader);
    const { attemptedLikes } = this.#truth;
    expect(totalLikes <= attemptedLikes, () => `shows ${totalLikes} of ${attemptedLikes}`);
    const history = this.#histories.get(generation) ?? 0;
    // A start does not go back: only a ledger that is another one does.
    if (before?.history === history) {
      expect(totalLikes >= before.totalLikes, () => {
        return `the total went back from ${before.totalLikes} to ${totalLikes}`;
      });
      expect(asOfMs >= before.asOfMs, () => `as_of went back to ${asOfMs}`);
    }
    const known = this.#generations.get(before?.generation ?? "") ?? -1;
    const isNewer = known <= (this.#generations.get(generation) ?? 0);
    expect(isNewer, () => "an older generation is shown again");
    this.#shown.set(reader, { generation, history, totalLikes, asOfMs });
  }

  /** A LikesServer shows its view. `isPlain`: nothing forgot, and no message was out of order. */
  viewed(disk: OutboxDisk, view: TotalView, ledger: LedgerDisk, isPlain: boolean): void {
    const { pulse, pendingLikes } = view;
    const { totalLikes, generation, asOfMs } = pulse;
    this.shown(disk, generation, totalLikes, asOfMs);
    expect(pendingLikes >= 0n, () => `${pendingLikes} likes are pending`);
    if (!isPlain) return;
    const committed = ledger.meta.totalLikes;
    expect(totalLikes <= committed, () => "a LikesServer shows what is not committed");
    const sum = totalLikes + pendingLikes;
    expect(sum <= this.#truth.attemptedLikes, () => `shows ${totalLikes} and ${pendingLikes} more`);
  }

  /** A count and the own likes that are not in it are together what was acknowledged here. */
  fetched(outboxId: Id, outcome: CountsResult, lineage: Lineage, isPlain: boolean): void {
    if (outcome.type === "refused") return;
    for (const { itemId, fetched } of outcome.counts) {
      const gifts = this.#truth.giftsOf(itemId).filter(({ life }) => life !== undefined);
      if (gifts.length === 0 || fetched === undefined) continue;
      const { likes, pendingLikes } = fetched;
      const synced = likesOf(gifts);
      expect(likes <= synced, () => `${itemId} counts ${likes} of ${synced}`);
      if (!isPlain) continue;
      const committed = lineage.disk.items.get(itemId) ?? 0n;
      expect(likes <= committed, () => `${itemId} counts ${likes}, not committed`);
      if (pendingLikes === undefined) continue;
      this.counted++;
      const isOwn = ({ life }: Gift): boolean => life?.outboxId === outboxId;
      const owned = gifts.filter(isOwn);
      const own = likesOf(owned);
      const accepted = likesOf(owned.filter(({ acceptedStep }) => acceptedStep > 0));
      const others = likesOf(gifts.filter((gift) => !isOwn(gift) && lineage.isCounted(gift)));
      const sum = likes + pendingLikes;
      expect(pendingLikes <= own, () => `${itemId} has ${pendingLikes} own likes, not ${own}`);
      expect(sum <= own + others, () => `${itemId} has likes twice in ${likes} + ${pendingLikes}`);
      expect(sum >= accepted, () => `${itemId} lacks likes in ${likes} + ${pendingLikes}`);
    }
  }
}
