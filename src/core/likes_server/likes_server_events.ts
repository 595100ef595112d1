/**
 * The interface between a LikesServer's state machine and its shell: events in, actions out. Only
 * the shell performs actions, and the machine decides everything.
 */
import type { Refusal } from "../../errors.ts";
import type { AddRequest } from "./group_commit.ts";
import type { CountsAnswer, CountsQuery, CountsFetch, CachedCount } from "./count_cache.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { FromLikesServer, FromPrimary, Pulse, ReportedTrouble } from "../protocol/messages.ts";
import type {
  Membership,
  OutboxRead,
  OutboxSnapshot,
  OutboxWrite,
  WriteOutcome,
} from "./outbox.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import type { RecordCodec } from "../protocol/record.ts";
import type { Id, IncarnationId } from "../protocol/ids.ts";

/** What happens on a stream. `streamId` names one stream for ever. */
export type StreamEvent =
  | { readonly type: "read"; readonly streamId: number; readonly read: OutboxRead }
  | { readonly type: "received"; readonly streamId: number; readonly message: FromPrimary }
  | { readonly type: "broken"; readonly streamId: number; readonly reason: string }
  /** The transport's buffer is full, or has drained. */
  | { readonly type: "blocked"; readonly streamId: number }
  | { readonly type: "writable"; readonly streamId: number };

/** What happens to a LikesServer. */
export type LikesServerEvent =
  | StreamEvent
  | { readonly type: "add"; readonly add: AddRequest }
  | { readonly type: "count"; readonly query: CountsQuery }
  /** The fetch ended; `answer` is undefined when the primary did not answer. */
  | { readonly type: "counts_fetched"; readonly answer: CountsAnswer | undefined }
  /**
   * The write that was asked for is synced, or was not done; `state` is the outbox as it is now.
   */
  | { readonly type: "written"; readonly outcome: WriteOutcome; readonly state: OutboxSnapshot }
  /** Stop accepting, deliver, and leave the ledger's members or stay one. */
  | { readonly type: "stop"; readonly leave: boolean }
  | { readonly type: "tick" };

/** What a LikesServer must do, in order. */
export type LikesServerAction =
  /** Write all in one transaction, sync it, and answer with `written`. One at a time. */
  | { readonly type: "write"; readonly writes: readonly OutboxWrite[] }
  /** Read the outbox after `sequence`, and answer with `read`. */
  | {
      readonly type: "read";
      readonly streamId: number;
      readonly incarnation: IncarnationId;
      readonly sequence: number;
      readonly bytesMax: number;
      readonly recordsMax: number;
    }
  | { readonly type: "connect"; readonly streamId: number }
  | { readonly type: "send"; readonly streamId: number; readonly message: FromLikesServer }
  | { readonly type: "disconnect"; readonly streamId: number }
  | { readonly type: "answer"; readonly requestId: number; readonly outcome: AddResult }
  /**
   * Ask the primary, within a bounded time, and answer with `counts_fetched`. One question at a
   * time.
   */
  | { readonly type: "fetch_counts"; readonly fetch: CountsFetch }
  | { readonly type: "counted"; readonly requestId: number; readonly outcome: CountsResult }
  /** All is delivered, and left if that was asked for. */
  | { readonly type: "stopped" }
  | { readonly type: "notice"; readonly notice: LikesServerNotice };

/** How a request to add likes ended. */
export type AddResult =
  | { readonly type: "accepted"; readonly incarnation: IncarnationId; readonly sequence: number }
  | { readonly type: "refused"; readonly refusal: Refusal };

/** How a query for counts ended. */
export type CountsResult =
  | { readonly type: "counted"; readonly counts: readonly CachedCount[] }
  | { readonly type: "refused"; readonly refusal: Refusal };

/** What a person may want to know. */
export type LikesServerNotice =
  | {
      readonly type: "accepted";
      readonly firstSequence: number;
      readonly events: readonly LikeEvent[];
    }
  /** The ledger has taken a report, and after a failure has been written since. */
  | {
      readonly type: "connected";
      readonly incarnation: IncarnationId;
      readonly appliedSequence: number;
    }
  | { readonly type: "disconnected"; readonly reason: string; readonly attempts: number }
  | { readonly type: "membership"; readonly membership: Membership }
  | { readonly type: "total"; readonly pulse: Pulse }
  | { readonly type: "trouble"; readonly trouble: ReportedTrouble }
  /** Once an outage: the outbox cannot be written, and then that it was. */
  | { readonly type: "store_failing"; readonly why: WriteFailure }
  | { readonly type: "store_recovered" };

/** Who a LikesServer is, and what it takes from outside. */
export interface LikesServerSettings {
  readonly serverId: string;
  /** Where it serves LikesService: `host:port`. */
  readonly address: string;
  /** Names the primary in messages. */
  readonly primary: string;
  readonly codec: RecordCodec;
  /**
   * The store's upper bound of the bytes that a record takes on its disk, by those of its events.
   */
  readonly recordDiskBytes: (eventBytes: number) => number;
  /** 128 random bits as 32 hexadecimal digits. */
  readonly mintId: () => Id;
  /** In [0, 1). */
  readonly random: () => number;
  /** Bytes of the disk for what is not acknowledged; OUTBOX_BYTES_MAX by default. */
  readonly outboxBytesMax?: number;
  readonly retain: Retention;
}

/** For how long acknowledged events are kept, for a ledger that has to have them again. */
export interface Retention {
  /** Milliseconds from the acknowledgement on; a restart begins them anew. */
  readonly ageMs: number;
  /** Bytes on the disk that they take at the most. */
  readonly bytesMax: number;
  /**
   * Closed incarnations that are kept at the most, and as many idle ones;
   * RETAINED_INCARNATIONS_MAX by default.
   */
  readonly incarnationsMax?: number;
}

/** This LikesServer's view of the total. */
export interface TotalView {
  readonly pulse: Pulse;
  readonly pulseAgeMs: number;
  /** Likes that it accepted and that are not in the total. */
  readonly pendingLikes: bigint;
}
