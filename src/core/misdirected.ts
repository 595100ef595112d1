/**
 * Misdirected LikesServers, whose outbox belongs to another ledger than that of the primary to which
 * they come: the ledger was exchanged, or one of the two was started in the wrong place. A Hello writes
 * nothing, so that is known only for as long as they come.
 */
import { MISDIRECTED_KEPT_MS, MISDIRECTED_MAX } from "../limits.ts";
import type { Hello } from "./messages.ts";
import type { Id } from "./record.ts";

/** One of them. Fields: MisdirectedServer in the proto. */
export interface MisdirectedServer {
  readonly serverId: string;
  readonly outboxId: Id;
  readonly address: string;
  /** The ledger to which its outbox belongs. */
  readonly ledgerId: Id;
  /** Since when it comes, by the primary's labels. */
  readonly sinceMs: number;
}

/** Those that came lately, at most MISDIRECTED_MAX of them. */
export class Misdirected {
  readonly #byOutbox = new Map<
    Id,
    { readonly server: MisdirectedServer; readonly heardMs: number }
  >();
  #servers: readonly MisdirectedServer[] = [];
  #hasCome = false;

  /** Whether one has come since the start of the primary. */
  get hasCome(): boolean {
    return this.#hasCome;
  }

  /** Those that came first are first. The same list until it changes. */
  get servers(): readonly MisdirectedServer[] {
    return this.#servers;
  }

  /**
   * One of ledger `ledgerId` came at the monotonic time `nowMs`, which is the label `labelMs`. Gives it
   * when it is one more.
   */
  came(
    { serverId, outboxId, address }: Hello,
    ledgerId: Id,
    nowMs: number,
    labelMs: number,
  ): MisdirectedServer | undefined {
    this.#hasCome = true;
    const before = this.#byOutbox.get(outboxId)?.server;
    const isKnown = before?.ledgerId === ledgerId;
    if (!isKnown) this.#byOutbox.delete(outboxId); // it goes behind those that came before
    if (this.#byOutbox.size >= MISDIRECTED_MAX && !isKnown) return undefined;
    const sinceMs = isKnown ? before.sinceMs : labelMs;
    const server = { serverId, outboxId, address, ledgerId, sinceMs };
    this.#byOutbox.set(outboxId, { server, heardMs: nowMs });
    this.#list();
    return isKnown ? undefined : server;
  }

  /** Forgets those that have not come for MISDIRECTED_KEPT_MS. Gives whether there were any. */
  expire(nowMs: number): boolean {
    const before = this.#byOutbox.size;
    for (const [outboxId, { heardMs }] of this.#byOutbox) {
      if (nowMs - heardMs > MISDIRECTED_KEPT_MS) this.#byOutbox.delete(outboxId);
    }
    const areFewer = this.#byOutbox.size < before;
    if (areFewer) this.#list();
    return areFewer;
  }

  #list(): void {
    this.#servers = [...this.#byOutbox.values()].map(({ server }) => server);
  }
}
