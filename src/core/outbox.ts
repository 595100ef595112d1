/**
 * What a LikesServer keeps on its disk. The writes are data, so that a group of them is one
 * transaction on any store: all of it is synced, or none of it is.
 *
 * Acknowledged events leave the outbox by `trim` alone, which keeps the position that it trims to:
 * sequence, digest and likes. What was accepted stays countable after the events are gone.
 */
// tidy: no test because it is nearly all types; outbox_acceptance.ts holds what they promise
import type { LedgerSeen, Trouble } from "./messages.ts";
import type { Id, LikeRecord, Position } from "./record.ts";

/**
 * Whether the ledger knows the outbox. `stranger` may not accept; `member` may; `leaving` has asked
 * to leave and may have left, so it may not accept either.
 */
export type Membership = "stranger" | "member" | "leaving";

/** How far a generator has come. It is stored with the event that it gave. */
export interface GeneratorMark {
  /** Start of the run by the machine's monotonic clock, in milliseconds: names the run. */
  readonly startMs: number;
  /** The last tick that was given, from 1. */
  readonly tick: number;
  /** Events that generators gave to this outbox in all runs. */
  readonly events: number;
}

/** One life of a LikesServer on its outbox, not closed yet. */
export interface IncarnationState {
  readonly incarnation: Id;
  /** Everything up to here was acknowledged and removed. */
  readonly trimmed: Position;
  /** The last event that is synced. */
  readonly last: Position;
  /** Why it is not delivered any further; it stays until an operator decides. */
  readonly parked: Trouble | undefined;
}

/** Events and likes that an outbox has accepted. */
export interface Accepted {
  readonly events: number;
  readonly likes: bigint;
}

/** An outbox as it is read at a start. */
export interface OutboxSnapshot {
  readonly outboxId: Id;
  readonly serverId: string;
  readonly membership: Membership;
  readonly seen: LedgerSeen | undefined;
  /** Oldest first; closed ones are not listed. */
  readonly incarnations: readonly IncarnationState[];
  /** What the closed incarnations had accepted. */
  readonly closed: Accepted;
  readonly generator: GeneratorMark | undefined;
  /** Bytes that its records take on the disk, at the most. */
  readonly bytes: number;
}

/** One change to an outbox. */
export type OutboxWrite =
  /** Begins an incarnation. It becomes the newest one. */
  | { readonly type: "mint"; readonly incarnation: Id }
  /** Adds a record after the last one of the incarnation; `last` is the position after it. */
  | {
      readonly type: "append";
      readonly incarnation: Id;
      readonly record: LikeRecord;
      readonly last: Position;
      readonly generator: GeneratorMark | undefined;
    }
  /** Removes records up to and with `upTo`, which is the end of a record. */
  | { readonly type: "trim"; readonly incarnation: Id; readonly upTo: number }
  /** Removes an incarnation that holds no event, and keeps what it had accepted. */
  | { readonly type: "close"; readonly incarnation: Id }
  | { readonly type: "park"; readonly incarnation: Id; readonly trouble: Trouble }
  /** `seen` is forgotten when it is undefined. */
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

/** Why a store wrote nothing: `refused` for want of space, or `busy`, another program writes to it. */
export type Unwritten = "refused" | "busy";

/** How a write ended. A write in doubt throws LikesError `store_in_doubt`: the process must go. */
export type WriteOutcome = "done" | Unwritten;

/** A LikesServer's disk. One process holds it at a time. */
export interface OutboxStore {
  load(): Promise<OutboxSnapshot>;
  /** All of `writes` in order, in one synced transaction. An outcome of Unwritten changed nothing. */
  write(writes: readonly OutboxWrite[]): Promise<WriteOutcome>;
  /** At least one record if there is one after `sequence`, then more while they fit `bytesMax`. */
  read(
    incarnation: Id,
    sequence: number,
    bytesMax: number,
    recordsMax: number,
  ): Promise<OutboxRead>;
  /** Bytes that its records take on the disk now, at the most: `recordDiskBytes`, summed. */
  readonly bytes: number;
  close(): void;
}

/** Everything that an outbox has accepted: in incarnations that are closed, and in the others. */
export function acceptedOf(
  closed: Accepted,
  incarnations: readonly { readonly last: Position }[],
): Accepted {
  let { events, likes } = closed;
  for (const { last } of incarnations) {
    events += last.sequence;
    likes += last.likes;
  }
  return { events, likes };
}
