/**
 * LikesServers that come to a primary whose ledger is not theirs: the ledger was exchanged, or one of
 * the two was started in the wrong place. A Hello writes nothing, so that is known only for as long as
 * they come.
 */
import { MEMBER_SILENT_MS, MISDIRECTED_MAX } from "../limits.ts";
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
  readonly #byOutbox = new Map<Id, { readonly server: MisdirectedServer; heardMs: number }>();

  /** Those that came first are first. */
  get servers(): readonly MisdirectedServer[] {
    return [...this.#byOutbox.values()].map(({ server }) => server);
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
    const known = this.#byOutbox.get(outboxId);
    if (known?.server.ledgerId === ledgerId) {
      known.heardMs = nowMs;
      return undefined;
    }
    if (known === undefined && this.#byOutbox.size >= MISDIRECTED_MAX) return undefined;
    const server = { serverId, outboxId, address, ledgerId, sinceMs: labelMs };
    this.#byOutbox.set(outboxId, { server, heardMs: nowMs });
    return server;
  }

  /** Forgets those that have not come for MEMBER_SILENT_MS. Gives whether there were any. */
  expire(nowMs: number): boolean {
    const before = this.#byOutbox.size;
    for (const [outboxId, { heardMs }] of this.#byOutbox) {
      if (nowMs - heardMs > MEMBER_SILENT_MS) this.#byOutbox.delete(outboxId);
    }
    return this.#byOutbox.size < before;
  }
}
