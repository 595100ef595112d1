/**
 * LikesServers that a primary refuses, for as long as they come. Nothing of them is written: not of one
 * whose outbox belongs to another ledger, and not of one whose trouble has no room in this one. So they
 * are known only to this start of the primary, and each attempt names them again.
 */
import { assert } from "../../assert.ts";
import { REFUSED_KEPT_MS, REFUSED_NAMED_MAX } from "../../limits.ts";
import type { Hello, TroubleKind } from "../protocol/messages.ts";
import type { IncarnationRow } from "../ledger/rows.ts";
import type { IncarnationId, LedgerId, OutboxId } from "../protocol/ids.ts";
import type { LogicalClock } from "./logical_clock.ts";
import type { PrimaryNotice } from "./primary_events.ts";

/** One of them. */
interface RefusedServer {
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

/** Those of one sort that came lately, at most REFUSED_NAMED_MAX of them. */
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
    if (this.#byOutbox.size >= REFUSED_NAMED_MAX && !isKnown) return undefined;
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

/** All whom a primary refuses, and the notices of that. */
export class RefusedPeers {
  readonly #clock: LogicalClock;
  readonly #foreign = new RefusedServers<ForeignServer>(({ ledgerId }) => ledgerId);
  readonly #unrecorded = new RefusedServers<UnrecordedServer>(({ kind }) => kind);

  constructor(clock: LogicalClock) {
    this.#clock = clock;
  }

  /** LikesServers of another ledger that came lately. */
  get foreignServers(): readonly ForeignServer[] {
    return this.#foreign.servers;
  }

  /** Whether one of another ledger has come since the start. */
  get hasForeign(): boolean {
    return this.#foreign.hasCome;
  }

  /** LikesServers that came lately with trouble that has no room. */
  get unrecorded(): readonly UnrecordedServer[] {
    return this.#unrecorded.servers;
  }

  /** A Hello names another ledger. Returns the notice when its sender is one more. */
  noteForeign(hello: Hello, nowMs: number): PrimaryNotice | undefined {
    const { seen } = hello;
    assert(seen !== undefined, "an outbox of another ledger has seen that ledger");
    const from = { ...this.#peer(hello, nowMs), ledgerId: seen.ledgerId };
    const server = this.#foreign.came(from, nowMs);
    return server && { type: "foreign_server", server };
  }

  /**
   * A trouble of that kind had no room. Nothing of its command was taken, so the trouble is found
   * again when the LikesServer comes again. Returns the notice when that is one more.
   */
  noteUnrecorded(hello: Hello, kind: TroubleKind, nowMs: number): PrimaryNotice | undefined {
    const { incarnation } = hello;
    const from = { ...this.#peer(hello, nowMs), incarnation, kind };
    const server = this.#unrecorded.came(from, nowMs);
    return server && { type: "unrecorded", server };
  }

  /**
   * A report of that incarnation was recorded. The incarnation is compared: of two copies of an
   * outbox one may be refused, and the other not.
   */
  noteRecorded({ incarnation, outboxId }: IncarnationRow): PrimaryNotice | undefined {
    if (!this.unrecorded.some((server) => server.incarnation === incarnation)) return undefined;
    this.#unrecorded.forget(outboxId);
    return { type: "unrecorded_gone" };
  }

  /** Forgets those that have not come lately. Returns the notices of that. */
  expire(nowMs: number): readonly PrimaryNotice[] {
    const notices: PrimaryNotice[] = [];
    if (this.#foreign.expire(nowMs)) notices.push({ type: "foreign_server_gone" });
    if (this.#unrecorded.expire(nowMs)) notices.push({ type: "unrecorded_gone" });
    return notices;
  }

  #peer({ serverId, outboxId, address }: Hello, nowMs: number): RefusedServer {
    return { serverId, outboxId, address, sinceMs: this.#clock.peek(nowMs) };
  }
}
