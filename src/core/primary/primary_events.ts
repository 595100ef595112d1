/** What happens to the primary's state machine, and what it asks for: the language of its shell. */
import type { Refusal } from "../../errors.ts";
import type { CommitOutcome, OpeningEnd } from "../ledger/ledger.ts";
import type { DecisionRow, MemberRow } from "../ledger/rows.ts";
import type { AppliedBatch, CommitResult, LedgerCommand } from "../ledger/ledger_command.ts";
import type { Convergence, FromLikesServer, FromPrimary, Hello } from "../protocol/messages.ts";
import type { ForeignServer, UnrecordedServer } from "./refused_servers.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import type { TroubleStatus } from "./status.ts";
import type { CountsAction, CountsAsked, CountsWereRead } from "./counts_reader.ts";

/** What happens to a primary. `streamId` names one stream for ever. */
export type PrimaryEvent =
  | { readonly type: "opened"; readonly streamId: number }
  | { readonly type: "received"; readonly streamId: number; readonly message: FromLikesServer }
  | { readonly type: "closed"; readonly streamId: number }
  /** The transport's buffer is full, or has drained. */
  | { readonly type: "blocked"; readonly streamId: number }
  | { readonly type: "writable"; readonly streamId: number }
  /** The commit that was asked for is synced, or was not done. */
  | { readonly type: "committed"; readonly outcome: WrittenOutcome }
  /** An operator decides something; answered by `decided`. */
  | { readonly type: "decide"; readonly requestId: number; readonly request: OperatorRequest }
  | CountsAsked
  | CountsWereRead
  | { readonly type: "tick" };

/** How a commit ended after which the opening of the ledger goes on. */
export type WrittenOutcome = Exclude<CommitOutcome<CommitResult>, OpeningEnd>;

/** What an operator can decide. `reason` is in the operator's own words, and may be empty. */
export type OperatorRequest =
  /**
   * Ends a member that will not return, by its outbox id, or by its server id where only one has
   * it.
   */
  | { readonly type: "retire"; readonly server: string; readonly reason: string }
  /** Ends the trouble of that number. */
  | { readonly type: "resolve"; readonly troubleNumber: number; readonly reason: string };

/** How an operation ended. */
export type OperatorResult =
  | { readonly type: "decided"; readonly decisions: readonly DecisionRow[] }
  | { readonly type: "refused"; readonly refusal: Refusal };

/** What a primary must do, in order. */
export type PrimaryAction =
  /** Run the group in one transaction, sync it, and answer with `committed`. One at a time. */
  | { readonly type: "commit"; readonly commands: readonly LedgerCommand[] }
  | { readonly type: "send"; readonly streamId: number; readonly message: FromPrimary }
  | { readonly type: "end"; readonly streamId: number; readonly refusal: Refusal }
  /** Stop reading from the stream, or go on: the sender is held back by flow control. */
  | { readonly type: "pause" | "resume"; readonly streamId: number }
  | { readonly type: "decided"; readonly requestId: number; readonly outcome: OperatorResult }
  | CountsAction
  | { readonly type: "notice"; readonly notice: PrimaryNotice };

/** What a person may want to know. */
export type PrimaryNotice =
  /** A report of it is in the ledger. */
  | { readonly type: "connected"; readonly hello: Hello; readonly appliedSequence: number }
  /** Also of one that never was: it is refused, and comes again. */
  | { readonly type: "disconnected"; readonly hello: Hello; readonly reason: string }
  /** Of a stream that did not say who it is. */
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
  /** Once an outage: the ledger cannot be written, and then that it was. */
  | { readonly type: "store_failing"; readonly why: WriteFailure }
  | { readonly type: "store_recovered" };

/** The times of a start: by the monotonic clock and by the wall clock, in milliseconds. */
export interface StartTimes {
  readonly monotonicMs: number;
  readonly wallMs: number;
}
