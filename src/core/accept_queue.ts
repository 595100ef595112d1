/**
 * Likes that wait for their sync. Those that arrive together become one record and share one sync
 * (group commit); each is answered only after it.
 */
import type { Refusal } from "../errors.ts";
import { GIVES_WAITING_MAX, RECORD_BYTES_MAX, RECORD_EVENTS_MAX } from "../limits.ts";
import type { LikeEvent } from "./like_event.ts";
import type { GeneratorMark } from "./outbox.ts";
import type { Id, LikeRecord, Position, RecordCodec } from "./record.ts";

/** A like that someone gives. */
export interface Give {
  /** Names the call that is to be answered. */
  readonly requestId: number;
  readonly event: LikeEvent;
  /** With a generator's event: how far the generator has come with it. */
  readonly generator: GeneratorMark | undefined;
}

interface Waiting extends Give {
  readonly bytes: Uint8Array;
}

/** A record that is ready to be written, and the gives that it answers. */
export interface Group {
  readonly incarnation: Id;
  readonly record: LikeRecord;
  /** The position after the record. */
  readonly last: Position;
  readonly gives: readonly Give[];
  readonly generator: GeneratorMark | undefined;
}

/** The gives that wait, in the order in which they came. */
export class AcceptQueue {
  readonly #codec: RecordCodec;
  #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(codec: RecordCodec) {
    this.#codec = codec;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Takes a give, or says why it cannot. `room` is in bytes of the outbox. */
  add(give: Give, room: number): Refusal | undefined {
    if (this.#waiting.length >= GIVES_WAITING_MAX) {
      const message =
        `Cannot accept the likes now: ${GIVES_WAITING_MAX} calls wait for the disk already; ` +
        "try again later";
      return { code: "too_many", message };
    }
    const bytes = this.#codec.encode(give.event);
    if (this.#bytes + bytes.length > room) {
      const message =
        "Cannot accept the likes: the outbox is full until the primary takes what it holds";
      return { code: "outbox_full", message };
    }
    this.#waiting.push({ ...give, bytes });
    this.#bytes += bytes.length;
    return undefined;
  }

  /** Takes as many gives as one record holds, to follow `position` of `incarnation`. */
  take(incarnation: Id, position: Position): Group {
    const gives: Waiting[] = [];
    let length = 0;
    for (const give of this.#waiting) {
      if (gives.length === RECORD_EVENTS_MAX || length + give.bytes.length > RECORD_BYTES_MAX)
        break;
      gives.push(give);
      length += give.bytes.length;
    }
    this.#waiting = this.#waiting.slice(gives.length);
    this.#bytes -= length;
    const record = this.#record(gives, length, position.sequence + 1);
    const likes = gives.reduce((sum, { event }) => sum + event.change.likes, position.likes);
    const digest = this.#codec.digest(position.digest, record.firstSequence, record.bytes);
    const generator = gives.findLast((give) => give.generator !== undefined)?.generator;
    const last = { sequence: record.lastSequence, digest, likes };
    return { incarnation, record, last, gives, generator };
  }

  #record(gives: readonly Waiting[], length: number, firstSequence: number): LikeRecord {
    const bytes = new Uint8Array(length);
    let offset = 0;
    for (const give of gives) {
      bytes.set(give.bytes, offset);
      offset += give.bytes.length;
    }
    return { firstSequence, lastSequence: firstSequence + gives.length - 1, bytes };
  }
}
