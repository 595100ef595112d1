/**
 * LikesServers that a primary refuses, for as long as they come. Nothing of them is written: not of one
 * whose outbox belongs to another ledger, and not of one whose trouble has no room in this one. So they
 * are known only to this start of the primary, and each attempt names them again.
 */
import { REFUSED_KEPT_MS, REFUSED_LISTED_MAX } from "../../limits.ts";
import type { TroubleKind } from "../protocol/messages.ts";
import type { IncarnationId, LedgerId, OutboxId } from "../protocol/ids.ts";

/** One of them. */
export interface RefusedServer {
  readonly serverId: string;
  readonly outboxId: OutboxId;
  readonly address: string;
  /** Since when it comes, by the primary's labels. */
  readonly sinceMs: number;
}

/** One that belongs to another ledger. Fields: ForeignServer in the proto. */
export interface ForeignServer extends RefusedServer {
  /** The ledger to which its outbox belongs. */
  readonly ledgerId: LedgerId;
}

/** One whose trouble has no room. Fields: UnrecordedServer in the proto. */
export interface UnrecordedServer extends RefusedServer {
  /** What it delivers, and cannot while that is so. */
  readonly incarnation: IncarnationId;
  /** The first of its troubles that has none. */
  readonly kind: TroubleKind;
}

/** Those of one sort that came lately, at most REFUSED_LISTED_MAX of them. */
export class RefusedServers<Server extends RefusedServer> {
  readonly #byOutbox = new Map<OutboxId, { readonly server: Server; readonly heardMs: number }>();
  readonly #aboutOf: (server: Server) => string;
  #servers: readonly Server[] = [];
  #hasCome = false;

  /** `aboutOf` returns why a server is refused. The same server with another reason is a new entry. */
  constructor(aboutOf: (server: Server) => string) {
    this.#aboutOf = aboutOf;
  }

  /** Whether one has come since the start of the primary. */
  get hasCome(): boolean {
    return this.#hasCome;
  }

  /** Those that came first are first. The same list until it changes. */
  get servers(): readonly Server[] {
    return this.#servers;
  }

  /** `server` came at the monotonic time `nowMs`. Returns it when it is one more. */
  came(server: Server, nowMs: number): Server | undefined {
    this.#hasCome = true;
    const { outboxId } = server;
    const before = this.#byOutbox.get(outboxId)?.server;
    const isKnown = before !== undefined && this.#aboutOf(before) === this.#aboutOf(server);
    if (!isKnown) this.#byOutbox.delete(outboxId); // it goes behind those that came before
    if (this.#byOutbox.size >= REFUSED_LISTED_MAX && !isKnown) return undefined;
    const { sinceMs } = isKnown ? before : server;
    this.#byOutbox.set(outboxId, { server: { ...server, sinceMs }, heardMs: nowMs });
    this.#list();
    return isKnown ? undefined : server;
  }

  /** Forgets an outbox that is refused no longer. */
  forget(outboxId: OutboxId): void {
    if (this.#byOutbox.delete(outboxId)) this.#list();
  }

  /** Forgets those that have not come for REFUSED_KEPT_MS. Returns whether there were any. */
  expire(nowMs: number): boolean {
    const before = this.#byOutbox.size;
    for (const [outboxId, { heardMs }] of this.#byOutbox) {
      if (nowMs - heardMs > REFUSED_KEPT_MS) this.#byOutbox.delete(outboxId);
    }
    const areFewer = this.#byOutbox.size < before;
    if (areFewer) this.#list();
    return areFewer;
  }

  #list(): void {
    this.#servers = [...this.#byOutbox.values()].map(({ server }) => server);
  }
}
