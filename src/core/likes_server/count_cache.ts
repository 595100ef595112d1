/**
 * The likes of items as a LikesServer learns them: on demand, with one question to the primary at a
 * time, kept for a bounded time and number, and shown with their age while the primary is away.
 *
 * Beside each count stands the number of own likes that are not in it. When a count is learnt, these
 * are the own events past the applied sequences that the primary told from the same read. From then
 * on every accepted like adds to them, until the count is learnt anew. From its acknowledgement on,
 * every like is in exactly one of the two numbers, no matter when the ledger applies it.
 */
import { assert } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import {
  COUNT_REQUEST_IDS_MAX,
  COUNT_REQUESTS_WAITING_MAX,
  COUNTS_MAX,
  COUNTS_CACHED_MAX,
  COUNTS_FRESH_MS,
  COUNTS_KEPT_MS,
} from "../../limits.ts";
import type { AppliedIncarnation, ItemCount } from "../protocol/counts.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import { UnappliedEvents } from "./unapplied_events.ts";
import type { AppliedUpTo } from "./unapplied_events.ts";
import type { GenerationId, IncarnationId, LedgerId } from "../protocol/ids.ts";

/** Someone asks for the likes of items, or, when none is named, for those of the `limit` most liked. */
export interface CountsQuery {
  /** Names the call that is to be answered. */
  readonly requestId: number;
  readonly itemIds: readonly string[];
  readonly limit: number;
}

/** A question to the primary. */
export interface CountsFetch {
  /** None: the most liked. */
  readonly itemIds: readonly string[];
  readonly limit: number;
  readonly incarnations: readonly IncarnationId[];
}

/** The primary's answer, all from one read. */
export interface CountsAnswer {
  readonly counts: readonly ItemCount[];
  readonly applied: readonly AppliedIncarnation[];
  readonly asOfMs: number;
  readonly version: number;
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
}

/** The likes of an item, as they were learnt. */
export interface CachedCount {
  readonly itemId: string;
  /** Undefined when the item's likes are not known. */
  readonly fetched: CachedLikes | undefined;
}

/** What is known of an item: all of it from one answer of the primary. */
export interface CachedLikes {
  readonly likes: bigint;
  /** Own likes that are not in `likes`; undefined when that cannot be told. */
  readonly pendingLikes: bigint | undefined;
  readonly asOfMs: number;
  readonly version: number;
  readonly generation: GenerationId;
  /** Since the primary was asked. */
  readonly ageMs: number;
}

/** What an ask is answered with; undefined when nothing at all is known of what was asked for. */
export interface CountsView {
  readonly requestId: number;
  readonly counts: readonly CachedCount[] | undefined;
}

/** What becomes of an ask. One that `waits` is answered by `learnt` or `failed`. */
export type Asked =
  | { readonly type: "answered"; readonly view: CountsView }
  | { readonly type: "refused"; readonly refusal: Refusal }
  | { readonly type: "waits" };

interface Kept extends Omit<CachedLikes, "ageMs" | "pendingLikes"> {
  pendingLikes: bigint | undefined;
  readonly askedMs: number;
}

/** The most liked items, in the order in which the primary told them. */
interface Ranking {
  readonly itemIds: readonly string[];
  readonly limit: number;
  readonly askedMs: number;
}

interface Fetching {
  readonly fetch: CountsFetch;
  readonly asks: ReadonlySet<CountsQuery>;
  readonly askedMs: number;
}

/** What a LikesServer has learnt, and who waits for more. */
export class CountCache {
  readonly #recent: UnappliedEvents;
  /** Those that were asked for last come last. */
  readonly #kept = new Map<string, Kept>();
  #ranking: Ranking | undefined;
  #waiting: CountsQuery[] = [];
  #idsWaiting = 0;
  #fetching: Fetching | undefined;
  /** When the primary last did not answer: it is not asked again at once. */
  #failedMs = -Infinity;

  /** `incarnations`: those that are not closed, oldest first. */
  constructor(incarnations: Iterable<AppliedUpTo>) {
    this.#recent = new UnappliedEvents(incarnations);
  }

  /** Takes in likes that are accepted. */
  accepted(incarnation: IncarnationId, firstSequence: number, events: readonly LikeEvent[]): void {
    this.#recent.add(incarnation, firstSequence, events);
    for (const { itemId, change } of events) {
      const kept = this.#kept.get(itemId);
      if (kept?.pendingLikes !== undefined) kept.pendingLikes += change.likes;
    }
  }

  /** Drops own events that are acknowledged, unless an answer is under way that may lack them. */
  prune(incarnations: readonly AppliedUpTo[]): void {
    if (this.#fetching === undefined) this.#recent.prune(incarnations);
  }

  /** Takes an ask. */
  ask(ask: CountsQuery, nowMs: number): Asked {
    if (this.#isReady(ask, nowMs)) return { type: "answered", view: this.#view(ask, nowMs) };
    const tooMany =
      this.#waiting.length >= COUNT_REQUESTS_WAITING_MAX ||
      this.#idsWaiting + ask.itemIds.length > COUNT_REQUEST_IDS_MAX;
    if (tooMany) return this.#askTooMany(ask, nowMs);
    this.#wait([...this.#waiting, ask]);
    return { type: "waits" };
  }

  /** No room to wait: what is kept of all that is asked is an answer too, with its age. */
  #askTooMany(ask: CountsQuery, nowMs: number): Asked {
    const view = this.#view(ask, nowMs);
    if (view.counts?.every(({ fetched }) => fetched !== undefined))
      return { type: "answered", view };
    const message =
      `Cannot count now: ${this.#waiting.length} calls wait for the primary already; ` +
      "try again later";
    return { type: "refused", refusal: { code: "too_many", message } };
  }

  /** The next question to the primary, if one is due; `learnt` or `failed` ends it. */
  fetch(nowMs: number): CountsFetch | undefined {
    const [first] = this.#waiting;
    if (this.#fetching !== undefined || first === undefined) return undefined;
    const [asks, itemIds] = first.itemIds.length > 0 ? this.#gather() : this.#ranked();
    this.#wait(this.#waiting.filter((ask) => !asks.has(ask)));
    let limit = 0;
    for (const ask of asks) limit = Math.max(limit, ask.limit);
    const fetch = { itemIds, limit, incarnations: this.#recent.incarnations };
    this.#fetching = { fetch, asks, askedMs: nowMs };
    return fetch;
  }

  /** Takes in the answer, and gives what asks can be answered with now. */
  fetched(answer: CountsAnswer, nowMs: number): readonly CountsView[] {
    const { fetch, asks, askedMs } = this.#end();
    const applied = answer.applied.map((one) => [one.incarnation, one.appliedSequence] as const);
    const pending = this.#recent.likesAfter(new Map(applied));
    const { asOfMs, version, generation } = answer;
    for (const { itemId, likes } of answer.counts) {
      const pendingLikes = pending === undefined ? undefined : (pending.get(itemId) ?? 0n);
      this.#kept.delete(itemId);
      this.#kept.set(itemId, { likes, pendingLikes, asOfMs, version, generation, askedMs });
    }
    if (fetch.itemIds.length === 0) {
      const itemIds = answer.counts.map(({ itemId }) => itemId);
      this.#ranking = { itemIds, limit: fetch.limit, askedMs };
    }
    this.#forget(nowMs);
    return this.#views(asks, nowMs);
  }

  /** The primary did not answer, or not for this outbox: what is kept has to do. */
  failed(nowMs: number): readonly CountsView[] {
    const { asks } = this.#end();
    this.#failedMs = nowMs;
    return this.#views(asks, nowMs);
  }

  #end(): Fetching {
    const fetching = this.#fetching;
    assert(fetching !== undefined, "a question was asked");
    this.#fetching = undefined;
    return fetching;
  }

  /** Answers `asks`, and those that wait and need not wait any longer. */
  #views(asks: ReadonlySet<CountsQuery>, nowMs: number): readonly CountsView[] {
    const ready = new Set(this.#waiting.filter((ask) => this.#isReady(ask, nowMs)));
    this.#wait(this.#waiting.filter((ask) => !ready.has(ask)));
    return [...asks, ...ready].map((ask) => this.#view(ask, nowMs));
  }

  #wait(asks: CountsQuery[]): void {
    this.#waiting = asks;
    this.#idsWaiting = asks.reduce((sum, { itemIds }) => sum + itemIds.length, 0);
  }

  /** As many asks for named items as fit one question, oldest first. */
  #gather(): readonly [ReadonlySet<CountsQuery>, readonly string[]] {
    const asks = new Set<CountsQuery>();
    const gathered = new Set<string>();
    for (const ask of this.#waiting) {
      const more = ask.itemIds.filter((itemId) => !gathered.has(itemId));
      if (gathered.size + more.length > COUNTS_MAX) break;
      if (ask.itemIds.length === 0) continue;
      asks.add(ask);
      for (const itemId of more) gathered.add(itemId);
    }
    return [asks, [...gathered]];
  }

  #ranked(): readonly [ReadonlySet<CountsQuery>, readonly string[]] {
    return [new Set(this.#waiting.filter(({ itemIds }) => itemIds.length === 0)), []];
  }

  /** Whether an ask is answered from what is kept: it is fresh, or the primary was away just now. */
  #isReady({ itemIds, limit }: CountsQuery, nowMs: number): boolean {
    if (nowMs - this.#failedMs <= COUNTS_FRESH_MS) return true;
    const isFresh = (kept: { readonly askedMs: number } | undefined): boolean =>
      kept !== undefined && nowMs - kept.askedMs <= COUNTS_FRESH_MS;
    if (itemIds.length > 0) return itemIds.every((itemId) => isFresh(this.#kept.get(itemId)));
    return isFresh(this.#ranking) && limit <= (this.#ranking?.limit ?? 0);
  }

  #view({ requestId, itemIds, limit }: CountsQuery, nowMs: number): CountsView {
    if (itemIds.length === 0) return { requestId, counts: this.#mostLiked(limit, nowMs) };
    const counts = itemIds.map((itemId) => this.#show(itemId, nowMs));
    const isKnown = counts.some(({ fetched }) => fetched !== undefined);
    return { requestId, counts: isKnown ? counts : undefined };
  }

  /** Those of the ranking that are still kept, most likes first as they are known now. */
  #mostLiked(limit: number, nowMs: number): readonly CachedCount[] | undefined {
    if (this.#ranking === undefined || isTooOld(this.#ranking, nowMs)) return undefined;
    return this.#ranking.itemIds
      .map((itemId) => this.#show(itemId, nowMs))
      .filter(({ fetched }) => fetched !== undefined)
      .sort((a, b) => Number((b.fetched?.likes ?? 0n) - (a.fetched?.likes ?? 0n)))
      .slice(0, limit);
  }

  #show(itemId: string, nowMs: number): CachedCount {
    const kept = this.#kept.get(itemId);
    if (kept === undefined || isTooOld(kept, nowMs)) return { itemId, fetched: undefined };
    this.#kept.delete(itemId);
    this.#kept.set(itemId, kept);
    const { askedMs, ...fetched } = kept;
    return { itemId, fetched: { ...fetched, ageMs: Math.floor(nowMs - askedMs) } };
  }

  #forget(nowMs: number): void {
    for (const [itemId, kept] of this.#kept) {
      if (isTooOld(kept, nowMs) || this.#kept.size > COUNTS_CACHED_MAX) this.#kept.delete(itemId);
    }
  }
}

function isTooOld({ askedMs }: { readonly askedMs: number }, nowMs: number): boolean {
  return nowMs - askedMs > COUNTS_KEPT_MS;
}
