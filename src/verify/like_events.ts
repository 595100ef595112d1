/**
 * A strict decoder of record bytes, independent of the one the roles use. It reads the part of
 * proto/likes/v1/like_event.proto that is in use, and rejects what a role would skip.
 */
import { isUtf8 } from "node:buffer";
import {
  ITEM_ID_BYTES_MAX,
  LIKES_PER_EVENT_MAX,
  LIKES_PER_PERSON_MAX,
  REACTIONS_MAX,
  RECORD_EVENTS_MAX,
  REVISIONS_MAX,
} from "../limits.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";

/** The name of an add, which counts once. */
export interface AuditedOperation {
  /** 16 bytes. */
  readonly client: Uint8Array;
  readonly number: number;
}

/** The state of a register. */
export interface AuditedState {
  readonly revision: number;
  readonly reaction: number;
  readonly likes: number;
}

/** An event that adds likes to its item. */
export interface AuditedAdd {
  readonly kind: "add";
  readonly itemId: string;
  readonly likes: bigint;
  readonly operation: AuditedOperation | undefined;
}

/** An event that sets what a person gives to its item. */
export interface AuditedSet {
  readonly kind: "set";
  readonly itemId: string;
  /** 16 bytes, which no finding may print. */
  readonly person: Uint8Array;
  readonly state: AuditedState;
}

/** An event that forgets a person. */
interface AuditedForget {
  readonly kind: "forget";
  /** It names no item. */
  readonly itemId: "";
  /** 16 bytes, which no finding may print. */
  readonly person: Uint8Array;
  readonly withdraw: boolean;
}

/** A decoded event. */
export type AuditedEvent = AuditedAdd | AuditedSet | AuditedForget;

// Tags: field number << 3 | wire type.
const EVENTS_TAG = 0x0a;
const ITEM_ID_TAG = 0x0a;
const ADD_TAG = 0x10;
const SET_TAG = 0x1a;
const OPERATION_TAG = 0x22;
const FORGET_TAG = 0x2a;
const WITHDRAW_TAG = 0x10;
const PERSON_TAG = 0x0a;
const REVISION_TAG = 0x10;
const REACTION_TAG = 0x18;
const LIKES_TAG = 0x20;
const CLIENT_TAG = 0x0a;
const NUMBER_TAG = 0x10;

/** Bytes of a person or a client. */
export const PSEUDONYM_BYTES = 16;

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
    const tag = reader.tag();
    if (tag !== EVENTS_TAG) throw new CorruptStoreError(`the record has an unknown tag ${tag}`);
    events.push(decodeEvent(new Reader(reader.block())));
    if (events.length > RECORD_EVENTS_MAX) {
      throw new CorruptStoreError(`the record has more than ${RECORD_EVENTS_MAX} events`);
    }
  }
  if (events.length === 0) throw new CorruptStoreError("the record has no events");
  return events;
}

/** The fields of an event as they stand in its bytes. */
interface EventFields {
  itemId?: string;
  operation?: AuditedOperation;
  /** The one change of the event. */
  change?: AuditedChange;
}

type AuditedChange =
  | Pick<AuditedAdd, "kind" | "likes">
  | Pick<AuditedSet, "kind" | "person" | "state">
  | AuditedForget;

function decodeEvent(reader: Reader): AuditedEvent {
  const { itemId, operation, change } = eventFields(reader);
  if (change === undefined) throw new CorruptStoreError("an event has no known change");
  if (change.kind === "forget") {
    const isAlone = itemId === undefined && operation === undefined;
    if (!isAlone) throw new CorruptStoreError("a person is forgotten for one item, or with a name");
    return change;
  }
  if (itemId === undefined) throw new CorruptStoreError("an event has no item");
  if (change.kind === "add") return { ...change, itemId, operation };
  if (operation !== undefined) throw new CorruptStoreError("a set has an operation");
  return { ...change, itemId };
}

function eventFields(reader: Reader): EventFields {
  const fields: EventFields = {};
  while (!reader.isAtEnd) {
    const tag = reader.tag();
    if (tag === ITEM_ID_TAG && fields.itemId === undefined) fields.itemId = utf8Of(reader.block());
    else if (tag === OPERATION_TAG && fields.operation === undefined) {
      fields.operation = decodeOperation(new Reader(reader.block()));
    } else if (fields.change === undefined) fields.change = decodeChange(tag, reader);
    else throw unknownTag("an event", tag);
  }
  return fields;
}

function decodeChange(tag: number, reader: Reader): AuditedChange {
  if (tag === ADD_TAG) return decodeAdd(reader.varint());
  if (tag === SET_TAG) return decodeSet(new Reader(reader.block()));
  if (tag === FORGET_TAG) return decodeForget(new Reader(reader.block()));
  throw unknownTag("an event", tag);
}

function decodeAdd(likes: bigint): Pick<AuditedAdd, "kind" | "likes"> {
  if (likes <= BigInt(LIKES_PER_EVENT_MAX)) return { kind: "add", likes };
  throw new CorruptStoreError(`an event has ${likes} likes`);
}

function decodeSet(reader: Reader): Pick<AuditedSet, "kind" | "person" | "state"> {
  let person: Uint8Array | undefined;
  let revision: bigint | undefined;
  let reaction: bigint | undefined;
  let likes: bigint | undefined;
  while (!reader.isAtEnd) {
    const tag = reader.tag();
    if (tag === PERSON_TAG && person === undefined) person = reader.block();
    else if (tag === REVISION_TAG && revision === undefined) revision = reader.varint();
    else if (tag === REACTION_TAG && reaction === undefined) reaction = reader.varint();
    else if (tag === LIKES_TAG && likes === undefined) likes = reader.varint();
    else throw unknownTag("a set", tag);
  }
  const state = {
    revision: Number(revision ?? 0n),
    reaction: Number(reaction ?? 0n),
    likes: Number(likes ?? 0n),
  };
  if (!isState(state)) throw new CorruptStoreError(`a set has ${stateText(state)}`);
  return { kind: "set", person: pseudonymOf(person, "a person"), state };
}

function decodeForget(reader: Reader): AuditedForget {
  let person: Uint8Array | undefined;
  let withdraw: bigint | undefined;
  while (!reader.isAtEnd) {
    const tag = reader.tag();
    if (tag === PERSON_TAG && person === undefined) person = reader.block();
    else if (tag === WITHDRAW_TAG && withdraw === undefined) withdraw = reader.varint();
    else throw unknownTag("a forgetting", tag);
  }
  const how = withdraw ?? 0n;
  if (how > 1n) throw new CorruptStoreError(`withdraw is ${how}`);
  const forgotten = pseudonymOf(person, "a person");
  return { kind: "forget", itemId: "", person: forgotten, withdraw: how === 1n };
}

function decodeOperation(reader: Reader): AuditedOperation {
  let client: Uint8Array | undefined;
  let number: bigint | undefined;
  while (!reader.isAtEnd) {
    const tag = reader.tag();
    if (tag === CLIENT_TAG && client === undefined) client = reader.block();
    else if (tag === NUMBER_TAG && number === undefined) number = reader.varint();
    else throw unknownTag("an operation", tag);
  }
  const found = number ?? 0n;
  if (found < 1n || found > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new CorruptStoreError(`an operation has the number ${found}`);
  }
  return { client: pseudonymOf(client, "a client"), number: Number(found) };
}

/** Returns whether a set may have the state. */
export function isState({ revision, reaction, likes }: AuditedState): boolean {
  const isWithin = reaction <= REACTIONS_MAX && likes <= LIKES_PER_PERSON_MAX;
  const isGiven = reaction > 0 === likes > 0;
  return revision >= 1 && revision <= REVISIONS_MAX && isWithin && isGiven;
}

/** Writes a state as text. */
export function stateText({ revision, reaction, likes }: AuditedState): string {
  return `revision ${revision} with ${likes} likes of reaction ${reaction}`;
}

/** Returns the likes that an event adds to the running total of its outbox: a set adds none. */
export function addedLikes(event: AuditedEvent): bigint {
  return event.kind === "add" ? event.likes : 0n;
}

/** Writes an event as text, without the person or the client; `nothing` for undefined. */
export function eventText(event: AuditedEvent | undefined): string {
  if (event === undefined) return "nothing";
  if (event.kind === "forget") return `a person is forgotten${event.withdraw ? ", withdrawn" : ""}`;
  const item = JSON.stringify(event.itemId);
  if (event.kind === "set") return `${item} set to ${stateText(event.state)}`;
  return `${item} +${event.likes}`;
}

/** Returns whether two events are the same, the person or the client included. */
export function isSameEvent(one: AuditedEvent, other: AuditedEvent | undefined): boolean {
  if (other === undefined || eventText(one) !== eventText(other)) return false;
  if (one.kind === "add") {
    return other.kind === "add" && isSameOperation(one.operation, other.operation);
  }
  return other.kind === one.kind && isSame(one.person, other.person);
}

function isSameOperation(
  one: AuditedOperation | undefined,
  other: AuditedOperation | undefined,
): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.number === other.number && isSame(one.client, other.client);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function pseudonymOf(bytes: Uint8Array | undefined, owner: string): Uint8Array {
  if (bytes?.length === PSEUDONYM_BYTES) return bytes;
  throw new CorruptStoreError(`${owner} has ${bytes?.length ?? 0} bytes`);
}

function utf8Of(bytes: Uint8Array): string {
  if (bytes.length === 0 || bytes.length > ITEM_ID_BYTES_MAX) {
    throw new CorruptStoreError(`an item id has ${bytes.length} bytes`);
  }
  if (!isUtf8(bytes)) throw new CorruptStoreError("an item id is not UTF-8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

function unknownTag(owner: string, tag: number): CorruptStoreError {
  return new CorruptStoreError(`${owner} has an unknown or repeated tag ${tag}`);
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

  /** A tag beyond 2^53 is no exact number, and unknown in any case. */
  tag(): number {
    return Number(this.varint());
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
