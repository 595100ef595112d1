/**
 * Likes that wait for their sync. Those that arrive together become one record and share one sync
 * (group commit); each is answered only after it.
 *
 * Likes wait in the groups that become their records. Disk use depends on how likes are grouped, so
 * groups are formed before a like is accepted.
 */
import { assert } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import { ADDS_WAITING_MAX, RECORD_BYTES_MAX, RECORD_EVENTS_MAX } from "../../limits.ts";
import { recordDiskBytes } from "./disk_bytes.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { GeneratorMark } from "./outbox.ts";
import type { LikeRecord, Position, RecordCodec } from "../protocol/record.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** A like that someone gives. */
export interface AddRequest {
  /** Names the call that is to be answered. */
  readonly requestId: number;
  readonly event: LikeEvent;
  /** With a generator's event: how far the generator has come with it. */
  readonly generator: GeneratorMark | undefined;
}

interface Waiting extends AddRequest {
  readonly bytes: Uint8Array;
}

/** A record that is ready to be written, and the gives that it answers. */
export interface Group {
  readonly incarnation: IncarnationId;
  readonly record: LikeRecord;
  /** The position after the record. */
  readonly last: Position;
  readonly requests: readonly AddRequest[];
  readonly generator: GeneratorMark | undefined;
}

/** Gives that will share a record; more may join them until it is taken. */
interface WaitingGroup {
  readonly requests: Waiting[];
  /** Bytes of their events. */
  length: number;
}

/** The gives that wait, in the order in which they came. */
export class GroupCommit {
  readonly #codec: RecordCodec;
  /** None is empty, and all but the last are full. */
  readonly #groups: WaitingGroup[] = [];
  #requests = 0;
  /** Bytes that the groups will take on the disk, at the most. */
  #diskBytes = 0;

  constructor(codec: RecordCodec) {
    this.#codec = codec;
  }

  get isEmpty(): boolean {
    return this.#requests === 0;
  }

  /** Takes a give, or says why it cannot. `room` is in bytes of the disk. */
  add(add: AddRequest, room: number): Refusal | undefined {
    if (this.#requests >= ADDS_WAITING_MAX) {
      const message =
        `Cannot accept the likes now: ${ADDS_WAITING_MAX} calls wait for the disk already; ` +
        "try again later";
      return { code: "too_many", message };
    }
    const bytes = this.#codec.encode(add.event);
    const last = this.#groups.at(-1);
    const joined = last !== undefined && hasRoom(last, bytes.length) ? last : undefined;
    const before = joined === undefined ? 0 : recordDiskBytes(joined.length);
    const more = recordDiskBytes((joined?.length ?? 0) + bytes.length) - before;
    if (this.#diskBytes + more > room) {
      const message =
        "Cannot accept the likes: the outbox is full until the primary takes what it holds";
      return { code: "outbox_full", message };
    }
    this.#push({ ...add, bytes }, joined);
    this.#diskBytes += more;
    return undefined;
  }

  /** Takes as many gives as one record holds, to follow `position` of `incarnation`. */
  take(incarnation: IncarnationId, position: Position): Group {
    const group = this.#groups.shift();
    assert(group !== undefined, "what is taken waits");
    const { requests, length } = group;
    this.#requests -= requests.length;
    this.#diskBytes -= recordDiskBytes(length);
    const record = this.#record(group, position.sequence + 1);
    const likes = requests.reduce((sum, { event }) => sum + event.change.likes, position.likes);
    const digest = this.#codec.digest(position.digest, record.firstSequence, record.bytes);
    const generator = requests.findLast((add) => add.generator !== undefined)?.generator;
    const last = { sequence: record.lastSequence, digest, likes };
    return { incarnation, record, last, requests, generator };
  }

  /** Takes all that wait, none of which will be a record. */
  takeAll(): readonly AddRequest[] {
    const requests = this.#groups.flatMap((group) => group.requests);
    this.#groups.length = 0;
    this.#requests = 0;
    this.#diskBytes = 0;
    return requests;
  }

  #push(add: Waiting, joined: WaitingGroup | undefined): void {
    if (joined === undefined) {
      this.#groups.push({ requests: [add], length: add.bytes.length });
    } else {
      joined.requests.push(add);
      joined.length += add.bytes.length;
    }
    this.#requests++;
  }

  #record({ requests, length }: WaitingGroup, firstSequence: number): LikeRecord {
    const bytes = new Uint8Array(length);
    let offset = 0;
    for (const add of requests) {
      bytes.set(add.bytes, offset);
      offset += add.bytes.length;
    }
    return { firstSequence, lastSequence: firstSequence + requests.length - 1, bytes };
  }
}

function hasRoom({ requests, length }: WaitingGroup, bytes: number): boolean {
  return requests.length < RECORD_EVENTS_MAX && length + bytes <= RECORD_BYTES_MAX;
}
