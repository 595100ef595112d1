/** The commands that change the ledger, and their results. */
import type { Refusal } from "../../errors.ts";
import type {
  ForgottenPerson,
  DecisionRow,
  IncarnationRow,
  LedgerMeta,
  MemberRow,
  TroubleRow,
} from "./rows.ts";
import type { Hello, LikeBatch, Report, TroubleKind } from "../protocol/messages.ts";
import type { Digest, Fingerprint, IncarnationId, OutboxId } from "../protocol/ids.ts";
import type { EventRange } from "../protocol/record.ts";

/** A command to the ledger. `streamId` names the stream that it belongs to. */
export type LedgerCommand =
  | { readonly type: "hello"; readonly streamId: number; readonly hello: Hello }
  | { readonly type: "report"; readonly streamId: number; readonly report: SentReport }
  | {
      readonly type: "batch";
      readonly streamId: number;
      readonly outboxId: OutboxId;
      readonly batch: LikeBatch;
    }
  | { readonly type: "advance"; readonly asOfMs: number }
  /** The first command of an opening: a ledger from a backup records that before it serves. */
  | { readonly type: "record_copy" }
  /**
   * All members have answered, and so had the `departedMembers`, which left since this start. That
   * confirms a ledger from a backup, unless other outboxes have left it.
   */
  | { readonly type: "confirm_copy"; readonly departedMembers: readonly OutboxId[] }
  /** A restored ledger forgets again whom it had forgotten since its backup. */
  | ({ readonly type: "forget" } & ForgottenPerson)
  | {
      readonly type: "decide";
      readonly requestId: number;
      readonly decision: OperatorDecision;
    };

/** What an operator decides, as a command to the ledger. */
export type OperatorDecision =
  | { readonly type: "retire"; readonly outboxId: OutboxId; readonly reason: string }
  | {
      readonly type: "resolve";
      readonly troubleNumber: number;
      readonly reason: string;
      /** Incarnations that stream now. None of them is retired. */
      readonly streaming: readonly IncarnationId[];
    };

/** The incarnation that an outbox delivered last, and its highest reported sequence. */
export interface HighestReported {
  readonly incarnation: IncarnationId;
  readonly sequence: number;
}

/** A report and its sender. */
export interface SentReport {
  readonly outboxId: OutboxId;
  readonly serverId: string;
  readonly address: string;
  readonly fingerprint: Fingerprint;
  readonly report: Report;
  /** What the outbox had reported to this start of the primary before; undefined for nothing. */
  readonly highestReported: HighestReported | undefined;
}

/** The result of a command. Commands after a refused one of the same stream have none. */
export type LedgerResult =
  | {
      readonly type: "welcome";
      readonly streamId: number;
      readonly appliedSequence: number;
      readonly digest: Digest;
      readonly redeliver: boolean;
    }
  | {
      readonly type: "reported";
      readonly streamId: number;
      readonly command: SentReport;
      readonly incarnation: IncarnationRow;
      /** Whether the outbox has left; otherwise it is a member. */
      readonly left: boolean;
      /** Incarnations in the report's troubles whose trouble is over. */
      readonly resolved: readonly IncarnationId[];
    }
  | { readonly type: "applied"; readonly streamId: number; readonly applied: AppliedBatch }
  | { readonly type: "duplicate"; readonly streamId: number; readonly incarnation: IncarnationRow }
  | {
      readonly type: "refused";
      readonly streamId: number;
      readonly refusal: Refusal;
      /** The kind of the trouble that has no room, if that is the reason. */
      readonly unrecorded?: TroubleKind;
    }
  | {
      readonly type: "decided";
      readonly requestId: number;
      readonly refusal: Refusal | undefined;
      /** What this request decided, in order. */
      readonly decisions: readonly DecisionRow[];
    };

/**
 * What became of an applied event. `counted`: it changed something. `same`: a register has this
 * state already. `superseded`: it has a greater one. `repeated`: the operation has counted before.
 * `forgotten`: the person is.
 */
export type EventOutcome = "counted" | "same" | "superseded" | "repeated" | "forgotten";

/** An event and what it added to its item. */
export interface AppliedEvent {
  readonly itemId: string;
  /** Below 0 when a person took back likes. */
  readonly gained: bigint;
  readonly outcome: EventOutcome;
}

/** Events that were applied for the first time. */
export interface AppliedBatch {
  readonly incarnation: IncarnationRow;
  readonly serverId: string;
  readonly events: EventRange;
  /** What became of each of them, in order. */
  readonly outcomes: readonly AppliedEvent[];
  /** The grand total before the first of them. */
  readonly totalBefore: bigint;
}

/**
 * The result of a commit. `members` are the rows that it changed, `troubles` and `decisions` those
 * that it added.
 */
export interface CommitResult {
  readonly results: readonly LedgerResult[];
  readonly meta: LedgerMeta;
  readonly members: readonly MemberRow[];
  readonly troubles: readonly TroubleRow[];
  readonly decisions: readonly DecisionRow[];
}
