/**
 * The two sorts of LikesServers that a primary refuses, and the notices about them. A notice tells
 * of a new server, or that servers are gone, and not of each attempt.
 */
import { assert } from "../../assert.ts";
import type { IncarnationRow } from "../ledger/rows.ts";
import type { Hello, TroubleKind } from "../protocol/messages.ts";
import type { LogicalClock } from "./logical_clock.ts";
import type { PrimaryNotice } from "./primary_events.ts";
import { RefusedServers } from "./refused_servers.ts";
import type { ForeignServer, RefusedServer, UnrecordedServer } from "./refused_servers.ts";

/** The LikesServers that a primary refuses now. */
export class RefusedPeers {
  readonly #clock: LogicalClock;
  readonly #foreign = new RefusedServers<ForeignServer>(({ ledgerId, fingerprint = "" }) => {
    return ledgerId ?? fingerprint;
  });
  #hasOtherLedger = false;
  readonly #unrecorded = new RefusedServers<UnrecordedServer>(({ kind }) => kind);

  constructor(clock: LogicalClock) {
    this.#clock = clock;
  }

  /** LikesServers that came recently and do not belong to this ledger. */
  get foreignServers(): readonly ForeignServer[] {
    return this.#foreign.servers;
  }

  /** Whether a LikesServer of another ledger has come since the start. */
  get hasOtherLedger(): boolean {
    return this.#hasOtherLedger;
  }

  /** LikesServers that came recently with a trouble that has no room. */
  get unrecorded(): readonly UnrecordedServer[] {
    return this.#unrecorded.servers;
  }

  /** Notes a Hello that names another ledger. Returns a notice when its sender is new. */
  noteOtherLedger(hello: Hello, nowMs: number): PrimaryNotice | undefined {
    const { seen } = hello;
    assert(seen !== undefined, "an outbox of another ledger has seen that ledger");
    this.#hasOtherLedger = true;
    return this.#noteForeign(hello, { ledgerId: seen.ledgerId, fingerprint: undefined }, nowMs);
  }

  /** Notes a Hello with another secret. Returns a notice when its sender is new. */
  noteOtherSecret(hello: Hello, nowMs: number): PrimaryNotice | undefined {
    const { fingerprint } = hello;
    return this.#noteForeign(hello, { ledgerId: undefined, fingerprint }, nowMs);
  }

  #noteForeign(
    hello: Hello,
    reason: Pick<ForeignServer, "ledgerId" | "fingerprint">,
    nowMs: number,
  ): PrimaryNotice | undefined {
    const sender = { ...this.#peer(hello, nowMs), ...reason };
    const server = this.#foreign.add(sender, nowMs);
    return server && { type: "foreign_server", server };
  }

  /**
   * Notes a trouble without room. Its command changed nothing, so the trouble is found again when
   * the LikesServer comes again. Returns a notice when the server is new.
   */
  noteUnrecorded(hello: Hello, kind: TroubleKind, nowMs: number): PrimaryNotice | undefined {
    const { incarnation } = hello;
    const sender = { ...this.#peer(hello, nowMs), incarnation, kind };
    const server = this.#unrecorded.add(sender, nowMs);
    return server && { type: "unrecorded", server };
  }

  /**
   * Notes that a report of an incarnation was recorded. Compares the incarnation, because one of
   * two copies of an outbox may be refused and the other not. Returns a notice when its server is
   * listed no longer.
   */
  noteRecorded({ incarnation, outboxId }: IncarnationRow): PrimaryNotice | undefined {
    if (!this.unrecorded.some((server) => server.incarnation === incarnation)) return undefined;
    this.#unrecorded.forget(outboxId);
    return { type: "unrecorded_gone" };
  }

  /** Forgets servers that have not come recently. Returns the notices of that. */
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
