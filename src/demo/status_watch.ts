/**
 * Watches the primary's status for the whole run, over its deaths: to show it, to date the moment
 * of convergence, and to remember every member that was ever seen.
 */
import { messageOf } from "../errors.ts";
import { STATUS_INTERVAL_MIN_MS } from "../limits.ts";
import type { Status } from "../core/primary/status.ts";
import { monotonicMs } from "../monotonic.ts";
import { followStatus } from "../rpc/client/follow_status.ts";
import type { OutboxId } from "../core/protocol/ids.ts";

/** Between two statuses that are shown. */
const SHOW_INTERVAL_MS = 1_000;
/** How old a status may be before it is not told as the state of things any more. */
const STATUS_LATE_MAX_MS = 3_000;

/** That nobody answers. */
export interface Silence {
  /** What was heard last, `silentMs` ago. */
  readonly status: Status;
  readonly silentMs: number;
  /** What became of the newest attempt, if any ended. */
  readonly reason: string | undefined;
}

/** Who hears of it. */
export interface StatusWatchEvents {
  /** Once a second, and once at the end. */
  readonly onStatus: (status: Status) => void;
  /** Once a second while nobody answers: what was shown last is not true any more. */
  readonly onSilence: (silence: Silence) => void;
  /** A line for the parent's log. */
  readonly log: (line: string) => void;
}

/** A watch on one primary, from `start` to `stop`. */
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
  /** Why nobody answers; undefined while somebody does. */
  #awayReason: string | undefined;
  /** Since when the primary has said that a total is shown everywhere, without a break. */
  #everywhere: { readonly totalLikes: bigint; readonly sinceMs: number } | undefined;
  readonly #members = new Map<OutboxId, string>();

  constructor(primary: string, events: StatusWatchEvents) {
    this.#primary = primary;
    this.#events = events;
  }

  /** Every member ever seen, also one that has left: its outbox and its server id. */
  get members(): ReadonlyMap<OutboxId, string> {
    return this.#members;
  }

  /** Since when `totalLikes` is shown everywhere, by the machine's clock; undefined when not. */
  everywhereSince(totalLikes: bigint): number | undefined {
    return this.#everywhere?.totalLikes === totalLikes ? this.#everywhere.sinceMs : undefined;
  }

  start(): void {
    this.#ticking = setInterval(() => this.#tick(), SHOW_INTERVAL_MS).unref();
    this.#watching = this.#watch().catch((error: unknown) => {
      // The run is judged without it; what it saw last stays on the screen.
      this.#events.log(`the status cannot be watched any more: ${messageOf(error)}`);
    });
  }

  /** Ends the watch, and shows what it saw last. */
  async stop(): Promise<void> {
    clearInterval(this.#ticking);
    this.#stopping.abort();
    await this.#watching;
    if (this.#newest !== undefined && this.#newest !== this.#shown) this.#show(this.#newest);
  }

  /** Takes in a status, also one that was asked for elsewhere. */
  see(status: Status): void {
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
        this.#events.log(`lost sight of the primary: ${message}`);
        this.#tick();
      },
    });
    for await (const status of statuses) {
      if (this.#awayReason !== undefined) this.#events.log("the primary answers again");
      this.see(status);
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
