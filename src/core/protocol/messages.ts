/**
 * The messages of the delivery protocol as the core sees them. Their fields are documented in
 * `proto/likes/v1/primary_service.proto`; `rpc/wire/wire.ts` converts and checks them at the edge.
 */
import type { LikeRecord } from "./record.ts";
import type { Digest, GenerationId, IncarnationId, LedgerId, OutboxId } from "./ids.ts";

/** Opens a stream: who delivers, and what of it. */
export interface Hello {
  readonly type: "hello";
  readonly protocolVersion: number;
  readonly serverId: string;
  readonly address: string;
  readonly outboxId: OutboxId;
  readonly incarnation: IncarnationId;
  readonly acknowledgedSequence: number;
  /** What the outbox has last seen of its ledger; none before it hears that it is admitted. */
  readonly seen: LedgerSeen | undefined;
}

/** A ledger as an outbox has last seen it. */
export interface LedgerSeen {
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly version: number;
}

/** Records in order, from the one after the last that was sent. */
export interface LikeBatch {
  readonly type: "batch";
  readonly incarnation: IncarnationId;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly records: readonly LikeRecord[];
  readonly digest: Digest;
}

/** What a LikesServer knows at a label: the answer to a pulse. */
export interface Report {
  readonly type: "report";
  readonly incarnation: IncarnationId;
  readonly pulseMs: number;
  readonly lastSequence: number;
  readonly acceptedLikes: bigint;
  /**
   * Those of them that were acknowledged to this outbox, or are removed from it; 0 while it knows where
   * each of its incarnations ended.
   */
  readonly acknowledgedLikes: bigint;
  readonly final: boolean;
  readonly leaving: boolean;
  readonly otherPendingEvents: number;
  readonly shownVersion: number;
  readonly shownTotalLikes: bigint;
  readonly troubles: readonly ReportedTrouble[];
}

/** Every trouble that there is, as it is named in status, logs and health. */
export const TROUBLE_KINDS = [
  "second_incarnation",
  "closed_incarnation",
  "outbox_rolled_back",
  "digest_differs",
  "ledger_restored",
  "gap",
  "retired_returned",
] as const;

/** The kinds of trouble. */
export type TroubleKind = (typeof TROUBLE_KINDS)[number];

/** Events of an incarnation, from the first to the last, both included. */
export interface EventRange {
  readonly first: number;
  readonly last: number;
}

/** A sign that an outbox or the ledger forgot something. */
export interface Trouble {
  readonly kind: TroubleKind;
  /** Undefined when it is about no incarnation in particular. */
  readonly incarnation: IncarnationId | undefined;
  /** The events that it concerns; undefined when it is about none in particular. */
  readonly events: EventRange | undefined;
  /** Of a gap: the digest at its last event, from which delivery can go on. */
  readonly digest: Digest | undefined;
  /** For people. */
  readonly detail: string;
}

/** A trouble as a LikesServer reports it: it is always about one of its incarnations. */
export interface ReportedTrouble extends Trouble {
  readonly incarnation: IncarnationId;
}

/** Those fields of a trouble that is about no events in particular. */
export const NO_EVENTS = { events: undefined, digest: undefined } as const;

/** The events from `first` to `last`; undefined when there are none. */
export function eventRange(first: number, last: number): EventRange | undefined {
  return first <= last ? { first, last } : undefined;
}

/** Answers a Hello: where the ledger stands with this incarnation. */
export interface Welcome {
  readonly type: "welcome";
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly appliedSequence: number;
  readonly digest: Digest;
  readonly redeliver: boolean;
  readonly pulse: Pulse;
}

/** What the ledger has applied of an incarnation, and what it knows of the outbox. */
export interface Ack {
  readonly type: "ack";
  readonly incarnation: IncarnationId;
  readonly appliedSequence: number;
  readonly version: number;
  readonly closed: boolean;
  readonly admitted: boolean;
  readonly left: boolean;
  /** Those of the incarnations that the report named in trouble, and about which it is decided. */
  readonly resolved: readonly IncarnationId[];
}

/** How far the total has come. Values: Convergence in the proto. */
export type Convergence = "converged" | "catching_up" | "unknown";

/** The primary's clock and total, at the interval of pulses. */
export interface Pulse {
  readonly type: "pulse";
  readonly pulseMs: number;
  readonly generation: GenerationId;
  readonly version: number;
  readonly totalLikes: bigint;
  readonly asOfMs: number;
  readonly convergence: Convergence;
}

/** What each side of a delivery stream sends. */
export type FromLikesServer = Hello | LikeBatch | Report;
export type FromPrimary = Welcome | Ack | Pulse;
