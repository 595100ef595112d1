/**
 * A record codec that costs next to nothing: it keeps the contract of `RecordCodec` without
 * protobuf and SHA-256. Most seeds use it, because the simulator tests the protocol and not the
 * encoding. The other seeds use the production codec.
 */
import type { ClientId, Digest, PersonId } from "../../src/core/protocol/ids.ts";
import type { Change, LikeEvent } from "../../src/core/protocol/like_event.ts";
import type { DecodedEvent, RecordCodec } from "../../src/core/protocol/record.ts";

/**
 * The bytes of an event: the length of its id, the id in ASCII, and its likes in 3 bytes. Any other
 * change than a plain add has OTHER_CHANGE instead, an id and four numbers.
 */
export const cheapCodec: RecordCodec = { encode, decode, digest };

const LIKES_BYTES = 3;
const ID_CHARS = 32;
/** An id, and 4 numbers of 4 bytes. */
const OTHER_BYTES = ID_CHARS + 16;
/** Stands for a set, or for an add with an operation. */
const OTHER_CHANGE = 0xff_fffe;
/** Stands for an unknown kind of change. The production codec never encodes so many likes. */
export const UNKNOWN_LIKES = 0xff_ffff;
/** The four hexadecimal digits of every 16-bit number. */
const HEX = Array.from({ length: 0x1_0000 }, (_, word) => word.toString(16).padStart(4, "0"));

function encode({ itemId, change }: LikeEvent): Uint8Array {
  const isPlain = change.kind === "add" && change.operation === undefined;
  if (!isPlain) return encodeOther(itemId, change);
  return encodePlain(itemId, Number(change.likes));
}

function encodePlain(itemId: string, likes: number): Uint8Array {
  const { length } = itemId;
  const bytes = new Uint8Array(1 + length + LIKES_BYTES);
  bytes[0] = length;
  for (let index = 0; index < length; index++) bytes[index + 1] = itemId.charCodeAt(index);
  bytes[length + 1] = likes;
  bytes[length + 2] = likes >>> 8;
  bytes[length + 3] = likes >>> 16;
  return bytes;
}

function encodeOther(itemId: string, change: Change): Uint8Array {
  const plain = encodePlain(itemId, OTHER_CHANGE);
  const { id, numbers } = otherOf(change);
  const bytes = new Uint8Array(plain.length + OTHER_BYTES);
  bytes.set(plain);
  for (let index = 0; index < ID_CHARS; index++) {
    bytes[plain.length + index] = id.charCodeAt(index);
  }
  const view = new DataView(bytes.buffer, plain.length + ID_CHARS);
  for (const [index, number] of numbers.entries()) view.setUint32(4 * index, number);
  return bytes;
}

/** The id of a change, and four numbers: the first one is its kind. */
function otherOf(change: Change): { readonly id: string; readonly numbers: readonly number[] } {
  switch (change.kind) {
    case "add": {
      const { client = "", number = 0 } = change.operation ?? {};
      return { id: client, numbers: [0, Number(change.likes), number, 0] };
    }
    case "set": {
      const { revision, reaction, likes } = change.state;
      return { id: change.person, numbers: [1, revision, reaction, likes] };
    }
    case "forget":
      return { id: change.person, numbers: [2, change.withdraw ? 1 : 0, 0, 0] };
  }
}

function decode(bytes: Uint8Array): readonly DecodedEvent[] {
  const events: DecodedEvent[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + byte(bytes, at);
    const itemId = String.fromCharCode(...bytes.subarray(at + 1, end));
    const likes = byte(bytes, end) | (byte(bytes, end + 1) << 8) | (byte(bytes, end + 2) << 16);
    at = end + LIKES_BYTES;
    if (likes === OTHER_CHANGE) {
      events.push({ itemId, change: decodeOther(bytes.subarray(at, at + OTHER_BYTES)) });
      at += OTHER_BYTES;
    } else {
      const isKnown = likes !== UNKNOWN_LIKES;
      events.push(isKnown ? { itemId, change: { kind: "add", likes: BigInt(likes) } } : undefined);
    }
  }
  return events;
}

/** Bytes that a faulty peer has cut short count as 0. */
function decodeOther(bytes: Uint8Array): Change {
  const whole = new Uint8Array(OTHER_BYTES);
  whole.set(bytes);
  const id = String.fromCharCode(...whole.subarray(0, ID_CHARS));
  const view = new DataView(whole.buffer, ID_CHARS);
  const [kind = 0, one = 0, two = 0, three = 0] = [0, 4, 8, 12].map((at) => view.getUint32(at));
  if (kind === 0) {
    const operation = { client: id as ClientId, number: two };
    return { kind: "add", likes: BigInt(one), operation };
  }
  if (kind === 2) return { kind: "forget", person: id as PersonId, withdraw: one === 1 };
  const state = { revision: one, reaction: two, likes: three };
  return { kind: "set", person: id as PersonId, state };
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
