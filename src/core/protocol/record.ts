/**
 * A record: events that were synced together. An event is encoded once, and both sides store, hash
 * and send those bytes. So a digest identifies the whole history up to it.
 */
import type { LikeEvent } from "./like_event.ts";
import type { Digest, IncarnationId } from "./ids.ts";

/** Events of an incarnation, from the first to the last, both included. */
export interface EventRange {
  readonly first: number;
  readonly last: number;
}

/** Returns the events from `first` to `last`; undefined when there are none. */
export function eventRange(first: number, last: number): EventRange | undefined {
  return first <= last ? { first, last } : undefined;
}

/** Events of an incarnation that were synced together. */
export interface LikeRecord {
  readonly events: EventRange;
  /** The encoded `LikeEvents` message. */
  readonly bytes: Uint8Array;
}

/** The end of a record, or the start of an incarnation. */
export interface Position {
  /** 0 before the first event. */
  readonly sequence: number;
  /** The digest at `sequence`; at 0, the incarnation id. */
  readonly digest: Digest;
  /** Cumulative likes of the incarnation, up to and including `sequence`. */
  readonly likes: bigint;
}

/** Returns the position before the first event of `incarnation`. */
export function origin(incarnation: IncarnationId): Position {
  return { sequence: 0, digest: firstDigest(incarnation), likes: 0n };
}

/** Returns the digest before the first event: the incarnation id itself. */
export function firstDigest(incarnation: IncarnationId): Digest {
  const text: string = incarnation;
  return text as Digest;
}

/** A decoded event; undefined where its change is absent or of an unknown kind. */
export type DecodedEvent = LikeEvent | undefined;

/** Encodes and hashes records. Passed in, so that the core stays pure. */
export interface RecordCodec {
  /** Returns the bytes of one event. A record's bytes are its events' bytes, concatenated. */
  encode(event: LikeEvent): Uint8Array;
  /** Returns the events of a record; undefined when the bytes are no `LikeEvents` message. */
  decode(bytes: Uint8Array): readonly DecodedEvent[] | undefined;
  /**
   * Returns the first 16 bytes of SHA-256(previous ‖ firstSequence ‖ bytes), in hex. The sequence
   * takes 8 bytes, big-endian.
   */
  digest(previous: Digest, firstSequence: number, bytes: Uint8Array): Digest;
}
