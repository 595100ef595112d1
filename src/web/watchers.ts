/**
 * Watchers: server-sent events of counts and of the status. The first event has all items, so that
 * a watcher that comes back needs no log. After that come the items that changed, at most four times
 * a second, and the status when it changes.
 *
 * A watcher that does not read gets nothing more until it has read, then all of its items, and is
 * ended if that takes too long. So each costs at most one event of memory.
 */
import {
  COUNTS_MAX,
  WATCHED_ITEMS_MAX,
  WATCHER_ITEMS_MAX,
  WATCHERS_OF_CLIENT_MAX,
  WEB_WATCHERS_MAX,
  WATCH_GAP_MIN_MS,
  WATCH_STATUS_MS,
  WATCH_TURN_WATCHERS,
  WATCH_UNREAD_MAX_MS,
} from "../limits.ts";
import type { CachedCount, LedgerVersion } from "../core/likes_server/count_cache.ts";
import type { Reading, Watching } from "../core/likes_server/client_requests.ts";
import type { CountsResult, TotalView } from "../core/likes_server/likes_server.ts";
import { Tally } from "../tally.ts";
import { Problem } from "./problem.ts";
import { itemLikes, statusOf } from "./read_likes.ts";
import type { Site } from "./site.ts";

/** How long a browser waits before it comes back, at least, and what is added at random. */
const RETRY_MS = 2_000;
const RETRY_JITTER_MS = 1_000;
const TICK_MS = 1_000;

/** Where events go: the answer of a request. */
export interface EventSink {
  /** Returns false when the text, or one before, is unread; `drain` tells that all are read. */
  write(text: string): boolean;
  end(): void;
  destroy(): void;
  once(event: "close" | "drain", listener: () => void): void;
}

interface Watcher {
  readonly site: Site;
  readonly client: string;
  readonly itemIds: readonly string[];
  readonly sink: EventSink;
  /** Since when an event is unread; undefined when all are read. */
  unreadMs: number | undefined;
  /** Whether an event was left out, so that the next has all items. */
  isBehind: boolean;
}

type Counts = ReadonlyMap<string, CachedCount>;

/** The watchers of one LikesServer. */
export class Watchers {
  readonly #source: Reading & Watching;
  readonly #nowMs: () => number;
  readonly #watchers = new Set<Watcher>();
  readonly #byItem = new Map<string, Set<Watcher>>();
  readonly #ofClient = new Tally();
  /** What was last sent of each watched item. */
  readonly #sent = new Map<string, string>();
  readonly #ticker: NodeJS.Timeout;
  readonly #unwatch: () => void;
  #due: NodeJS.Timeout | undefined;
  #readMs = -Infinity;
  #isReading = false;
  /** Whether the ledger changed during a read, or a watcher came. */
  #isAgain = false;
  /** Whether the last read did not get what the pulse told of. */
  #isOld = false;
  #status = "";
  #statusMs = 0;

  /** `nowMs` is a monotonic clock. */
  constructor(source: Reading & Watching, nowMs: () => number) {
    this.#source = source;
    this.#nowMs = nowMs;
    this.#unwatch = source.watch(() => this.#schedule());
    this.#ticker = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** The number of watchers. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Checks that a watcher of `itemIds` has room. Throws Problem. */
  check(itemIds: readonly string[], client: string): void {
    if (itemIds.length === 0 || itemIds.length > WATCHER_ITEMS_MAX) {
      const found = `${itemIds.length} items are named; name 1 to ${WATCHER_ITEMS_MAX}, as item=a&item=b`;
      throw new Problem("query-invalid", `Cannot watch the likes: ${found}`);
    }
    if (this.#hasRoom(itemIds, client)) return;
    const detail = "Cannot watch the likes: too many watch already; read them, or try again later";
    throw new Problem("too-many", detail, {}, { "Retry-After": "30", Connection: "close" });
  }

  #hasRoom(itemIds: readonly string[], client: string): boolean {
    const more = itemIds.filter((itemId) => !this.#byItem.has(itemId)).length;
    return (
      this.size < WEB_WATCHERS_MAX &&
      this.#ofClient.of(client) < WATCHERS_OF_CLIENT_MAX &&
      this.#byItem.size + more <= WATCHED_ITEMS_MAX
    );
  }

  /**
   * Sends events about items to `sink` until it closes. The first has what is cached now: what other
   * watchers of an item were sent, or what is newer. Others may have taken the room since `check`:
   * then the stream ends at once, and its browser comes back.
   */
  add(site: Site, named: readonly string[], client: string, sink: EventSink): void {
    const itemIds = [...new Set(named)];
    if (!this.#hasRoom(itemIds, client)) return sink.end();
    const counts = itemIds.map((itemId) => this.#source.cached(itemId));
    const watcher: Watcher = {
      site,
      client,
      itemIds,
      sink,
      unreadMs: undefined,
      isBehind: false,
    };
    this.#watchers.add(watcher);
    this.#ofClient.add(client);
    for (const count of counts) this.#join(watcher, count);
    sink.once("close", () => this.#remove(watcher));
    const retryMs = RETRY_MS + Math.floor(Math.random() * RETRY_JITTER_MS);
    this.#send(watcher, `retry: ${retryMs}\n${eventOf(site, counts)}${this.#statusEvent()}`);
    this.#schedule();
  }

  /** Ends all watchers. */
  close(): void {
    clearInterval(this.#ticker);
    clearTimeout(this.#due);
    this.#unwatch();
    for (const { sink } of this.#watchers) sink.end();
  }

  /** The first watcher of an item knows its likes. */
  #join(watcher: Watcher, count: CachedCount): void {
    const { itemId } = count;
    const watching = this.#byItem.get(itemId);
    if (watching !== undefined) return void watching.add(watcher);
    this.#byItem.set(itemId, new Set([watcher]));
    this.#isNews(count);
  }

  #remove(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return;
    this.#ofClient.remove(watcher.client);
    for (const itemId of watcher.itemIds) {
      const watching = this.#byItem.get(itemId);
      watching?.delete(watcher);
      if (watching?.size !== 0) continue;
      this.#byItem.delete(itemId);
      this.#sent.delete(itemId);
    }
  }

  /** The ledger may have changed: reads the watched items soon, and not too often. */
  #schedule(): void {
    if (this.#isReading) this.#isAgain = true;
    if (this.#due !== undefined || this.#isReading || this.size === 0) return;
    const waitMs = Math.max(0, this.#readMs + WATCH_GAP_MIN_MS - this.#nowMs());
    this.#due = setTimeout(() => {
      this.#due = undefined;
      void this.#readAll();
    }, waitMs).unref();
  }

  async #readAll(): Promise<void> {
    const pulse = this.#source.total()?.pulse;
    if (pulse === undefined) return;
    this.#isReading = true;
    this.#isOld = false;
    this.#isAgain = false;
    this.#readMs = this.#nowMs();
    try {
      const changed = new Map<string, CachedCount>();
      const itemIds = [...this.#byItem.keys()];
      for (let first = 0; first < itemIds.length; first += COUNTS_MAX) {
        const counts = await this.#read(itemIds.slice(first, first + COUNTS_MAX), pulse);
        if (counts.length === 0 || !counts.every((count) => isSince(count, pulse))) {
          this.#isOld = true;
        }
        for (const count of counts) if (this.#isNews(count)) changed.set(count.itemId, count);
      }
      await this.#sendChanged(changed);
    } finally {
      this.#isReading = false;
    }
    if (this.#isAgain) this.#schedule();
  }

  async #read(itemIds: readonly string[], since: LedgerVersion): Promise<readonly CachedCount[]> {
    const result = await new Promise<CountsResult>((resolve) => {
      this.#source.count({ itemIds, limit: 0, subject: undefined, since }, resolve);
    });
    return result.type === "counted" ? result.counts : [];
  }

  /** Whether an item's likes differ from what was sent; from now on they are sent. */
  #isNews({ itemId, fetched }: CachedCount): boolean {
    if (fetched === undefined || !this.#byItem.has(itemId)) return false;
    const { likes, generation, reactions } = fetched;
    const text = `${likes} ${generation} ${[...(reactions ?? [])].join(" ")}`;
    if (this.#sent.get(itemId) === text) return false;
    this.#sent.set(itemId, text);
    return true;
  }

  async #sendChanged(changed: Counts): Promise<void> {
    const watchers = new Set<Watcher>();
    for (const itemId of changed.keys()) {
      for (const watcher of this.#byItem.get(itemId) ?? []) watchers.add(watcher);
    }
    const ofOneItem = new Map<string, string>();
    let count = 0;
    for (const watcher of watchers) {
      // Whoever waits for a like is served in between.
      if (++count % WATCH_TURN_WATCHERS === 0) await nextTurn();
      if (this.#watchers.has(watcher)) this.#send(watcher, textFor(watcher, changed, ofOneItem));
    }
  }

  /** Sends a text, unless the last one is unread. */
  #send(watcher: Watcher, text: string): void {
    const { sink } = watcher;
    if (watcher.unreadMs !== undefined) {
      watcher.isBehind = true;
      return;
    }
    watcher.unreadMs = this.#nowMs();
    const isTaken = sink.write(text);
    if (isTaken) watcher.unreadMs = undefined;
    else sink.once("drain", () => this.#caughtUp(watcher));
  }

  /** A watcher has read. If it missed an event, it gets all of its items. */
  #caughtUp(watcher: Watcher): void {
    watcher.unreadMs = undefined;
    if (!watcher.isBehind) return;
    watcher.isBehind = false;
    const counts = watcher.itemIds.map((itemId) => this.#source.cached(itemId));
    this.#send(watcher, eventOf(watcher.site, counts) + this.#statusEvent());
  }

  /**
   * Ends watchers that do not read, reads again if the last read got old likes, and tells the status
   * if it changed, or was told long ago.
   */
  #tick(): void {
    const nowMs = this.#nowMs();
    if (this.#isOld) this.#schedule();
    for (const { sink, unreadMs } of this.#watchers) {
      if (unreadMs !== undefined && nowMs - unreadMs > WATCH_UNREAD_MAX_MS) sink.destroy();
    }
    const status = statusOf(this.#source.total());
    if (status === this.#status && nowMs - this.#statusMs < WATCH_STATUS_MS) return;
    this.#status = status;
    this.#statusMs = nowMs;
    void this.#sendStatus();
  }

  async #sendStatus(): Promise<void> {
    const text = this.#statusEvent();
    let count = 0;
    for (const watcher of this.#watchers) {
      if (++count % WATCH_TURN_WATCHERS === 0) await nextTurn();
      this.#send(watcher, text);
    }
  }

  #statusEvent(): string {
    return statusEventOf(this.#source.total());
  }
}

/** Returns the event of the items that changed, of those that a watcher watches. */
function textFor(watcher: Watcher, changed: Counts, ofOneItem: Map<string, string>): string {
  const { site, itemIds } = watcher;
  const [only] = itemIds;
  if (itemIds.length > 1 || only === undefined) {
    const counts = itemIds.map((itemId) => changed.get(itemId));
    return eventOf(
      site,
      counts.filter((count) => count !== undefined),
    );
  }
  const count = changed.get(only);
  const text = ofOneItem.get(only) ?? eventOf(site, count === undefined ? [] : [count]);
  ofOneItem.set(only, text);
  return text;
}

/** Whether likes are of a version or a newer one. */
function isSince({ fetched }: CachedCount, { generation, version }: LedgerVersion): boolean {
  return fetched?.generation === generation && fetched.version >= version;
}

function eventOf(site: Site, counts: readonly CachedCount[]): string {
  const items = counts.map((count) => itemLikes(site, count, false));
  const [newest] = counts.flatMap(({ fetched }) => fetched ?? []);
  const id = newest === undefined ? "" : `id: ${newest.generation}.${newest.version}\n`;
  return `event: counts\n${id}data: ${JSON.stringify({ items })}\n\n`;
}

function statusEventOf(total: TotalView | undefined): string {
  const { asOfMs, version, generation } = total?.pulse ?? {};
  const data = {
    status: statusOf(total),
    as_of: asOfMs === undefined ? null : `${asOfMs}`,
    version: version === undefined ? null : `${version}`,
    generation: generation ?? null,
  };
  return `event: status\ndata: ${JSON.stringify(data)}\n\n`;
}

async function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
