/**
 * A record: events that were synced together. An event is encoded once; those bytes are stored,
 * hashed, sent and hashed again, so a record's digest names the whole history before it.
 */
import type { LikeEvent } from "./like_event.ts";
import type { Digest, IncarnationId } from "./ids.ts";

/** One synced group of events of an incarnation. */
export interface LikeRecord {
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** The encoded LikeEvents. */
  readonly bytes: Uint8Array;
}

/** A place between records: what an incarnation amounts to up to and with `sequence`. */
export interface Position {
  /** 0 before the first event. */
  readonly sequence: number;
  /** The digest after that sequence; the incarnation itself at 0. */
  readonly digest: Digest;
  /** Likes of the incarnation's events up to that sequence. */
  readonly likes: bigint;
}

/** The start of `incarnation`. */
export function origin(incarnation: IncarnationId): Position {
  return { sequence: 0, digest: firstDigest(incarnation), likes: 0n };
}

/** The digest before the first event is the incarnation itself. */
export function firstDigest(incarnation: IncarnationId): Digest {
  const text: string = incarnation;
  return text;
}

/** An event as it was decoded: `undefined` where its change is absent or of an unknown kind. */
export type DecodedEvent = LikeEvent | undefined;

/** Encoding and hashing, which the core takes from outside. */
export interface RecordCodec {
  /** The bytes of one event; a record's bytes are those of its events in a row. */
  encode(event: LikeEvent): Uint8Array;
  /** The events of a record, or `undefined` when the bytes are not LikeEvents. */
  decode(bytes: Uint8Array): readonly DecodedEvent[] | undefined;
  /** First 16 bytes of SHA-256(previous digest ‖ first sequence, 8 bytes big-endian ‖ bytes). */
  digest(previous: Digest, firstSequence: number, bytes: Uint8Array): Digest;
}
