/**
 * The messages of the delivery protocol, as the core sees them. Fields are documented in
 * `proto/likes/v1/primary_service.proto`; `rpc/wire/wire.ts` converts and checks them at the edge.
 */
import type { EventRange, LikeRecord } from "./record.ts";
import type {
  Digest,
  Fingerprint,
  GenerationId,
  IncarnationId,
  LedgerId,
  OutboxId,
} from "./ids.ts";

/** Opens a stream: names the outbox, and the incarnation to deliver. */
export interface Hello {
  readonly type: "hello";
  readonly protocolVersion: number;
  readonly serverId: string;
  readonly address: string;
  readonly outboxId: OutboxId;
  readonly incarnation: IncarnationId;
  readonly acknowledgedSequence: number;
  /** The ledger as the outbox last saw it; undefined before the outbox is admitted. */
  readonly seen: LedgerSeen | undefined;
  /** Of the secret behind the pseudonyms in its events. */
  readonly fingerprint: Fingerprint;
}

/** A ledger as an outbox last saw it. */
export interface LedgerSeen {
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly version: number;
}

/** Whole records in order. The first one follows the last record that was sent. */
export interface LikeBatch {
  readonly type: "batch";
  readonly incarnation: IncarnationId;
  readonly events: EventRange;
  readonly records: readonly LikeRecord[];
  readonly digest: Digest;
}

/** The answer to a pulse: what is on the outbox's disk at that pulse time. */
export interface Report {
  readonly type: "report";
  readonly incarnation: IncarnationId;
  readonly pulseMs: number;
  readonly lastSequence: number;
  readonly acceptedLikes: bigint;
  /**
   * Accepted events that were acknowledged or removed. 0 while the outbox has purged nothing: it
   * still knows where each of its incarnations ended.
   */
  readonly acknowledgedEvents: number;
  readonly final: boolean;
  readonly leaving: boolean;
  readonly otherPendingEvents: number;
  readonly shownVersion: number;
  readonly shownTotalLikes: bigint;
  readonly troubles: readonly ReportedTrouble[];
}

/** Returns the last event that a message says is on the outbox's disk. */
export function lastSequenceOf(message: LikeBatch | Report): number {
  return message.type === "batch" ? message.events.last : message.lastSequence;
}

/** Every kind of trouble, as status, logs and health name it. */
export const TROUBLE_KINDS = [
  "second_incarnation",
  "closed_incarnation",
  "outbox_rolled_back",
  "digest_differs",
  "ledger_restored",
  "gap",
  "retired_returned",
] as const;

/** A kind of trouble. */
export type TroubleKind = (typeof TROUBLE_KINDS)[number];

/** A sign that a store forgot something. */
export interface Trouble {
  readonly kind: TroubleKind;
  /** Undefined when no particular incarnation is concerned. */
  readonly incarnation: IncarnationId | undefined;
  /** The events concerned; undefined when no range is known. */
  readonly events: EventRange | undefined;
  /** For a gap: the digest at its last event, after which delivery can continue. */
  readonly digest: Digest | undefined;
  /** An explanation for people. */
  readonly detail: string;
}

/** A trouble as a LikesServer reports it: always about one of its incarnations. */
export interface ReportedTrouble extends Trouble {
  readonly incarnation: IncarnationId;
}

/** The fields of a trouble without a range of events. */
export const NO_EVENTS = { events: undefined, digest: undefined } as const;

/** Answers a Hello: how far the ledger has applied the incarnation. */
export interface Welcome {
  readonly type: "welcome";
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly appliedSequence: number;
  readonly digest: Digest;
  readonly redeliver: boolean;
  readonly pulse: Pulse;
}

/** How far the ledger has applied an incarnation, and the membership of its outbox. */
export interface Ack {
  readonly type: "ack";
  readonly incarnation: IncarnationId;
  readonly appliedSequence: number;
  readonly version: number;
  readonly closed: boolean;
  readonly admitted: boolean;
  readonly left: boolean;
  /** Incarnations in the report's troubles whose trouble is over. */
  readonly resolved: readonly IncarnationId[];
}

/** How complete the total is. Values: Convergence in the proto. */
export type Convergence = "converged" | "catching_up" | "unknown";

/** The heartbeat of the primary: its logical clock and its total. */
export interface Pulse {
  readonly type: "pulse";
  readonly pulseMs: number;
  readonly generation: GenerationId;
  readonly version: number;
  readonly totalLikes: bigint;
  readonly asOfMs: number;
  readonly convergence: Convergence;
}

/** The messages that each side of a delivery stream sends. */
export type FromLikesServer = Hello | LikeBatch | Report;
export type FromPrimary = Welcome | Ack | Pulse;
