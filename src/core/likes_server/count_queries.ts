/** Answers queries for counts, from the cache or after a fetch from the primary. */
import type { ActionList } from "./action_list.ts";
import { CountCache } from "./count_cache.ts";
import type { CachedCount, CountsAnswer, CountsQuery, CountsView } from "./count_cache.ts";
import type { CountsResult, LikesServerSettings } from "./likes_server_events.ts";
import type { OutboxView } from "./outbox_view.ts";
import type { IncarnationProgress } from "./unapplied_events.ts";
import { checkItems } from "../protocol/counts.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { IncarnationId, LedgerId } from "../protocol/ids.ts";

/** The queries for counts of one LikesServer. */
export class CountQueries {
  readonly #options: LikesServerSettings;
  readonly #outbox: OutboxView;
  readonly #actions: ActionList;
  readonly #answer: (requestId: number, outcome: CountsResult) => void;
  readonly #cache: CountCache;

  constructor(
    options: LikesServerSettings,
    outbox: OutboxView,
    actions: ActionList,
    answer: (requestId: number, outcome: CountsResult) => void,
  ) {
    this.#options = options;
    this.#outbox = outbox;
    this.#actions = actions;
    this.#answer = answer;
    this.#cache = new CountCache(openOf(outbox));
  }

  /** Answers a query now, or after the next fetch. */
  query(query: CountsQuery, nowMs: number): void {
    const refusal = checkItems(query.itemIds, query.limit);
    if (refusal !== undefined) {
      return this.#answer(query.requestId, { type: "refused", refusal });
    }
    const outcome = this.#cache.query(query, nowMs);
    if (outcome.type === "answered") this.#show([outcome.view]);
    if (outcome.type === "refused") this.#answer(query.requestId, outcome);
  }

  /** Returns what is cached of an item. */
  cached(itemId: string, nowMs: number): CachedCount {
    return this.#cache.cached(itemId, nowMs);
  }

  /** Events that the ledger may not have applied yet. */
  get unapplied(): CountCache["unapplied"] {
    return this.#cache.unapplied;
  }

  /** Begins the next fetch, if one is due. */
  fetchNext(nowMs: number): void {
    const fetch = this.#cache.fetch(nowMs);
    if (fetch !== undefined) this.#actions.push({ type: "fetch_counts", fetch });
  }

  /** A fetch ended. Counts of another ledger than the outbox's, `ledgerId`, are no answer. */
  onFetched(answer: CountsAnswer | undefined, ledgerId: LedgerId | undefined, nowMs: number): void {
    const isForeign = ledgerId !== undefined && answer?.ledgerId !== ledgerId;
    const isAnswered = answer !== undefined && !isForeign;
    this.#show(isAnswered ? this.#cache.fetched(answer, nowMs) : this.#cache.failed(nowMs));
    this.prune();
  }

  /** Likes were accepted, which the cached counts lack. */
  onAccepted(
    incarnation: IncarnationId,
    firstSequence: number,
    events: readonly LikeEvent[],
  ): void {
    this.#cache.accepted(incarnation, firstSequence, events);
  }

  /** Drops events after an acknowledgement, or after a change of the open incarnations. */
  prune(): void {
    this.#cache.prune(openOf(this.#outbox));
  }

  #show(views: readonly CountsView[]): void {
    for (const { requestId, counts } of views) {
      if (counts === undefined) this.#answer(requestId, this.#unknown());
      else this.#answer(requestId, { type: "counted", counts });
    }
  }

  #unknown(): CountsResult {
    const { serverId, primary } = this.#options;
    const message =
      `Cannot tell the likes at ${serverId}: they are not cached, and the primary at ` +
      `${primary} does not answer for its ledger; ask again when it is back`;
    return { type: "refused", refusal: { code: "count_unknown", message } };
  }
}

function openOf({ openIncarnations }: OutboxView): readonly IncarnationProgress[] {
  return openIncarnations.map(({ id, stored, acknowledged }) => {
    return { id, last: stored.last, acknowledged };
  });
}
