/**
 * What a LikesServer keeps on its disk. Writes are data, so that several of them are one
 * transaction on any store: all are synced, or none is.
 *
 * Acknowledged events are kept for a while, so that a ledger that was restored from an old copy can
 * have them again. They leave by `trim` and `evict` alone, which keep the position that they trim
 * to: sequence, digest and likes. So a ledger that has forgotten them too is told which ones. Also
 * an idle incarnation, in which nothing was accepted, is kept when it is closed: an older ledger
 * may have it open, and would take the next one for that of a copy. When an `evict` finds too many,
 * the oldest are purged: of these only the number of events and of likes is kept.
 */
import type { WriteFailure } from "../protocol/write_failure.ts";
import type { LedgerSeen, ReportedTrouble } from "../protocol/messages.ts";
import type { LikeRecord, Position } from "../protocol/record.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";

/**
 * Whether the ledger waits for the outbox. Only a `member` may accept. One that is `leaving` has
 * asked to leave, and may have left.
 */
export type Membership = "unregistered" | "member" | "leaving";

/** One incarnation that the outbox knows. */
export interface IncarnationState {
  readonly incarnation: IncarnationId;
  /** Everything up to here was acknowledged and removed. */
  readonly trimmed: Position;
  /** Everything up to here was acknowledged: what lies between is retained. */
  readonly acknowledged: Position;
  /** The last event that is synced. */
  readonly last: Position;
  /** Whether nothing of it is to be delivered any more: what it holds is only retained. */
  readonly closed: boolean;
  /** Why it is not delivered any further; it stays until an operator decides. */
  readonly parked: ReportedTrouble | undefined;
}

/** Events and likes that an outbox has accepted. */
export interface Accepted {
  readonly events: number;
  readonly likes: bigint;
}

/** An outbox as it is read at a start. */
export interface OutboxSnapshot {
  readonly outboxId: OutboxId;
  readonly serverId: string;
  readonly membership: Membership;
  readonly seen: LedgerSeen | undefined;
  /** Whether a ledger that forgot is getting everything again that this outbox retains. */
  readonly isRedelivering: boolean;
  /** Oldest first. Purged ones are not listed. */
  readonly incarnations: readonly IncarnationState[];
  /** What purged incarnations had accepted. */
  readonly purged: Accepted;
  /** The newest mark of a client; undefined before the first. */
  readonly mark: string | undefined;
  /** Bytes that its records take on the disk, at the most. */
  readonly bytes: number;
  /** Those of `bytes` that are of records that are acknowledged, or of a closed incarnation. */
  readonly retainedBytes: number;
}

/** Adds a record after the last one of the incarnation. */
export interface AppendWrite {
  readonly type: "append";
  readonly incarnation: IncarnationId;
  readonly record: LikeRecord;
  /** The position after the record. */
  readonly last: Position;
  /** Replaces the mark, at most MARK_CHARS_MAX long; undefined leaves the mark as it is. */
  readonly mark: string | undefined;
}

/** One change to an outbox. */
export type OutboxWrite =
  /** Begins an incarnation. It becomes the newest one. */
  | { readonly type: "mint"; readonly incarnation: IncarnationId }
  | AppendWrite
  /**
   * Everything up to `upTo`, the end of a record, is in the ledger; `seen` is how new a ledger said
   * so, and is left as it is when undefined. Going back changes nothing.
   */
  | {
      readonly type: "acknowledge";
      readonly incarnation: IncarnationId;
      readonly upTo: number;
      readonly seen: LedgerSeen | undefined;
    }
  /** It is not delivered any more, and not parked: what it holds is as good as acknowledged. */
  | { readonly type: "close"; readonly incarnation: IncarnationId }
  /** Removes acknowledged records up to and with `upTo`, which is the end of a record. */
  | { readonly type: "trim"; readonly incarnation: IncarnationId; readonly upTo: number }
  /**
   * Purges the oldest closed incarnations with their records, and idle ones that no ledger knows
   * of; removes acknowledged records, the oldest first, until what is left is within the bounds.
   * `closedMax` holds for closed incarnations with events, for closed idle ones, and, but for one,
   * for idle ones that wait.
   */
  | { readonly type: "evict"; readonly bytesMax: number; readonly closedMax: number }
  /**
   * The ledger, as it is seen now, may have forgotten everything: nothing is acknowledged, closed
   * or parked any more, but for what is removed. Everything is delivered again from here on.
   */
  | { readonly type: "begin_redelivery"; readonly seen: LedgerSeen }
  /** The ledger has again what was retained for it. */
  | { readonly type: "end_redelivery" }
  | {
      readonly type: "park";
      readonly incarnation: IncarnationId;
      readonly trouble: ReportedTrouble;
    }
  | { readonly type: "unpark"; readonly incarnation: IncarnationId }
  /** `seen` is left as it is when undefined: a write that waits may bring a newer one. */
  | {
      readonly type: "membership";
      readonly membership: Membership;
      readonly seen: LedgerSeen | undefined;
    };

/** Records after a position, and that position. */
export interface OutboxRead {
  /** The position asked for; undefined when it is not the end of a record that is still known. */
  readonly position: Position | undefined;
  /** What follows it, in order, within the bounds that were asked for. */
  readonly records: readonly LikeRecord[];
  /** The position after the last of `records`; the same as `position` when there are none. */
  readonly end: Position | undefined;
}

/** How a write ended. A write in doubt throws LikesError `store_failed`: the process must go. */
export type WriteOutcome = "done" | WriteFailure;

/** A LikesServer's disk. One process holds it at a time. */
export interface OutboxStore {
  load(): Promise<OutboxSnapshot>;
  /**
   * All of `writes` in order, in one synced transaction. An outcome of WriteFailure changed
   * nothing.
   */
  write(writes: readonly OutboxWrite[]): Promise<WriteOutcome>;
  /** At least one record if there is one after `sequence`, then more while they fit `bytesMax`. */
  read(
    incarnation: IncarnationId,
    sequence: number,
    bytesMax: number,
    recordsMax: number,
  ): Promise<OutboxRead>;
  /** The outbox as it was last committed. */
  readonly state: OutboxSnapshot;
  /** Upper bound of the bytes that a record takes on the disk, by the bytes of its events. */
  readonly recordDiskBytes: (eventBytes: number) => number;
  close(): void;
}

/** Returns all that an outbox has accepted, in purged incarnations and in the others. */
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
