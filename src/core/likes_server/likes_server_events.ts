/**
 * The interface between a LikesServer's state machine and its shell: events in, actions out. The
 * machine decides everything, and only the shell performs actions.
 */
import type { Refusal } from "../../errors.ts";
import type { AddRequest } from "./group_commit.ts";
import type { WishRequest } from "./wishes.ts";
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
import type { RegisterState } from "../protocol/register.ts";
import type { Fingerprint, IncarnationId } from "../protocol/ids.ts";

/** An event of a stream. A `streamId` is never reused. */
export type StreamEvent =
  | { readonly type: "read"; readonly streamId: number; readonly read: OutboxRead }
  | { readonly type: "received"; readonly streamId: number; readonly message: FromPrimary }
  | { readonly type: "broken"; readonly streamId: number; readonly reason: string }
  /** The transport's buffer is full, or has drained. */
  | { readonly type: "blocked"; readonly streamId: number }
  | { readonly type: "writable"; readonly streamId: number };

/** An event of a LikesServer. */
export type LikesServerEvent =
  | StreamEvent
  /** Requests that arrived together. Those that are accepted share one sync, if they fit a record. */
  | { readonly type: "add"; readonly adds: readonly (AddRequest | WishRequest)[] }
  | { readonly type: "count"; readonly query: CountsQuery }
  /** A fetch ended. `answer` is undefined when the primary did not answer. */
  | { readonly type: "counts_fetched"; readonly answer: CountsAnswer | undefined }
  /** The requested write is synced, or changed nothing. `state` is the outbox as it is now. */
  | { readonly type: "written"; readonly outcome: WriteOutcome; readonly state: OutboxSnapshot }
  /** Stop accepting and deliver the rest. With `leave`, also end the membership. */
  | { readonly type: "stop"; readonly leave: boolean }
  | { readonly type: "tick" };

/** What the shell must do, in order. */
export type LikesServerAction =
  /** Write all of `writes` in one synced transaction, and answer with `written`. One at a time. */
  | { readonly type: "write"; readonly writes: readonly OutboxWrite[] }
  /** Read records after `sequence`, within the bounds, and answer with `read`. */
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
  | { readonly type: "answer"; readonly requestId: number; readonly outcome: AddResult | SetResult }
  /** Ask the primary, within a bounded time, and answer with `counts_fetched`. One at a time. */
  | { readonly type: "fetch_counts"; readonly fetch: CountsFetch }
  | { readonly type: "counted"; readonly requestId: number; readonly outcome: CountsResult }
  /** Everything is delivered, and the outbox has left if `leave` was set. */
  | { readonly type: "stopped" }
  | { readonly type: "notice"; readonly notice: LikesServerNotice };

/** How a request to add likes ended. */
export type AddResult =
  | { readonly type: "accepted"; readonly incarnation: IncarnationId; readonly sequence: number }
  | { readonly type: "refused"; readonly refusal: Refusal };

/** How a request to set what a person gives ended. */
export type SetResult =
  /** A set with this state is on the disk. */
  | {
      readonly type: "stored";
      readonly incarnation: IncarnationId;
      readonly sequence: number;
      readonly state: RegisterState;
    }
  /** A wish changes nothing: the register has that state, in the ledger or in this outbox. */
  | { readonly type: "same"; readonly state: RegisterState }
  /** The outbox has a greater state of the register. Nothing was stored. */
  | { readonly type: "superseded"; readonly state: RegisterState }
  | { readonly type: "refused"; readonly refusal: Refusal };

/** How a query for counts ended. */
export type CountsResult =
  | { readonly type: "counted"; readonly counts: readonly CachedCount[] }
  | { readonly type: "refused"; readonly refusal: Refusal };

/** News for people, such as a log. */
export type LikesServerNotice =
  | {
      readonly type: "accepted";
      readonly firstSequence: number;
      readonly events: readonly LikeEvent[];
    }
  /** A stream is admitted, and lasts (see DeliverySession.becomeSteady). */
  | {
      readonly type: "connected";
      readonly incarnation: IncarnationId;
      readonly appliedSequence: number;
    }
  | { readonly type: "disconnected"; readonly reason: string; readonly attempts: number }
  | { readonly type: "membership"; readonly membership: Membership }
  /** The ledger has another version than at the pulse before. */
  | { readonly type: "ledger_changed"; readonly pulse: Pulse }
  | { readonly type: "trouble"; readonly trouble: ReportedTrouble }
  /** The first failed write of the outbox, and the first write that succeeds again. */
  | { readonly type: "store_failing"; readonly why: WriteFailure }
  | { readonly type: "store_recovered" };

/** The identity of a LikesServer, its bounds, and what it needs from outside. */
export interface LikesServerSettings {
  readonly serverId: string;
  /** Where it serves LikesService: `host:port`. */
  readonly address: string;
  /** Of the secret behind its pseudonyms. */
  readonly fingerprint: Fingerprint;
  /** Names the primary in messages. */
  readonly primary: string;
  readonly codec: RecordCodec;
  /** Returns an upper bound of a record's bytes on the disk, given the bytes of its events. */
  readonly recordDiskBytes: (eventBytes: number) => number;
  /** Returns 128 random bits as 32 lower-case hexadecimal digits. */
  readonly mintId: () => IncarnationId;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  /** Bytes on the disk for unacknowledged events; OUTBOX_BYTES_MAX by default. */
  readonly outboxBytesMax?: number;
  readonly retain: Retention;
}

/** How long acknowledged events are kept, for a ledger that is restored from a backup. */
export interface Retention {
  /** Milliseconds since the acknowledgement; a restart begins them anew. */
  readonly ageMs: number;
  /** The most bytes that they take on the disk. */
  readonly bytesMax: number;
  /**
   * The most closed incarnations with events that are kept, and as many idle ones;
   * RETAINED_INCARNATIONS_MAX by default.
   */
  readonly incarnationsMax?: number;
}

/** The total as this LikesServer shows it. */
export interface TotalView {
  readonly pulse: Pulse;
  readonly pulseAgeMs: number;
  /** Likes that this LikesServer accepted and that the total lacks. */
  readonly pendingLikes: bigint;
}
