/**
 * Checks what readers are shown. A total is never more than was attempted. Versions never go back
 * for a reader of one ledger, across restarts, and all readers of one version see the same. Cached
 * counts include no like twice and miss none.
 */
import type { CountsResult, TotalView } from "../../../src/core/likes_server/likes_server.ts";
import type { GenerationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import type { Change } from "../../../src/core/protocol/like_event.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import { expect } from "./failure.ts";
import type { Lineage } from "./lineage.ts";
import type { Add, Truth } from "./truth.ts";

/** A total, as a reader is shown it. */
interface ShownTotal {
  readonly generation: GenerationId;
  readonly version: number;
  readonly totalLikes: bigint;
  readonly asOfMs: number;
}

interface Shown extends ShownTotal {
  readonly history: number;
}

function likesOf(adds: readonly Add[]): bigint {
  return adds.reduce((sum, { likes }) => sum + likes, 0n);
}

/** All readers of a world. */
export class Readers {
  readonly #truth: Truth;
  readonly #shown = new Map<object, Shown>();
  /** Generations in order; none returns. */
  readonly #generations = new Map<GenerationId, number>();
  /** The number of ledgers before each generation's; a restored copy counts as another ledger. */
  readonly #histories = new Map<GenerationId, number>();
  /** The total of each version of each history, as the first reader saw it. */
  readonly #totals = new Map<string, bigint>();
  #ledger: LedgerDisk | undefined;
  #history = 0;
  counted = 0;

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  /** A primary opens its ledger. */
  opened(generation: GenerationId, ledger: LedgerDisk): void {
    if (this.#ledger !== ledger) this.#history++;
    this.#ledger = ledger;
    this.#generations.set(generation, this.#generations.size);
    this.#histories.set(generation, this.#history);
  }

  /** `reader` is shown a total. */
  shown(reader: object, shown: ShownTotal): void {
    const { generation, version, totalLikes, asOfMs } = shown;
    const before = this.#shown.get(reader);
    const { attemptedLikes } = this.#truth;
    expect(
      totalLikes >= 0n && totalLikes <= attemptedLikes,
      () => `shows ${totalLikes}, only ${attemptedLikes} were attempted`,
    );
    const history = this.#histories.get(generation) ?? 0;
    // A restart never goes back; only another ledger may.
    if (before?.history === history) {
      expect(version >= before.version, () => {
        return `the version went back from ${before.version} to ${version}`;
      });
      expect(asOfMs >= before.asOfMs, () => `as_of went back to ${asOfMs}`);
    }
    const name = `${history}/${version}`;
    const total = this.#totals.get(name) ?? totalLikes;
    expect(total === totalLikes, () => `version ${version} shows ${total} and ${totalLikes}`);
    this.#totals.set(name, totalLikes);
    const known = before && this.#generations.get(before.generation);
    const isNewer = (known ?? -1) <= (this.#generations.get(generation) ?? 0);
    expect(isNewer, () => "an older generation is shown after a newer one");
    this.#shown.set(reader, { ...shown, history });
  }

  /** A LikesServer shows its view. `isPlain`: no store forgot, and no message was out of order. */
  viewed(disk: OutboxDisk, view: TotalView, lineage: Lineage, isPlain: boolean): void {
    const { pulse, pendingLikes } = view;
    const { totalLikes, version } = pulse;
    this.shown(disk, pulse);
    expect(pendingLikes >= 0n, () => `${pendingLikes} likes are pending`);
    if (!isPlain) return;
    const committed = lineage.totalAt(version);
    expect(totalLikes === committed, () => "a LikesServer shows an uncommitted total");
    const sum = totalLikes + pendingLikes;
    expect(
      sum <= this.#truth.attemptedLikes,
      () => `shows ${totalLikes} and ${pendingLikes} pending`,
    );
  }

  /**
   * Checks that a cached count plus the own likes it lacks covers what this outbox acknowledged.
   */
  fetched(outboxId: OutboxId, outcome: CountsResult, lineage: Lineage, isPlain: boolean): void {
    if (outcome.type === "refused") return;
    for (const { itemId, fetched } of outcome.counts) {
      const adds = this.#truth.addsOf(itemId).filter(({ syncedIn }) => syncedIn !== undefined);
      if (adds.length === 0 || fetched === undefined) continue;
      const { likes, pendingLikes, version } = fetched;
      if (!isPlain) continue;
      const committed = lineage.likesAt(itemId, version);
      expect(likes === committed, () => `${itemId} has ${likes} likes, ${committed} committed`);
      // What sets and repeated adds will add is known to the ledger alone.
      if (pendingLikes === undefined || adds.some(({ change }) => !isPlainAdd(change))) continue;
      this.counted++;
      const isOwn = ({ syncedIn }: Add): boolean => syncedIn?.outboxId === outboxId;
      const owned = adds.filter(isOwn);
      const own = likesOf(owned);
      const accepted = likesOf(owned.filter(({ acceptedStep }) => acceptedStep > 0));
      const others = likesOf(adds.filter((add) => !isOwn(add) && lineage.isCounted(add)));
      const sum = likes + pendingLikes;
      expect(
        pendingLikes <= own,
        () => `${itemId} has ${pendingLikes} pending likes, only ${own} own`,
      );
      expect(sum <= own + others, () => `${itemId} counts likes twice: ${likes} + ${pendingLikes}`);
      expect(sum >= accepted, () => `${itemId} misses likes: ${likes} + ${pendingLikes}`);
    }
  }
}

function isPlainAdd(change: Change): boolean {
  return change.kind === "add" && change.operation === undefined;
}
