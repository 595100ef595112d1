/**
 * A read-through cache of counts. A LikesServer fetches them from the primary on demand, one fetch
 * at a time. It caches a bounded number for a bounded time, and shows them with their age while the
 * primary is away.
 *
 * Beside each count the cache keeps the likes of this outbox that the count lacks. A fetch returns
 * counts and applied sequences from one read: events after those sequences are the missing likes.
 * Each like accepted later adds to them, until the next fetch. So every accepted like is in exactly
 * one of the two numbers, whenever the ledger applies it. What a set will add is known to the ledger
 * alone: only the number of such sets is kept.
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
import { UNSET, compareStates } from "../protocol/register.ts";
import type { RegisterKey, RegisterState } from "../protocol/register.ts";
import { NOTHING_PENDING, UnappliedEvents, plusPending } from "./unapplied_events.ts";
import type { IncarnationProgress, Pending } from "./unapplied_events.ts";
import type { GenerationId, IncarnationId, LedgerId } from "../protocol/ids.ts";

/** A query for the likes of items; without item ids, for the `limit` most liked ones. */
export interface CountsQuery {
  /** Identifies the call to answer. */
  readonly requestId: number;
  readonly itemIds: readonly string[];
  readonly limit: number;
  /** The registers of a person who asks, one for each of `itemIds`. */
  readonly registers?: readonly RegisterKey[];
  /** The answer is of this version or a newer one, unless the primary is away. */
  readonly since?: LedgerVersion | undefined;
}

/** A version of the ledger. Versions of one generation are ordered. */
export interface LedgerVersion {
  readonly generation: GenerationId;
  readonly version: number;
}

/** A request to the primary, which several queries may share. */
export interface CountsFetch {
  /** Empty for the most liked items. */
  readonly itemIds: readonly string[];
  readonly limit: number;
  readonly incarnations: readonly IncarnationId[];
  /** The registers of the persons who asked. */
  readonly registers: readonly RegisterKey[];
}

/** The primary's answer: counts and applied sequences of one commit. */
export interface CountsAnswer {
  readonly counts: readonly ItemCount[];
  readonly applied: readonly AppliedIncarnation[];
  /** In the order of the fetch. */
  readonly registers: readonly RegisterState[];
  readonly asOfMs: number;
  readonly version: number;
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
}

/** The cached likes of an item. */
export interface CachedCount {
  readonly itemId: string;
  /** Undefined when the item is not cached. Unknown is never shown as 0. */
  readonly fetched: CachedLikes | undefined;
  /** What the person of the query gives; absent if no person was named, or if it is unknown. */
  readonly own?: OwnLikes;
}

/** What one person gives to an item. */
export interface OwnLikes {
  /** The greatest state that the ledger or this outbox has. */
  readonly state: RegisterState;
  /**
   * The likes of that person that are in the likes of the item. Undefined while the primary is
   * away: only what this outbox has is known then.
   */
  readonly countedLikes: number | undefined;
  /**
   * False while the ledger lacks events of this outbox that are not in memory: one of them may be
   * a greater set.
   */
  readonly isCertain: boolean;
}

/** What is known of an item, all from one answer of the primary. */
export interface CachedLikes {
  readonly likes: bigint;
  /** As of ItemCount. */
  readonly reactions?: ReadonlyMap<number, bigint>;
  /** What `likes` lacks of this outbox; undefined when that is unknown. */
  readonly pending: Pending | undefined;
  readonly asOfMs: number;
  readonly version: number;
  readonly generation: GenerationId;
  /** Milliseconds since the primary was asked. */
  readonly ageMs: number;
}

/** The answer to a query. `counts` is undefined when none of the requested counts is cached. */
export interface CountsView {
  readonly requestId: number;
  readonly counts: readonly CachedCount[] | undefined;
}

/** The outcome of a query. One that `waits` is answered by `fetched` or `failed`. */
export type QueryOutcome =
  | { readonly type: "answered"; readonly view: CountsView }
  | { readonly type: "refused"; readonly refusal: Refusal }
  | { readonly type: "waits" };

/** The cache entry of an item. */
interface Entry extends Omit<CachedLikes, "ageMs" | "pending"> {
  pending: Pending | undefined;
  readonly requestedMs: number;
}

/** The most liked items, in the primary's order. */
interface Ranking {
  readonly itemIds: readonly string[];
  readonly limit: number;
  readonly requestedMs: number;
}

/** The states of registers that were fetched. */
interface FetchedStates {
  readonly states: ReadonlyMap<RegisterKey, RegisterState>;
  /** Whether all events that they lack of this outbox are in memory. */
  readonly isCertain: boolean;
}

const NOTHING_FETCHED: FetchedStates = { states: new Map(), isCertain: false };

/** The fetch under way, and the queries that it will answer. */
interface Fetching {
  readonly fetch: CountsFetch;
  readonly queries: ReadonlySet<CountsQuery>;
  readonly requestedMs: number;
}

/** Queries that one fetch answers, and what it asks for. */
interface Gathered extends Pick<CountsFetch, "itemIds" | "registers"> {
  readonly queries: ReadonlySet<CountsQuery>;
}

/** The cached counts of one LikesServer, and the queries that wait for a fetch. */
export class CountCache {
  readonly #unapplied: UnappliedEvents;
  /** By item id, the least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #ranking: Ranking | undefined;
  #waiting: CountsQuery[] = [];
  #idsWaiting = 0;
  #fetching: Fetching | undefined;
  /** When the primary last failed to answer. It is not asked again within COUNTS_FRESH_MS. */
  #failedMs = -Infinity;

  /** `incarnations` are the open ones, oldest first. */
  constructor(incarnations: Iterable<IncarnationProgress>) {
    this.#unapplied = new UnappliedEvents(incarnations);
  }

  /** Adds likes that were just accepted. */
  accepted(incarnation: IncarnationId, firstSequence: number, events: readonly LikeEvent[]): void {
    this.#unapplied.add(incarnation, firstSequence, events);
    for (const { itemId, change } of events) {
      const entry = this.#entries.get(itemId);
      if (entry?.pending !== undefined) entry.pending = plusPending(entry.pending, change);
    }
  }

  /** Events that the ledger may not have applied yet. */
  get unapplied(): Pick<UnappliedEvents, "setOf" | "addOf"> {
    return this.#unapplied;
  }

  /** Drops acknowledged events, except during a fetch: its answer may lack them. */
  prune(incarnations: readonly IncarnationProgress[]): void {
    if (this.#fetching === undefined) this.#unapplied.prune(incarnations);
  }

  /** Answers a query from the cache, lets it wait for a fetch, or refuses it. */
  query(query: CountsQuery, nowMs: number): QueryOutcome {
    if (this.#isReady(query, nowMs)) return { type: "answered", view: this.#view(query, nowMs) };
    const tooMany =
      this.#waiting.length >= COUNT_REQUESTS_WAITING_MAX ||
      this.#idsWaiting + query.itemIds.length > COUNT_REQUEST_IDS_MAX;
    if (tooMany) return this.#queryTooMany(query, nowMs);
    this.#wait([...this.#waiting, query]);
    return { type: "waits" };
  }

  /** Returns what is cached of an item, of any age. */
  cached(itemId: string, nowMs: number): CachedCount {
    return this.#show(itemId, nowMs);
  }

  /**
   * Too many queries wait. Answers with cached counts of any age if all are cached, else refuses.
   * What a person gives is not cached.
   */
  #queryTooMany(query: CountsQuery, nowMs: number): QueryOutcome {
    const view = this.#view(query, nowMs);
    const isCached = view.counts?.every(({ fetched }) => fetched !== undefined);
    if (isCached && query.registers === undefined) return { type: "answered", view };
    const message =
      `Cannot count now: ${this.#waiting.length} calls wait for the primary already; ` +
      "try again later";
    return { type: "refused", refusal: { code: "too_many", message } };
  }

  /**
   * Begins the next fetch if a query waits and no fetch is under way. `fetched` or `failed` ends
   * it.
   */
  fetch(nowMs: number): CountsFetch | undefined {
    const [first] = this.#waiting;
    if (this.#fetching !== undefined || first === undefined) return undefined;
    const { queries, itemIds, registers } =
      first.itemIds.length > 0 ? this.#gather() : this.#ranked();
    this.#wait(this.#waiting.filter((query) => !queries.has(query)));
    let limit = 0;
    for (const query of queries) limit = Math.max(limit, query.limit);
    const fetch = { itemIds, limit, incarnations: this.#unapplied.incarnations, registers };
    this.#fetching = { fetch, queries, requestedMs: nowMs };
    return fetch;
  }

  /**
   * Caches the answer to the fetch. Returns the answers to its queries, and to others that are
   * ready.
   */
  fetched(answer: CountsAnswer, nowMs: number): readonly CountsView[] {
    const { fetch, queries, requestedMs } = this.#end();
    const applied = answer.applied.map((one) => [one.incarnation, one.appliedSequence] as const);
    const missing = this.#unapplied.pendingAfter(new Map(applied));
    const { asOfMs, version, generation } = answer;
    const read = { asOfMs, version, generation, requestedMs };
    for (const { itemId, ...counted } of answer.counts) {
      const pending = missing && (missing.get(itemId) ?? NOTHING_PENDING);
      this.#entries.delete(itemId);
      this.#entries.set(itemId, { ...counted, pending, ...read });
    }
    if (fetch.itemIds.length === 0) {
      const itemIds = answer.counts.map(({ itemId }) => itemId);
      this.#ranking = { itemIds, limit: fetch.limit, requestedMs };
    }
    this.#evictOld(nowMs);
    const states = new Map<RegisterKey, RegisterState>();
    for (const [index, key] of fetch.registers.entries()) {
      states.set(key, answer.registers[index] ?? UNSET);
    }
    return this.#views(queries, nowMs, { states, isCertain: missing !== undefined });
  }

  /** The primary did not answer for this ledger. Returns the answers from the cache. */
  failed(nowMs: number): readonly CountsView[] {
    const { queries } = this.#end();
    this.#failedMs = nowMs;
    return this.#views(queries, nowMs, NOTHING_FETCHED);
  }

  #end(): Fetching {
    const fetching = this.#fetching;
    assert(fetching !== undefined, "a fetch is under way");
    this.#fetching = undefined;
    return fetching;
  }

  /** Returns the answers to `queries`, and to waiting ones that are ready now. */
  #views(
    queries: ReadonlySet<CountsQuery>,
    nowMs: number,
    fetched: FetchedStates,
  ): readonly CountsView[] {
    const ready = new Set(this.#waiting.filter((query) => this.#isReady(query, nowMs)));
    this.#wait(this.#waiting.filter((query) => !ready.has(query)));
    return [...queries, ...ready].map((query) => this.#view(query, nowMs, fetched));
  }

  #wait(queries: CountsQuery[]): void {
    this.#waiting = queries;
    this.#idsWaiting = queries.reduce((sum, { itemIds }) => sum + itemIds.length, 0);
  }

  /** Returns as many queries for named items as fit one fetch, oldest first. */
  #gather(): Gathered {
    const queries = new Set<CountsQuery>();
    const gathered = new Set<string>();
    const registers = new Set<RegisterKey>();
    for (const query of this.#waiting) {
      const { itemIds, registers: keys = [] } = query;
      const more = itemIds.filter((itemId) => !gathered.has(itemId));
      if (gathered.size + more.length > COUNTS_MAX) break;
      if (registers.size + keys.length > COUNTS_MAX) break;
      if (itemIds.length === 0) continue;
      queries.add(query);
      for (const itemId of more) gathered.add(itemId);
      for (const key of keys) registers.add(key);
    }
    return { queries, itemIds: [...gathered], registers: [...registers] };
  }

  #ranked(): Gathered {
    const queries = new Set(this.#waiting.filter(({ itemIds }) => itemIds.length === 0));
    return { queries, itemIds: [], registers: [] };
  }

  /**
   * Returns true when the cache answers a query: its counts are fresh, or the primary just failed
   * to answer. What a person gives is not cached.
   */
  #isReady({ itemIds, limit, registers, since }: CountsQuery, nowMs: number): boolean {
    if (nowMs - this.#failedMs <= COUNTS_FRESH_MS) return true;
    if (registers !== undefined) return false;
    const isFresh = (entry: { readonly requestedMs: number } | undefined): boolean =>
      entry !== undefined && nowMs - entry.requestedMs <= COUNTS_FRESH_MS;
    const isNewEnough = (entry: Entry | undefined): boolean =>
      since === undefined ? isFresh(entry) : entry !== undefined && isSince(entry, since);
    if (itemIds.length > 0)
      return itemIds.every((itemId) => isNewEnough(this.#entries.get(itemId)));
    return isFresh(this.#ranking) && limit <= (this.#ranking?.limit ?? 0);
  }

  #view(query: CountsQuery, nowMs: number, fetched = NOTHING_FETCHED): CountsView {
    const { requestId, itemIds, limit, registers } = query;
    if (itemIds.length === 0) return { requestId, counts: this.#mostLiked(limit, nowMs) };
    const counts = itemIds.map((itemId, index): CachedCount => {
      const shown = this.#show(itemId, nowMs);
      const register = registers?.[index];
      const own = register && this.#own(register, fetched);
      return own === undefined ? shown : { ...shown, own };
    });
    const isKnown = counts.some(({ fetched, own }) => fetched !== undefined || own !== undefined);
    return { requestId, counts: isKnown ? counts : undefined };
  }

  /** Joins what the ledger has of a register with what it may not have applied yet. */
  #own(register: RegisterKey, { states, isCertain }: FetchedStates): OwnLikes | undefined {
    const counted = states.get(register);
    const stored = this.#unapplied.setOf(register)?.state;
    if (counted === undefined) {
      return stored && { state: stored, countedLikes: undefined, isCertain: true };
    }
    const isNewer = stored !== undefined && compareStates(stored, counted) > 0;
    return { state: isNewer ? stored : counted, countedLikes: counted.likes, isCertain };
  }

  /** Returns the items of the ranking that are still cached, ordered by their cached likes. */
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
    const { requestedMs, ...fetched } = entry;
    return { itemId, fetched: { ...fetched, ageMs: Math.floor(nowMs - requestedMs) } };
  }

  #evictOld(nowMs: number): void {
    for (const [itemId, entry] of this.#entries) {
      if (isTooOld(entry, nowMs) || this.#entries.size > COUNTS_CACHED_MAX)
        this.#entries.delete(itemId);
    }
  }
}

function isSince({ generation, version }: LedgerVersion, since: LedgerVersion): boolean {
  return generation === since.generation && version >= since.version;
}

function isTooOld({ requestedMs }: { readonly requestedMs: number }, nowMs: number): boolean {
  return nowMs - requestedMs > COUNTS_KEPT_MS;
}
