/**
 * The interface of the outbox's store. Writes are data, so that any store can do several in one
 * transaction: all are synced, or none is.
 *
 * Acknowledged events are retained for a ledger that is restored from a backup. Only `trim` and
 * `evict` remove them, and both keep the position that they trim to: sequence, digest and likes. So
 * a ledger that has forgotten those events too is told which ones.
 *
 * A closed incarnation is kept even if it is idle, that is without events. An older ledger may have
 * it open, and would take the next one for a second copy. An `evict` that finds too many purges the
 * oldest, and keeps only the sums of their events and likes.
 */
import type { WriteFailure } from "../protocol/write_failure.ts";
import type { LedgerSeen, ReportedTrouble } from "../protocol/messages.ts";
import type { LikeRecord, Position } from "../protocol/record.ts";
import type { Fingerprint, IncarnationId, OutboxId } from "../protocol/ids.ts";

/**
 * The state of an outbox towards its ledger. Only a `member` accepts likes. A `leaving` one has
 * asked to leave, and may have left.
 */
export type Membership = "unregistered" | "member" | "leaving";

/** An incarnation in the outbox. */
export interface IncarnationState {
  readonly incarnation: IncarnationId;
  /** Every event up to here was acknowledged and removed. */
  readonly trimmed: Position;
  /** Every event up to here is acknowledged. Events between `trimmed` and here are retained. */
  readonly acknowledged: Position;
  /** The last synced event. */
  readonly last: Position;
  /** Whether its delivery is over: the events that remain are only retained. */
  readonly closed: boolean;
  /** Why its delivery waits for an operator; undefined when it is not parked. */
  readonly parked: ReportedTrouble | undefined;
}

/** Events and likes that an outbox has accepted. */
export interface Accepted {
  readonly events: number;
  readonly likes: bigint;
}

/** All of an outbox but its records. */
export interface OutboxSnapshot {
  readonly outboxId: OutboxId;
  readonly serverId: string;
  readonly membership: Membership;
  readonly seen: LedgerSeen | undefined;
  /** Of the secret with which it was first admitted; undefined before that. */
  readonly fingerprint: Fingerprint | undefined;
  /** Whether a redelivery to a restored ledger is under way. */
  readonly isRedelivering: boolean;
  /** Oldest first, without purged ones. */
  readonly incarnations: readonly IncarnationState[];
  /** The sums of the purged incarnations. */
  readonly purged: Accepted;
  /** The newest mark of a client; undefined before the first. */
  readonly mark: string | undefined;
  /** Upper bound of the bytes of its records on the disk. */
  readonly bytes: number;
  /** The part of `bytes` in acknowledged records and closed incarnations. */
  readonly retainedBytes: number;
}

/** Appends a record to the newest incarnation. */
export interface AppendWrite {
  readonly type: "append";
  readonly incarnation: IncarnationId;
  readonly record: LikeRecord;
  /** The position after the record. */
  readonly last: Position;
  /** Replaces the client's mark, at most MARK_CHARS_MAX characters; undefined keeps the old one. */
  readonly mark: string | undefined;
}

/** One change to an outbox. */
export type OutboxWrite =
  /** Begins an incarnation, the newest one. */
  | { readonly type: "mint"; readonly incarnation: IncarnationId }
  | AppendWrite
  /**
   * Records that the ledger has every event up to `upTo`, the end of a record. A lower `upTo` than
   * before changes nothing. `seen` is the ledger that acknowledged; undefined keeps the old one.
   */
  | {
      readonly type: "acknowledge";
      readonly incarnation: IncarnationId;
      readonly upTo: number;
      readonly seen: LedgerSeen | undefined;
    }
  /** Ends delivery and parking of an incarnation: its events count as acknowledged. */
  | { readonly type: "close"; readonly incarnation: IncarnationId }
  /** Removes acknowledged records up to and including `upTo`, the end of a record. */
  | { readonly type: "trim"; readonly incarnation: IncarnationId; readonly upTo: number }
  /**
   * Brings retained records and incarnations within the bounds. Purges the oldest closed
   * incarnations with their records, and idle ones that no ledger knows. Then removes acknowledged
   * records, oldest first. `closedMax` bounds closed incarnations with events, and closed idle
   * ones. Idle ones that wait may be one more.
   */
  | { readonly type: "evict"; readonly bytesMax: number; readonly closedMax: number }
  /**
   * The ledger `seen` may have forgotten everything. Nothing is closed or parked any more. Only
   * removed events count as acknowledged. All retained events are delivered again.
   */
  | { readonly type: "begin_redelivery"; readonly seen: LedgerSeen }
  /** The ledger has all retained events again. */
  | { readonly type: "end_redelivery" }
  | {
      readonly type: "park";
      readonly incarnation: IncarnationId;
      readonly trouble: ReportedTrouble;
    }
  | { readonly type: "unpark"; readonly incarnation: IncarnationId }
  /**
   * Undefined `seen` keeps the old one: a waiting write may bring a newer one. An admission brings
   * the fingerprint, which is the same for ever.
   */
  | {
      readonly type: "membership";
      readonly membership: Membership;
      readonly seen: LedgerSeen | undefined;
      readonly fingerprint?: Fingerprint;
    };

/** A position, and records after it. */
export interface OutboxRead {
  /** The requested position; undefined when it is not the end of a record that is still known. */
  readonly position: Position | undefined;
  /** The records that follow it, in order, within the requested bounds. */
  readonly records: readonly LikeRecord[];
  /** The position after the last of `records`; `position` when there are none. */
  readonly end: Position | undefined;
}

/**
 * How a write ended. A write with an unknown outcome throws LikesError `store_failed` instead: the
 * process must end.
 */
export type WriteOutcome = "done" | WriteFailure;

/** The store of a LikesServer. One process holds it at a time. */
export interface OutboxStore {
  load(): Promise<OutboxSnapshot>;
  /**
   * Does all of `writes` in order, in one synced transaction. After a WriteFailure nothing is
   * changed. Throws LikesError `store_failed`.
   */
  write(writes: readonly OutboxWrite[]): Promise<WriteOutcome>;
  /**
   * Reads the records after `sequence`: at least one, if there is one. It reads more, up to
   * `recordsMax`, while their events fit `bytesMax`.
   */
  read(
    incarnation: IncarnationId,
    sequence: number,
    bytesMax: number,
    recordsMax: number,
  ): Promise<OutboxRead>;
  /** The outbox as of the last commit. */
  readonly state: OutboxSnapshot;
  /** Returns an upper bound of a record's bytes on the disk, given the bytes of its events. */
  readonly recordDiskBytes: (eventBytes: number) => number;
  close(): void;
}

/** Returns the sums of all events and likes that an outbox has accepted, purged ones included. */
export function acceptedOf(
  purged: Accepted,
  incarnations: readonly { readonly last: Position }[],
): Accepted {
  let { events, likes } = purged;
  for (const { last } of incarnations) {
    events += last.sequence;
    likes += last.likes;
  }
  return { events, likes };
}
