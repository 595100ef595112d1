/** The interface between the primary's state machine and its shell: events in, actions out. */
import type { Refusal } from "../../errors.ts";
import type { CommitOutcome, OpeningEnd } from "../ledger/ledger.ts";
import type { DecisionRow, MemberRow } from "../ledger/rows.ts";
import type { AppliedBatch, CommitResult, LedgerCommand } from "../ledger/ledger_command.ts";
import type { Convergence, FromLikesServer, FromPrimary, Hello } from "../protocol/messages.ts";
import type { ForeignServer, UnrecordedServer } from "./refused_servers.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import type { TroubleStatus } from "./status.ts";
import type { CountsAction, CountsRequested } from "./counts_reader.ts";
import type { CountsReadDone, CountsReadFailed } from "./counts_reader.ts";

/** An event of a primary. A `streamId` is never reused. */
export type PrimaryEvent =
  | { readonly type: "opened"; readonly streamId: number }
  | { readonly type: "received"; readonly streamId: number; readonly message: FromLikesServer }
  | { readonly type: "closed"; readonly streamId: number }
  /** The transport's buffer is full, or has drained. */
  | { readonly type: "blocked"; readonly streamId: number }
  | { readonly type: "writable"; readonly streamId: number }
  /** The requested commit has ended, after `tookMs`: it is synced, changed nothing, or failed. */
  | { readonly type: "committed"; readonly outcome: WrittenOutcome; readonly tookMs: number }
  /** A request of an operator; answered by `decided`. */
  | { readonly type: "decide"; readonly requestId: number; readonly request: OperatorRequest }
  | CountsRequested
  | CountsReadDone
  | CountsReadFailed
  | { readonly type: "tick" };

/** How a commit ended, if the opening of the ledger continues after it. */
export type WrittenOutcome = Exclude<CommitOutcome<CommitResult>, OpeningEnd>;

/** A request of an operator. `reason` is in the operator's own words; may be empty. */
export type OperatorRequest =
  /**
   * Ends a member that will not return. `server` is its outbox id, or its server id if that is
   * unique.
   */
  | { readonly type: "retire"; readonly server: string; readonly reason: string }
  /** Ends a trouble, by its number. */
  | { readonly type: "resolve"; readonly troubleNumber: number; readonly reason: string };

/** How a request of an operator ended. */
export type OperatorResult =
  | { readonly type: "decided"; readonly decisions: readonly DecisionRow[] }
  | { readonly type: "refused"; readonly refusal: Refusal };

/** What the shell must do, in order. */
export type PrimaryAction =
  /** Run `commands` in one synced transaction, and answer with `committed`. One at a time. */
  | { readonly type: "commit"; readonly commands: readonly LedgerCommand[] }
  | { readonly type: "send"; readonly streamId: number; readonly message: FromPrimary }
  | { readonly type: "end"; readonly streamId: number; readonly refusal: Refusal }
  /** Stop reading from the stream, or read again: flow control of its sender. */
  | { readonly type: "pause" | "resume"; readonly streamId: number }
  | { readonly type: "decided"; readonly requestId: number; readonly outcome: OperatorResult }
  | CountsAction
  | { readonly type: "notice"; readonly notice: PrimaryNotice };

/** An event that people read, for example in the log. */
export type PrimaryNotice =
  /** A report of the LikesServer is in the ledger. */
  | { readonly type: "connected"; readonly hello: Hello; readonly appliedSequence: number }
  /** A stream with a Hello ended, even if it was never `connected`. */
  | { readonly type: "disconnected"; readonly hello: Hello; readonly reason: string }
  /** The primary ended a stream without a Hello. */
  | { readonly type: "ended"; readonly reason: string }
  | { readonly type: "applied"; readonly applied: AppliedBatch }
  | { readonly type: "member"; readonly member: MemberRow }
  | { readonly type: "trouble"; readonly trouble: TroubleStatus }
  | { readonly type: "decision"; readonly decision: DecisionRow }
  | { readonly type: "foreign_server"; readonly server: ForeignServer }
  | { readonly type: "foreign_server_gone" }
  | { readonly type: "unrecorded"; readonly server: UnrecordedServer }
  | { readonly type: "unrecorded_gone" }
  | { readonly type: "convergence"; readonly convergence: Convergence; readonly totalLikes: bigint }
  /** Commits fail since this one, or fail for another reason than before. */
  | { readonly type: "store_failing"; readonly why: WriteFailure }
  /** The newest commit succeeded, after one that failed. */
  | { readonly type: "store_recovered" };

/** The time of a start, in milliseconds by both clocks. */
export interface StartTimes {
  readonly monotonicMs: number;
  readonly wallMs: number;
}
