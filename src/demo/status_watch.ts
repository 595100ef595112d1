/**
 * Follows the primary's status for the whole run, across its restarts. Shows the status, dates the
 * convergence, and remembers every member ever seen.
 */
import { messageOf } from "../errors.ts";
import { STATUS_INTERVAL_MIN_MS } from "../limits.ts";
import type { Status } from "../core/primary/status.ts";
import { monotonicMs } from "../monotonic.ts";
import { followStatus } from "../rpc/client/follow_status.ts";
import type { OutboxId } from "../core/protocol/ids.ts";

/** Minimum time between two statuses shown. */
const SHOW_INTERVAL_MS = 1_000;
/** A status older than this no longer counts as current. */
const STATUS_LATE_MAX_MS = 3_000;

/** What is known while the primary does not answer. */
export interface Silence {
  /** The newest status, from `silentMs` ago. */
  readonly status: Status;
  readonly silentMs: number;
  /** Why the newest attempt failed, if one has. */
  readonly reason: string | undefined;
}

/** Callbacks of a watch. */
export interface StatusWatchEvents {
  /** Once a second, and once at the end. */
  readonly onStatus: (status: Status) => void;
  /** Once a second while the primary does not answer: the status shown is out of date. */
  readonly onSilence: (silence: Silence) => void;
  /** Writes a line to the parent's log. */
  readonly log: (line: string) => void;
}

/** Watches one primary, from `start` to `stop`. */
export class StatusWatch {
  readonly #primary: string;
  readonly #events: StatusWatchEvents;
  readonly #stopping = new AbortController();
  #watching: Promise<void> | undefined;
  #ticking: NodeJS.Timeout | undefined;
  #newest: Status | undefined;
  #newestMs = 0;
  #shown: Status | undefined;
  #shownMs = -Infinity;
  /** Why the primary does not answer; undefined while it does. */
  #awayReason: string | undefined;
  /** The total that is shown everywhere, and since when without a break. */
  #everywhere: { readonly totalLikes: bigint; readonly sinceMs: number } | undefined;
  readonly #members = new Map<OutboxId, string>();

  constructor(primary: string, events: StatusWatchEvents) {
    this.#primary = primary;
    this.#events = events;
  }

  /** The server id of every member ever seen, including those that left. */
  get members(): ReadonlyMap<OutboxId, string> {
    return this.#members;
  }

  /** Returns since when all show `totalLikes` (monotonic clock); undefined when not all do. */
  everywhereSince(totalLikes: bigint): number | undefined {
    return this.#everywhere?.totalLikes === totalLikes ? this.#everywhere.sinceMs : undefined;
  }

  start(): void {
    this.#ticking = setInterval(() => this.#tick(), SHOW_INTERVAL_MS).unref();
    this.#watching = this.#watch().catch((error: unknown) => {
      // The verdict does not need the watch. The newest status stays on the screen.
      this.#events.log(`stopped watching the status: ${messageOf(error)}`);
    });
  }

  /** Ends the watch, and shows the newest status. */
  async stop(): Promise<void> {
    clearInterval(this.#ticking);
    this.#stopping.abort();
    await this.#watching;
    if (this.#newest !== undefined && this.#newest !== this.#shown) this.#show(this.#newest);
  }

  /** Handles a status, from the watch or from elsewhere. */
  receive(status: Status): void {
    const nowMs = monotonicMs();
    const { everywhere, totalLikes, servers } = status;
    this.#newest = status;
    this.#newestMs = nowMs;
    this.#awayReason = undefined;
    for (const { outboxId, serverId } of servers) this.#members.set(outboxId, serverId);
    if (!everywhere) this.#everywhere = undefined;
    else if (this.#everywhere?.totalLikes !== totalLikes) {
      this.#everywhere = { totalLikes, sinceMs: nowMs };
    }
    if (nowMs - this.#shownMs < SHOW_INTERVAL_MS) return;
    this.#shownMs = nowMs;
    this.#show(status);
  }

  async #watch(): Promise<void> {
    const statuses = followStatus(this.#primary, {
      intervalMs: STATUS_INTERVAL_MIN_MS,
      awayMaxMs: Infinity,
      mustBeThere: false,
      signal: this.#stopping.signal,
      onAway: ({ message }) => {
        this.#awayReason = message;
        this.#events.log(`lost contact with the primary: ${message}`);
        this.#tick();
      },
    });
    for await (const status of statuses) {
      if (this.#awayReason !== undefined) this.#events.log("the primary answers again");
      this.receive(status);
    }
  }

  #tick(): void {
    if (this.#newest === undefined) return;
    const silentMs = monotonicMs() - this.#newestMs;
    const reason = this.#awayReason;
    if (reason === undefined && silentMs < STATUS_LATE_MAX_MS) return;
    this.#events.onSilence({ status: this.#newest, silentMs, reason });
  }

  #show(status: Status): void {
    this.#shown = status;
    this.#events.onStatus(status);
  }
}
