/**
 * LikesServers that a primary refuses, for as long as they come. They do not belong to this ledger,
 * or their trouble has no room in it. The ledger records nothing about them, so only
 * this start of the primary knows them, by their attempts.
 */
import type { FaultCode } from "../../errors.ts";
import { REFUSED_KEPT_MS, REFUSED_LISTED_MAX } from "../../limits.ts";
import type { TroubleKind } from "../protocol/messages.ts";
import type { Fingerprint, IncarnationId, LedgerId, OutboxId } from "../protocol/ids.ts";

/** A refused LikesServer. */
export interface RefusedServer {
  readonly serverId: string;
  readonly outboxId: OutboxId;
  readonly address: string;
  /** When it first came, by the primary's logical clock. */
  readonly sinceMs: number;
}

/**
 * A LikesServer that does not belong to this ledger, for one of two reasons. Fields: ForeignServer
 * in the proto.
 */
export interface ForeignServer extends RefusedServer {
  /** The other ledger to which its outbox belongs; undefined when its secret is the reason. */
  readonly ledgerId: LedgerId | undefined;
  /** Of its secret, which is not that of the ledger; undefined when its ledger is the reason. */
  readonly fingerprint: Fingerprint | undefined;
}

/** Returns the fault with which a foreign server is refused. */
export function foreignFault({ ledgerId }: ForeignServer): FaultCode {
  return ledgerId === undefined ? "secret_differs" : "ledger_other";
}

/** A LikesServer whose trouble has no room. Fields: UnrecordedServer in the proto. */
export interface UnrecordedServer extends RefusedServer {
  /** The incarnation that it cannot deliver until there is room. */
  readonly incarnation: IncarnationId;
  /** The first of its troubles without room. */
  readonly kind: TroubleKind;
}

/** The LikesServers of one sort that came recently, at most REFUSED_LISTED_MAX. */
export class RefusedServers<Server extends RefusedServer> {
  readonly #byOutbox = new Map<OutboxId, { readonly server: Server; readonly cameMs: number }>();
  readonly #reasonOf: (server: Server) => string;
  #servers: readonly Server[] = [];

  /** `reasonOf` returns why a server is refused. A new reason makes a new entry. */
  constructor(reasonOf: (server: Server) => string) {
    this.#reasonOf = reasonOf;
  }

  /** In order of arrival. The same list object until it changes. */
  get servers(): readonly Server[] {
    return this.#servers;
  }

  /** Adds a server that came at the monotonic time `nowMs`. Returns it when its entry is new. */
  add(server: Server, nowMs: number): Server | undefined {
    const { outboxId } = server;
    const before = this.#byOutbox.get(outboxId)?.server;
    const isKnown = before !== undefined && this.#reasonOf(before) === this.#reasonOf(server);
    if (!isKnown) this.#byOutbox.delete(outboxId); // a new entry goes to the end
    if (this.#byOutbox.size >= REFUSED_LISTED_MAX && !isKnown) return undefined;
    const { sinceMs } = isKnown ? before : server;
    this.#byOutbox.set(outboxId, { server: { ...server, sinceMs }, cameMs: nowMs });
    this.#list();
    return isKnown ? undefined : server;
  }

  /** Forgets an outbox that is refused no longer. */
  forget(outboxId: OutboxId): void {
    if (this.#byOutbox.delete(outboxId)) this.#list();
  }

  /** Forgets servers that have not come for REFUSED_KEPT_MS. Returns whether there were any. */
  expire(nowMs: number): boolean {
    const before = this.#byOutbox.size;
    for (const [outboxId, { cameMs }] of this.#byOutbox) {
      if (nowMs - cameMs > REFUSED_KEPT_MS) this.#byOutbox.delete(outboxId);
    }
    const areFewer = this.#byOutbox.size < before;
    if (areFewer) this.#list();
    return areFewer;
  }

  #list(): void {
    this.#servers = [...this.#byOutbox.values()].map(({ server }) => server);
  }
}
