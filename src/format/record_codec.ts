/**
 * Encodes, decodes and hashes the events of a record. The LikesServer that accepts an event encodes
 * it once. The primary hashes the same bytes and decodes them into events, without message objects.
 */
import { Buffer, isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import protobuf from "protobufjs";
import type { ClientId, Digest, PersonId } from "../core/protocol/ids.ts";
import type { Change, LikeEvent } from "../core/protocol/like_event.ts";
import type { Operation } from "../core/protocol/operation.ts";
import type { RegisterState } from "../core/protocol/register.ts";
import type { DecodedEvent, RecordCodec } from "../core/protocol/record.ts";

const { Reader, Writer } = protobuf;

// Tags of like_event.proto: field number << 3 | wire type.
const EVENTS = (1 << 3) | 2;
const ITEM_ID = (1 << 3) | 2;
const ADD = (2 << 3) | 0;
const SET = (3 << 3) | 2;
const OPERATION = (4 << 3) | 2;
const FORGET = (5 << 3) | 2;
const WITHDRAW = (2 << 3) | 0;
const PERSON = (1 << 3) | 2;
const REVISION = (2 << 3) | 0;
const REACTION = (3 << 3) | 0;
const LIKES = (4 << 3) | 0;
const CLIENT = (1 << 3) | 2;
const NUMBER = (2 << 3) | 0;
const DIGEST_BYTES = 16;
const ID_BYTES = 16;

type SetChange = Extract<Change, { kind: "set" }>;
type ForgetChange = Extract<Change, { kind: "forget" }>;

/** The codec of protocol version 1. */
export const recordCodec: RecordCodec = { encode, decode, digest };

function encode({ itemId, change }: LikeEvent): Uint8Array {
  const writer = Writer.create().uint32(EVENTS).fork();
  if (change.kind === "forget") encodeForget(writer, change.person, change.withdraw);
  else {
    writer.uint32(ITEM_ID).string(itemId);
    if (change.kind === "set") encodeSet(writer, change.person, change.state);
    else {
      writer.uint32(ADD).uint64(String(change.likes));
      if (change.operation !== undefined) encodeOperation(writer, change.operation);
    }
  }
  return writer.ldelim().finish();
}

function encodeSet(writer: protobuf.Writer, person: PersonId, state: RegisterState): void {
  writer.uint32(SET).fork();
  writer.uint32(PERSON).bytes(Buffer.from(person, "hex"));
  writer.uint32(REVISION).uint32(state.revision);
  if (state.likes > 0) {
    writer.uint32(REACTION).uint32(state.reaction);
    writer.uint32(LIKES).uint32(state.likes);
  }
  writer.ldelim();
}

function encodeForget(writer: protobuf.Writer, person: PersonId, withdraw: boolean): void {
  writer.uint32(FORGET).fork();
  writer.uint32(PERSON).bytes(Buffer.from(person, "hex"));
  if (withdraw) writer.uint32(WITHDRAW).bool(true);
  writer.ldelim();
}

function encodeOperation(writer: protobuf.Writer, { client, number }: Operation): void {
  writer.uint32(OPERATION).fork();
  writer.uint32(CLIENT).bytes(Buffer.from(client, "hex"));
  writer.uint32(NUMBER).uint64(String(number));
  writer.ldelim();
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

/**
 * Returns one event; undefined when its change is absent or of an unknown kind, or a name in it is
 * none. The last of several changes wins, as protobuf has it.
 */
function decodeEvent(reader: protobuf.Reader, end: number): DecodedEvent {
  let itemId = "";
  let likes: bigint | undefined;
  let other: SetChange | ForgetChange | undefined;
  let operation: Operation | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ITEM_ID) itemId = text(reader.bytes());
    else if (tag === ADD) {
      likes = toBigInt(reader.uint64());
      other = undefined;
    } else if (tag === SET) other = decodeSet(reader, endOf(reader, end));
    else if (tag === FORGET) other = decodeForget(reader, endOf(reader, end));
    else if (tag === OPERATION) operation = decodeOperation(reader, endOf(reader, end));
    else reader.skipType(tag & 7);
  }
  if (other !== undefined) {
    const isWhole = isId(other.person) && operation === undefined;
    return isWhole ? { itemId, change: other } : undefined;
  }
  if (likes === undefined) return undefined;
  if (operation === undefined) return { itemId, change: { kind: "add", likes } };
  return isId(operation.client) ? { itemId, change: { kind: "add", likes, operation } } : undefined;
}

function decodeForget(reader: protobuf.Reader, end: number): ForgetChange {
  let person = "";
  let withdraw = false;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === PERSON) person = idOf(reader.bytes());
    else if (tag === WITHDRAW) withdraw = reader.bool();
    else reader.skipType(tag & 7);
  }
  checkEnd(reader, end);
  return { kind: "forget", person: person as PersonId, withdraw };
}

function decodeSet(reader: protobuf.Reader, end: number): SetChange {
  let person = "";
  let [revision, reaction, likes] = [0, 0, 0];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === PERSON) person = idOf(reader.bytes());
    else if (tag === REVISION) revision = reader.uint32();
    else if (tag === REACTION) reaction = reader.uint32();
    else if (tag === LIKES) likes = reader.uint32();
    else reader.skipType(tag & 7);
  }
  checkEnd(reader, end);
  return { kind: "set", person: person as PersonId, state: { revision, reaction, likes } };
}

function decodeOperation(reader: protobuf.Reader, end: number): Operation {
  let client = "";
  let number = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === CLIENT) client = idOf(reader.bytes());
    else if (tag === NUMBER) number = Number(toBigInt(reader.uint64()));
    else reader.skipType(tag & 7);
  }
  checkEnd(reader, end);
  return { client: client as ClientId, number };
}

/** Returns where the message that follows ends, inside of one that ends at `outer`. */
function endOf(reader: protobuf.Reader, outer: number): number {
  const end = reader.uint32() + reader.pos;
  if (end > outer) throw new Error("Cannot decode a message: it ends after the one around it");
  return end;
}

function checkEnd(reader: protobuf.Reader, end: number): void {
  if (reader.pos !== end) throw new Error("Cannot decode a message: a field ends after it");
}

function idOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

function isId(hex: string): boolean {
  return hex.length === 2 * ID_BYTES;
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
