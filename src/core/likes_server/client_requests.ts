/**
 * What clients ask of a LikesServer, in their own words, over whatever protocol: persons are
 * subjects here, and pseudonyms from the shell on.
 */
import type { CachedCount, CountsQuery } from "./count_cache.ts";
import type { AddResult, CountsResult, SetResult, TotalView } from "./likes_server_events.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { Wanted } from "../protocol/register.ts";

/** What a person is to give to an item. */
export interface SubjectSet {
  readonly itemId: string;
  /** In the words of the caller. */
  readonly subject: string;
  readonly wanted: Wanted;
  /** Undefined for the next one. */
  readonly revision: number | undefined;
}

/** The requested items; without ids, the most liked. */
export interface RequestedItems extends Pick<CountsQuery, "itemIds" | "limit" | "since"> {
  /** A person, in the words of the caller. */
  readonly subject: string | undefined;
}

/** A person to forget, in the words of the caller. */
export interface SubjectToForget {
  readonly site: string;
  readonly subject: string;
  readonly withdraw: boolean;
}

/** Accepts likes. Each `done` is called once: after the disk sync, or with a refusal. */
export interface Accepting {
  /** Adds events that arrived together. `done` gets the outcome of each, in order. */
  add(events: readonly LikeEvent[], done: (outcomes: readonly AddResult[]) => void): void;
  /** Sets what persons give, as `add` adds. */
  set(sets: readonly SubjectSet[], done: (outcomes: readonly SetResult[]) => void): void;
  /** Forgets a person, as `add` adds. */
  forget(who: SubjectToForget, done: (outcome: AddResult) => void): void;
}

/** Reads likes. */
export interface Reading {
  /** Reads the likes of the named items, or of the `limit` most liked. `done` is called once. */
  count(items: RequestedItems, done: (outcome: CountsResult) => void): void;
  /** Returns what is cached of an item, without a read from the primary. */
  cached(itemId: string): CachedCount;
  /** Returns the total; undefined before the first pulse. */
  total(): TotalView | undefined;
}

/** Tells when the ledger may have changed. */
export interface Watching {
  /** Calls `onPulse` at each pulse that tells of another version. Returns what ends that. */
  watch(onPulse: () => void): () => void;
}
