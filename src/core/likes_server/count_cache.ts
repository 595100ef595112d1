/**
 * A read-through cache of counts. A LikesServer fetches them from the primary on demand, one fetch
 * at a time. They are cached for a bounded time and number, and shown with their age while the
 * primary is away.
 *
 * Beside each count stands the number of likes of this outbox that the count lacks. A fetch returns
 * applied sequences from the same read; the events past them are these likes. From then on every
 * accepted like adds to them, until the count is fetched again. From its acceptance on, every like
 * is in exactly one of the two numbers, no matter when the ledger applies it.
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
import { acceptedLikes } from "../protocol/like_event.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import { UnappliedEvents } from "./unapplied_events.ts";
import type { AppliedUpTo } from "./unapplied_events.ts";
import type { GenerationId, IncarnationId, LedgerId } from "../protocol/ids.ts";

/** Asks for the likes of items. Without item ids it asks for the `limit` most liked. */
export interface CountsQuery {
  /** Names the call that is to be answered. */
  readonly requestId: number;
  readonly itemIds: readonly string[];
  readonly limit: number;
}

/** A question to the primary, which several queries may share. */
export interface CountsFetch {
  /** Empty for the most liked. */
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

/** The likes of an item, as they were fetched. */
export interface CachedCount {
  readonly itemId: string;
  /** Undefined when the item's likes are not known. */
  readonly fetched: CachedLikes | undefined;
}

/** The cached state of an item. All of it is from one answer of the primary. */
export interface CachedLikes {
  readonly likes: bigint;
  /** Likes of this outbox that are not in `likes`; undefined when their number is not known. */
  readonly pendingLikes: bigint | undefined;
  readonly asOfMs: number;
  readonly version: number;
  readonly generation: GenerationId;
  /** Since the primary was asked. */
  readonly ageMs: number;
}

/** The answer to a query. `counts` is undefined when no count that it asks for is cached. */
export interface CountsView {
  readonly requestId: number;
  readonly counts: readonly CachedCount[] | undefined;
}

/** What becomes of a query. One that `waits` is answered by `fetched` or `failed`. */
export type QueryOutcome =
  | { readonly type: "answered"; readonly view: CountsView }
  | { readonly type: "refused"; readonly refusal: Refusal }
  | { readonly type: "waits" };

/** What is cached of an item. */
interface Entry extends Omit<CachedLikes, "ageMs" | "pendingLikes"> {
  pendingLikes: bigint | undefined;
  readonly askedMs: number;
}

/** The most liked items, in the order of the primary's answer. */
interface Ranking {
  readonly itemIds: readonly string[];
  readonly limit: number;
  readonly askedMs: number;
}

/** The fetch under way, and the queries that wait for it. */
interface Fetching {
  readonly fetch: CountsFetch;
  readonly queries: ReadonlySet<CountsQuery>;
  readonly askedMs: number;
}

/** The counts of one LikesServer, and the queries that wait for more. */
export class CountCache {
  readonly #unapplied: UnappliedEvents;
  /** By item id. Those that were asked for last come last. */
  readonly #entries = new Map<string, Entry>();
  #ranking: Ranking | undefined;
  #waiting: CountsQuery[] = [];
  #idsWaiting = 0;
  #fetching: Fetching | undefined;
  /** When the primary last did not answer. It is not asked again at once. */
  #failedMs = -Infinity;

  /** `incarnations`: those that are not closed, oldest first. */
  constructor(incarnations: Iterable<AppliedUpTo>) {
    this.#unapplied = new UnappliedEvents(incarnations);
  }

  /** Adds likes that were just accepted. */
  accepted(incarnation: IncarnationId, firstSequence: number, events: readonly LikeEvent[]): void {
    this.#unapplied.add(incarnation, firstSequence, events);
    for (const { itemId, change } of events) {
      const entry = this.#entries.get(itemId);
      if (entry?.pendingLikes !== undefined) entry.pendingLikes += acceptedLikes(change);
    }
  }

  /** Drops events that are acknowledged, unless a fetch is under way whose answer may lack them. */
  prune(incarnations: readonly AppliedUpTo[]): void {
    if (this.#fetching === undefined) this.#unapplied.prune(incarnations);
  }

  /** Answers a query from the cache, or lets it wait for the primary. */
  query(query: CountsQuery, nowMs: number): QueryOutcome {
    if (this.#isReady(query, nowMs)) return { type: "answered", view: this.#view(query, nowMs) };
    const tooMany =
      this.#waiting.length >= COUNT_REQUESTS_WAITING_MAX ||
      this.#idsWaiting + query.itemIds.length > COUNT_REQUEST_IDS_MAX;
    if (tooMany) return this.#queryTooMany(query, nowMs);
    this.#wait([...this.#waiting, query]);
    return { type: "waits" };
  }

  /**
   * There is no room to wait. Cached counts are an answer too, with their age, if all are cached.
   */
  #queryTooMany(query: CountsQuery, nowMs: number): QueryOutcome {
    const view = this.#view(query, nowMs);
    if (view.counts?.every(({ fetched }) => fetched !== undefined))
      return { type: "answered", view };
    const message =
      `Cannot count now: ${this.#waiting.length} calls wait for the primary already; ` +
      "try again later";
    return { type: "refused", refusal: { code: "too_many", message } };
  }

  /**
   * Begins the next fetch, if a query waits and none is under way. `fetched` or `failed` ends it.
   */
  fetch(nowMs: number): CountsFetch | undefined {
    const [first] = this.#waiting;
    if (this.#fetching !== undefined || first === undefined) return undefined;
    const [queries, itemIds] = first.itemIds.length > 0 ? this.#gather() : this.#ranked();
    this.#wait(this.#waiting.filter((query) => !queries.has(query)));
    let limit = 0;
    for (const query of queries) limit = Math.max(limit, query.limit);
    const fetch = { itemIds, limit, incarnations: this.#unapplied.incarnations };
    this.#fetching = { fetch, queries, askedMs: nowMs };
    return fetch;
  }

  /**
   * Caches the answer to the fetch. Returns the answers to queries that need not wait any longer.
   */
  fetched(answer: CountsAnswer, nowMs: number): readonly CountsView[] {
    const { fetch, queries, askedMs } = this.#end();
    const applied = answer.applied.map((one) => [one.incarnation, one.appliedSequence] as const);
    const pending = this.#unapplied.likesAfter(new Map(applied));
    const { asOfMs, version, generation } = answer;
    for (const { itemId, likes } of answer.counts) {
      const pendingLikes = pending === undefined ? undefined : (pending.get(itemId) ?? 0n);
      this.#entries.delete(itemId);
      this.#entries.set(itemId, { likes, pendingLikes, asOfMs, version, generation, askedMs });
    }
    if (fetch.itemIds.length === 0) {
      const itemIds = answer.counts.map(({ itemId }) => itemId);
      this.#ranking = { itemIds, limit: fetch.limit, askedMs };
    }
    this.#evictOld(nowMs);
    return this.#views(queries, nowMs);
  }

  /** The primary did not answer for this ledger. Queries are answered with what is cached. */
  failed(nowMs: number): readonly CountsView[] {
    const { queries } = this.#end();
    this.#failedMs = nowMs;
    return this.#views(queries, nowMs);
  }

  #end(): Fetching {
    const fetching = this.#fetching;
    assert(fetching !== undefined, "a question was asked");
    this.#fetching = undefined;
    return fetching;
  }

  /** Answers `queries`, and waiting ones that are ready now. */
  #views(queries: ReadonlySet<CountsQuery>, nowMs: number): readonly CountsView[] {
    const ready = new Set(this.#waiting.filter((query) => this.#isReady(query, nowMs)));
    this.#wait(this.#waiting.filter((query) => !ready.has(query)));
    return [...queries, ...ready].map((query) => this.#view(query, nowMs));
  }

  #wait(queries: CountsQuery[]): void {
    this.#waiting = queries;
    this.#idsWaiting = queries.reduce((sum, { itemIds }) => sum + itemIds.length, 0);
  }

  /** Returns as many queries for certain items as fit one fetch, oldest first, and the items. */
  #gather(): readonly [ReadonlySet<CountsQuery>, readonly string[]] {
    const queries = new Set<CountsQuery>();
    const gathered = new Set<string>();
    for (const query of this.#waiting) {
      const more = query.itemIds.filter((itemId) => !gathered.has(itemId));
      if (gathered.size + more.length > COUNTS_MAX) break;
      if (query.itemIds.length === 0) continue;
      queries.add(query);
      for (const itemId of more) gathered.add(itemId);
    }
    return [queries, [...gathered]];
  }

  #ranked(): readonly [ReadonlySet<CountsQuery>, readonly string[]] {
    return [new Set(this.#waiting.filter(({ itemIds }) => itemIds.length === 0)), []];
  }

  /**
   * Whether a query is answered from the cache: its counts are fresh, or the primary was away just
   * now.
   */
  #isReady({ itemIds, limit }: CountsQuery, nowMs: number): boolean {
    if (nowMs - this.#failedMs <= COUNTS_FRESH_MS) return true;
    const isFresh = (entry: { readonly askedMs: number } | undefined): boolean =>
      entry !== undefined && nowMs - entry.askedMs <= COUNTS_FRESH_MS;
    if (itemIds.length > 0) return itemIds.every((itemId) => isFresh(this.#entries.get(itemId)));
    return isFresh(this.#ranking) && limit <= (this.#ranking?.limit ?? 0);
  }

  #view({ requestId, itemIds, limit }: CountsQuery, nowMs: number): CountsView {
    if (itemIds.length === 0) return { requestId, counts: this.#mostLiked(limit, nowMs) };
    const counts = itemIds.map((itemId) => this.#show(itemId, nowMs));
    const isKnown = counts.some(({ fetched }) => fetched !== undefined);
    return { requestId, counts: isKnown ? counts : undefined };
  }

  /** The items of the ranking that are still cached, by the likes that are cached now. */
  #mostLiked(limit: number, nowMs: number): readonly CachedCount[] | undefined {
    if (this.#ranking === undefined || isTooOld(this.#ranking, nowMs)) return undefined;
    return this.#ranking.itemIds
      .map((itemId) => this.#show(itemId, nowMs))
      .filter(({ fetched }) => fetched !== undefined)
      .sort((a, b) => Number((b.fetched?.likes ?? 0n) - (a.fetched?.likes ?? 0n)))
      .slice(0, limit);
  }

  #show(itemId: string, nowMs: number): CachedCount {
    const entry = this.#entries.get(itemId);
    if (entry === undefined || isTooOld(entry, nowMs)) return { itemId, fetched: undefined };
    this.#entries.delete(itemId);
    this.#entries.set(itemId, entry);
    const { askedMs, ...fetched } = entry;
    return { itemId, fetched: { ...fetched, ageMs: Math.floor(nowMs - askedMs) } };
  }

  #evictOld(nowMs: number): void {
    for (const [itemId, entry] of this.#entries) {
      if (isTooOld(entry, nowMs) || this.#entries.size > COUNTS_CACHED_MAX)
        this.#entries.delete(itemId);
    }
  }
}

function isTooOld({ askedMs }: { readonly askedMs: number }, nowMs: number): boolean {
  return nowMs - askedMs > COUNTS_KEPT_MS;
}
