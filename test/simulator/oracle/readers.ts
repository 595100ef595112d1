/**
 * Checks what readers are shown. A total is never more than was attempted. Versions never go back
 * for a reader of one ledger, across restarts, and all readers of one version see the same. Cached
 * counts include no like twice and miss none.
 */
import type { CountsResult, TotalView } from "../../../src/core/likes_server/likes_server.ts";
import type { GenerationId, IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import type { OwnLikes } from "../../../src/core/likes_server/count_cache.ts";
import { compareStates, partsOfKey } from "../../../src/core/protocol/register.ts";
import type { RegisterKey } from "../../../src/core/protocol/register.ts";
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

  /**
   * A person's own state is that of the version or newer, and the likes of that person that the
   * counts have are those of the version. Law: no reader sees less than what was acknowledged here.
   */
  #checkOwn({ register, own, version, incarnation }: OwnSeen, lineage: Lineage): void {
    if (own === undefined || own.countedLikes === undefined || version === undefined) return;
    this.counted++;
    const counted = lineage.registerAt(register, version);
    const { itemId, person } = partsOfKey(register);
    const isForgetting = this.#truth.addsOf("").some(({ change }) => {
      return change.kind === "forget" && change.person === person;
    });
    if (isForgetting || lineage.isForgotten(person)) return;
    expect(own.countedLikes === counted.likes, () => {
      return `${own.countedLikes} own likes for ${itemId} are said to count, not ${counted.likes}`;
    });
    const isNew = compareStates(own.state, counted) >= 0;
    expect(isNew, () => `an own state of ${itemId} is older than its version`);
    for (const { change, syncedIn, acceptedStep } of this.#truth.addsOf(itemId)) {
      if (change.kind !== "set" || change.person !== person || acceptedStep === 0) continue;
      if (syncedIn?.incarnation !== incarnation) continue;
      const isShown = compareStates(own.state, change.state) >= 0;
      expect(isShown, () => `an own state of ${itemId} is less than an acknowledged one`);
    }
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
  fetched(
    { outboxId, incarnation, registers, isPlain }: Asked,
    outcome: CountsResult,
    lineage: Lineage,
  ): void {
    if (outcome.type === "refused") return;
    for (const [index, { itemId, fetched, own }] of outcome.counts.entries()) {
      const register = registers[index];
      if (isPlain && register !== undefined) {
        this.#checkOwn({ register, own, version: fetched?.version, incarnation }, lineage);
      }
      const adds = this.#truth.addsOf(itemId).filter(({ syncedIn }) => syncedIn !== undefined);
      if (adds.length === 0 || fetched === undefined) continue;
      const { likes, pending, version } = fetched;
      if (!isPlain) continue;
      const committed = lineage.likesAt(itemId, version);
      expect(likes === committed, () => `${itemId} has ${likes} likes, ${committed} committed`);
      // What sets and repeated adds will add is known to the ledger alone.
      if (pending === undefined || adds.some(({ change }) => !isPlainAdd(change))) continue;
      const pendingLikes = pending.likes;
      this.counted++;
      const isOwn = ({ syncedIn }: Add): boolean => syncedIn?.outboxId === outboxId;
      const owned = adds.filter(isOwn);
      const ofHere = likesOf(owned);
      const accepted = likesOf(owned.filter(({ acceptedStep }) => acceptedStep > 0));
      const others = likesOf(adds.filter((add) => !isOwn(add) && lineage.isCounted(add)));
      const sum = likes + pendingLikes;
      expect(
        pendingLikes <= ofHere,
        () => `${itemId} has ${pendingLikes} pending likes, only ${ofHere} own`,
      );
      expect(
        sum <= ofHere + others,
        () => `${itemId} counts likes twice: ${likes} + ${pendingLikes}`,
      );
      expect(sum >= accepted, () => `${itemId} misses likes: ${likes} + ${pendingLikes}`);
    }
  }
}

/** What a person is shown of a register. */
interface OwnSeen {
  readonly register: RegisterKey;
  readonly own: OwnLikes | undefined;
  readonly version: number | undefined;
  /** That of the process: what earlier ones have accepted is not in its memory. */
  readonly incarnation: IncarnationId | undefined;
}

/** A query, and whether its LikesServer and the ledger never forgot. */
interface Asked {
  readonly outboxId: OutboxId;
  readonly incarnation: IncarnationId | undefined;
  readonly registers: readonly RegisterKey[];
  readonly isPlain: boolean;
}

function isPlainAdd(change: Change): boolean {
  return change.kind === "add" && change.operation === undefined;
}
