/**
 * A strict decoder of record bytes, independent of the one the roles use. It reads the part of
 * proto/likes/v1/like_event.proto that is in use, and rejects what a role would skip.
 */
import { isUtf8 } from "node:buffer";
import { ITEM_ID_BYTES_MAX, LIKES_PER_EVENT_MAX, RECORD_EVENTS_MAX } from "../limits.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";

/** A decoded event. */
export interface AuditedEvent {
  readonly itemId: string;
  readonly likes: bigint;
}

// Tags: field number << 3 | wire type.
const EVENTS_TAG = 0x0a;
const ITEM_ID_TAG = 0x0a;
const ADD_TAG = 0x10;

/** Bytes of the longest varint, and the largest last byte within 64 bits. */
const VARINT_BYTES_MAX = 10;
const VARINT_LAST_MAX = 1n;
/** Up to this many bytes, a varint fits 32-bit arithmetic. */
const SMALL_BYTES_MAX = 4;

/** Decodes the events of a record, in order. Throws CorruptStoreError. */
export function decodeEvents(bytes: Uint8Array): readonly AuditedEvent[] {
  const reader = new Reader(bytes);
  const events: AuditedEvent[] = [];
  while (!reader.isAtEnd) {
    reader.expectTag(EVENTS_TAG, "the record");
    events.push(decodeEvent(new Reader(reader.block())));
    if (events.length > RECORD_EVENTS_MAX) {
      throw new CorruptStoreError(`the record has more than ${RECORD_EVENTS_MAX} events`);
    }
  }
  if (events.length === 0) throw new CorruptStoreError("the record has no events");
  return events;
}

function decodeEvent(reader: Reader): AuditedEvent {
  let itemId: string | undefined;
  let likes: bigint | undefined;
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === BigInt(ITEM_ID_TAG) && itemId === undefined) itemId = utf8Of(reader.block());
    else if (tag === BigInt(ADD_TAG) && likes === undefined) likes = reader.varint();
    else throw new CorruptStoreError(`an event has an unknown or repeated tag ${tag}`);
  }
  if (itemId === undefined) throw new CorruptStoreError("an event has no item");
  if (likes === undefined) throw new CorruptStoreError("an event has no known change");
  if (likes > BigInt(LIKES_PER_EVENT_MAX))
    throw new CorruptStoreError(`an event has ${likes} likes`);
  return { itemId, likes };
}

/** Writes an event as text, `nothing` for undefined. */
export function eventText(event: AuditedEvent | undefined): string {
  return event === undefined ? "nothing" : `${JSON.stringify(event.itemId)} +${event.likes}`;
}

function utf8Of(bytes: Uint8Array): string {
  if (bytes.length === 0 || bytes.length > ITEM_ID_BYTES_MAX) {
    throw new CorruptStoreError(`an item id has ${bytes.length} bytes`);
  }
  if (!isUtf8(bytes)) throw new CorruptStoreError("an item id is not UTF-8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

/** Reads bytes in order. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  expectTag(expected: number, owner: string): void {
    const tag = this.varint();
    if (tag !== BigInt(expected)) throw new CorruptStoreError(`${owner} has an unknown tag ${tag}`);
  }

  /** Reads length-prefixed bytes. */
  block(): Uint8Array {
    const length = this.varint();
    const start = this.#at;
    if (length > BigInt(this.#bytes.length - start))
      throw new CorruptStoreError("its bytes are cut short");
    this.#at = start + Number(length);
    return this.#bytes.subarray(start, this.#at);
  }

  varint(): bigint {
    let small = 0;
    let value = 0n;
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new CorruptStoreError("its bytes are cut short");
      const isLast = byte < 0x80;
      if (index < SMALL_BYTES_MAX) {
        small |= (byte & 0x7f) << (7 * index);
        if (isLast) return BigInt(small);
        value = BigInt(small);
      } else {
        value |= BigInt(byte & 0x7f) << BigInt(7 * index);
        if (!isLast) continue;
        if (index === VARINT_BYTES_MAX - 1 && BigInt(byte) > VARINT_LAST_MAX) break;
        return value;
      }
    }
    throw new CorruptStoreError("a number has more than 64 bits");
  }
}
