/**
 * Both sorts of LikesServers that a primary refuses, and the notices about them. A notice is given
 * when one more comes, and when one is gone; not for each attempt.
 */
import { assert } from "../../assert.ts";
import type { IncarnationRow } from "../ledger/rows.ts";
import type { Hello, TroubleKind } from "../protocol/messages.ts";
import type { LogicalClock } from "./logical_clock.ts";
import type { PrimaryNotice } from "./primary_events.ts";
import { RefusedServers } from "./refused_servers.ts";
import type { ForeignServer, RefusedServer, UnrecordedServer } from "./refused_servers.ts";

/** All whom a primary refuses now. */
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
