/**
 * A record codec that costs next to nothing: it keeps the contract of `RecordCodec` without
 * protobuf and SHA-256. Most seeds use it, because the simulator tests the protocol and not the
 * encoding. The other seeds use the production codec.
 */
import type { Digest } from "../../src/core/protocol/ids.ts";
import type { LikeEvent } from "../../src/core/protocol/like_event.ts";
import type { DecodedEvent, RecordCodec } from "../../src/core/protocol/record.ts";

/** The bytes of an event: the length of its id, the id in ASCII, and its likes in 3 bytes. */
export const cheapCodec: RecordCodec = { encode, decode, digest };

const LIKES_BYTES = 3;
/** Stands for an unknown kind of change. The production codec never encodes so many likes. */
export const UNKNOWN_LIKES = 0xff_ffff;
/** The four hexadecimal digits of every 16-bit number. */
const HEX = Array.from({ length: 0x1_0000 }, (_, word) => word.toString(16).padStart(4, "0"));

function encode({ itemId, change }: LikeEvent): Uint8Array {
  const { length } = itemId;
  const bytes = new Uint8Array(1 + length + LIKES_BYTES);
  bytes[0] = length;
  for (let index = 0; index < length; index++) bytes[index + 1] = itemId.charCodeAt(index);
  const likes = Number(change.likes);
  bytes[length + 1] = likes;
  bytes[length + 2] = likes >>> 8;
  bytes[length + 3] = likes >>> 16;
  return bytes;
}

function decode(bytes: Uint8Array): readonly DecodedEvent[] {
  const events: DecodedEvent[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + byte(bytes, at);
    const itemId = String.fromCharCode(...bytes.subarray(at + 1, end));
    const likes = byte(bytes, end) | (byte(bytes, end + 1) << 8) | (byte(bytes, end + 2) << 16);
    const isKnown = likes !== UNKNOWN_LIKES;
    events.push(isKnown ? { itemId, change: { kind: "add", likes: BigInt(likes) } } : undefined);
    at = end + LIKES_BYTES;
  }
  return events;
}

/** Two 32-bit hashes of all arguments, stretched to 128 bits. No seed meets a collision. */
function digest(previous: Digest, firstSequence: number, bytes: Uint8Array): Digest {
  let [one, other] = [firstSequence | 0, Math.imul(firstSequence, 0x85ebca6b)];
  for (let index = 0; index < previous.length; index++) {
    one = Math.imul(one ^ previous.charCodeAt(index), 0x01000193);
    other = Math.imul(other ^ one, 0x5bd1e995) + index;
  }
  for (let index = 0; index < bytes.length; index++) {
    one = Math.imul(one ^ byte(bytes, index), 0x01000193);
    other = Math.imul(other ^ one, 0x5bd1e995) + index;
  }
  const last = word(Math.imul(one, 0xc2b2ae35) ^ other) + word(one + other);
  return (word(one) + word(other) + last) as Digest;
}

function word(value: number): string {
  const high = HEX[value >>> 16] ?? "";
  const low = HEX[value & 0xffff] ?? "";
  return high + low;
}

function byte(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
