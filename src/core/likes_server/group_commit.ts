/**
 * Group commit: requests that arrive together become one record and share one sync. Each request is
 * answered only after that sync.
 *
 * A record's bytes on the disk depend on how its events are grouped. So records are formed before
 * their requests are taken, and the bound on the disk is exact.
 */
import { assert } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import { ADDS_WAITING_MAX, RECORD_BYTES_MAX, RECORD_EVENTS_MAX } from "../../limits.ts";
import { acceptedLikes } from "../protocol/like_event.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { OutboxWrite } from "./outbox.ts";
import type { LikeRecord, Position, RecordCodec } from "../protocol/record.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** A client's request to add likes. */
export interface AddRequest {
  /** Identifies the call to answer. */
  readonly requestId: number;
  readonly event: LikeEvent;
  /** Opaque text of the client. The newest one is stored, and returned to the client at a start. */
  readonly mark: string | undefined;
}

/** A write under way, and the requests to answer once it is synced. */
export interface Writing {
  /** Written in one transaction, in order. */
  readonly writes: readonly OutboxWrite[];
  /** Empty when the write adds no likes. */
  readonly requests: readonly AddRequest[];
}

/** Requests that will share a record. More may join them until the record is taken. */
interface PendingRecord {
  readonly requests: AddRequest[];
  /** The encoded event of each request. */
  readonly encoded: Uint8Array[];
  /** Bytes of `encoded` together. */
  length: number;
}

/** Encodes the events of a record, and bounds its bytes on the disk. */
export interface RecordFormat {
  readonly codec: RecordCodec;
  /**
   * Returns an upper bound of a record's bytes on the disk, given the bytes of its events.
   * Monotonic.
   */
  readonly recordDiskBytes: (eventBytes: number) => number;
}

/** The waiting requests, in order of arrival. */
export class GroupCommit {
  readonly #format: RecordFormat;
  /** Records to come, in order. None is empty, and only the last one takes more requests. */
  readonly #pending: PendingRecord[] = [];
  /** Requests in `#pending`. */
  #requests = 0;
  /** Upper bound of the bytes of `#pending` on the disk. */
  #diskBytes = 0;
  /** Bytes of the record under way, which the outbox does not count yet; 0 without one. */
  #underWayBytes = 0;

  constructor(format: RecordFormat) {
    this.#format = format;
  }

  /** Whether no request waits. */
  get isEmpty(): boolean {
    return this.#requests === 0;
  }

  /**
   * Queues a request, or returns why it is refused. `room` is how many bytes the outbox may still
   * grow on the disk.
   */
  add(request: AddRequest, room: number): Refusal | undefined {
    if (this.#requests >= ADDS_WAITING_MAX) {
      const message =
        `Cannot accept the likes now: ${ADDS_WAITING_MAX} adds wait for the disk already; ` +
        "try again later";
      return { code: "too_many", message };
    }
    const { codec, recordDiskBytes } = this.#format;
    const bytes = codec.encode(request.event);
    const last = this.#pending.at(-1);
    const joined = last !== undefined && hasRoom(last, bytes.length) ? last : undefined;
    const before = joined === undefined ? 0 : recordDiskBytes(joined.length);
    const more = recordDiskBytes((joined?.length ?? 0) + bytes.length) - before;
    if (this.#underWayBytes + this.#diskBytes + more > room) {
      const message =
        "Cannot accept the likes: the outbox is full until the primary acknowledges its events";
      return { code: "outbox_full", message };
    }
    this.#push(request, bytes, joined);
    this.#diskBytes += more;
    return undefined;
  }

  /** Takes the oldest record out of the queue, to be appended after `last` of `incarnation`. */
  take(incarnation: IncarnationId, last: Position): Writing {
    const pending = this.#pending.shift();
    assert(pending !== undefined, "a record waits to be taken");
    assert(this.#underWayBytes === 0, "one record is under way at a time");
    const { requests } = pending;
    this.#requests -= requests.length;
    this.#underWayBytes = this.#format.recordDiskBytes(pending.length);
    this.#diskBytes -= this.#underWayBytes;
    const record = recordOf(pending, last.sequence + 1);
    const { events, bytes } = record;
    const digest = this.#format.codec.digest(last.digest, events.first, bytes);
    const likes = requests.reduce(
      (sum, { event }) => sum + acceptedLikes(event.change),
      last.likes,
    );
    const end = { sequence: events.last, digest, likes };
    const mark = requests.findLast((request) => request.mark !== undefined)?.mark;
    return { writes: [{ type: "append", incarnation, record, last: end, mark }], requests };
  }

  /** The taken record is no longer under way: the outbox counts it, or its write failed. */
  end(): void {
    this.#underWayBytes = 0;
  }

  /** Removes and returns all waiting requests. None of them will be written. */
  takeAll(): readonly AddRequest[] {
    const requests = this.#pending.flatMap((pending) => pending.requests);
    this.#pending.length = 0;
    this.#requests = 0;
    this.#diskBytes = 0;
    return requests;
  }

  #push(request: AddRequest, bytes: Uint8Array, joined: PendingRecord | undefined): void {
    if (joined === undefined) {
      this.#pending.push({ requests: [request], encoded: [bytes], length: bytes.length });
    } else {
      joined.requests.push(request);
      joined.encoded.push(bytes);
      joined.length += bytes.length;
    }
    this.#requests++;
  }
}

function hasRoom({ requests, length }: PendingRecord, bytes: number): boolean {
  return requests.length < RECORD_EVENTS_MAX && length + bytes <= RECORD_BYTES_MAX;
}

function recordOf({ requests, encoded, length }: PendingRecord, first: number): LikeRecord {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const event of encoded) {
    bytes.set(event, offset);
    offset += event.length;
  }
  return { events: { first, last: first + requests.length - 1 }, bytes };
}
