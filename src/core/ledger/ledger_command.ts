/** What the primary asks of its ledger, and what came of it. */
import type { Refusal } from "../../errors.ts";
import type { DecisionRow, IncarnationRow, LedgerMeta, MemberRow, TroubleRow } from "./rows.ts";
import type { Hello, LikeBatch, Report, TroubleKind } from "../protocol/messages.ts";
import type { Digest, IncarnationId, OutboxId } from "../protocol/ids.ts";

/** Something to do to the ledger, on behalf of a stream where there is one. */
export type LedgerCommand =
  | { readonly type: "hello"; readonly streamId: number; readonly hello: Hello }
  | { readonly type: "report"; readonly streamId: number; readonly report: ReportCommand }
  | {
      readonly type: "batch";
      readonly streamId: number;
      readonly outboxId: OutboxId;
      readonly batch: LikeBatch;
    }
  | { readonly type: "advance"; readonly asOfMs: number }
  /** The first of an opening: whether the ledger is a copy is recorded before it serves. */
  | { readonly type: "record_copy" }
  /**
   * All members have answered, and so have those `departedMembers` that left since this start: a ledger that
   * was opened from a copy is as they know it, when it knows nobody else.
   */
  | { readonly type: "confirm_copy"; readonly departedMembers: readonly OutboxId[] }
  | {
      readonly type: "decide";
      readonly requestId: number;
      readonly decision: OperatorDecision;
    };

/** An operation as the ledger does it. */
export type OperatorDecision =
  | { readonly type: "retire"; readonly outboxId: OutboxId; readonly reason: string }
  | {
      readonly type: "resolve";
      readonly troubleNumber: number;
      readonly reason: string;
      /** Incarnations that have a stream now: nobody says of these that nothing more will come. */
      readonly streaming: readonly IncarnationId[];
    };

/** The incarnation that an outbox delivered last, and the highest sequence of it that was named. */
export interface HighestReported {
  readonly incarnation: IncarnationId;
  readonly sequence: number;
}

/** A report and who makes it. */
export interface ReportCommand {
  readonly outboxId: OutboxId;
  readonly serverId: string;
  readonly address: string;
  readonly report: Report;
  /** What this start of the primary had heard of its outbox before: nothing when undefined. */
  readonly highestReported: HighestReported | undefined;
}

/** What a command led to. Commands after a refused one of the same stream are not done. */
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
      readonly command: ReportCommand;
      readonly incarnation: IncarnationRow;
      /** Whether the outbox has left; otherwise it is a member. */
      readonly left: boolean;
      /** Those of the incarnations that it named in trouble, and about which it is decided. */
      readonly resolved: readonly IncarnationId[];
    }
  | { readonly type: "applied"; readonly streamId: number; readonly applied: AppliedBatch }
  | { readonly type: "duplicate"; readonly streamId: number; readonly incarnation: IncarnationRow }
  | {
      readonly type: "refused";
      readonly streamId: number;
      readonly refusal: Refusal;
      /** The kind of the trouble that has no room, where that is why. */
      readonly unrecorded?: TroubleKind;
    }
  | {
      readonly type: "decided";
      readonly requestId: number;
      readonly refusal: Refusal | undefined;
      /** What this operation decided. */
      readonly decisions: readonly DecisionRow[];
    };

/** An event and what it added to its item. */
export interface AppliedEvent {
  readonly itemId: string;
  readonly gained: bigint;
}

/** Events that were counted for the first time. */
export interface AppliedBatch {
  readonly incarnation: IncarnationRow;
  readonly serverId: string;
  readonly firstSequence: number;
  readonly events: readonly AppliedEvent[];
  /** The grand total before the first of them. */
  readonly totalBefore: bigint;
}

/**
 * A group of commands, done. `members` and `troubles` are those rows that it changed or added, and
 * `decisions` all that it decided.
 */
export interface CommitResult {
  readonly results: readonly LedgerResult[];
  readonly meta: LedgerMeta;
  readonly members: readonly MemberRow[];
  readonly troubles: readonly TroubleRow[];
  readonly decisions: readonly DecisionRow[];
}
