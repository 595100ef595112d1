/**
 * Encodes, decodes and hashes the events of a record. The LikesServer that accepts an event encodes
 * it once. The primary hashes the same bytes and decodes them into events, without message objects.
 */
import { Buffer, isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import protobuf from "protobufjs";
import type { Digest } from "../core/protocol/ids.ts";
import type { LikeEvent } from "../core/protocol/like_event.ts";
import type { DecodedEvent, RecordCodec } from "../core/protocol/record.ts";

const { Reader, Writer } = protobuf;

// Tags of like_event.proto: field number << 3 | wire type.
const EVENTS = (1 << 3) | 2;
const ITEM_ID = (1 << 3) | 2;
const ADD = (2 << 3) | 0;
const DIGEST_BYTES = 16;

/** The codec of protocol version 1. */
export const recordCodec: RecordCodec = { encode, decode, digest };

function encode({ itemId, change }: LikeEvent): Uint8Array {
  const writer = Writer.create().uint32(EVENTS).fork();
  writer.uint32(ITEM_ID).string(itemId);
  writer.uint32(ADD).uint64(String(change.likes));
  return writer.ldelim().finish();
}

function decode(bytes: Uint8Array): readonly DecodedEvent[] | undefined {
  const reader = Reader.create(bytes);
  const events: DecodedEvent[] = [];
  try {
    while (reader.pos < reader.len) {
      if (reader.uint32() !== EVENTS) return undefined;
      const end = reader.uint32() + reader.pos;
      if (end > reader.len) return undefined;
      events.push(decodeEvent(reader, end));
      if (reader.pos !== end) return undefined;
    }
  } catch {
    return undefined; // protobufjs throws when bytes end too early
  }
  return events;
}

/** Returns one event; undefined when its change is absent or of an unknown kind. */
function decodeEvent(reader: protobuf.Reader, end: number): DecodedEvent {
  let itemId = "";
  let likes: bigint | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ITEM_ID) itemId = text(reader.bytes());
    else if (tag === ADD) likes = toBigInt(reader.uint64());
    else reader.skipType(tag & 7);
  }
  return likes === undefined ? undefined : { itemId, change: { kind: "add", likes } };
}

function text(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new Error("Cannot decode an item id: it is not UTF-8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

function toBigInt(long: { low: number; high: number } | number): bigint {
  if (typeof long === "number") return BigInt(long);
  const low = BigInt(long.low >>> 0);
  return long.high === 0 ? low : (BigInt(long.high >>> 0) << 32n) | low;
}

function digest(previous: Digest, firstSequence: number, bytes: Uint8Array): Digest {
  const sequence = Buffer.alloc(8);
  sequence.writeBigUInt64BE(BigInt(firstSequence));
  const hash = createHash("sha256").update(previous, "hex").update(sequence).update(bytes);
  return hash.digest("hex").slice(0, 2 * DIGEST_BYTES) as Digest;
}
