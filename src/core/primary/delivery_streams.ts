/**
 * The open delivery streams, by id and by incarnation.
 *
 * At most one stream delivers an incarnation: the one with the newest Hello. The primary ends the
 * older stream before it registers the newer one.
 */
import { assert } from "../../assert.ts";
import { STREAMS_MAX } from "../../limits.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";
import { DeliveryStream } from "./delivery_stream.ts";

/** The open streams of a primary. */
export class DeliveryStreams {
  readonly #byId = new Map<number, DeliveryStream>();
  /** Streams with a Hello that was not refused, in the order of their Hellos. */
  readonly #byIncarnation = new Map<IncarnationId, DeliveryStream>();

  /** The number of open streams. */
  get count(): number {
    return this.#byId.size;
  }

  get isFull(): boolean {
    return this.#byId.size >= STREAMS_MAX;
  }

  /** Oldest first. Streams may be removed while the caller iterates. */
  get all(): Iterable<DeliveryStream> {
    return this.#byId.values();
  }

  /** Returns a stream; undefined when it has ended, and its messages have no effect. */
  get(streamId: number): DeliveryStream | undefined {
    return this.#byId.get(streamId);
  }

  /** Returns the stream that delivers an incarnation, if any. */
  of(incarnation: IncarnationId): DeliveryStream | undefined {
    return this.#byIncarnation.get(incarnation);
  }

  /** Returns the streams of an outbox: several if copies of it deliver different incarnations. */
  ofOutbox(outboxId: OutboxId): readonly DeliveryStream[] {
    return [...this.#byId.values()].filter(({ hello }) => hello?.outboxId === outboxId);
  }

  /** Returns the incarnations that stream: their LikesServer has reported recently. */
  streaming(nowMs: number): readonly IncarnationId[] {
    const streams = [...this.#byIncarnation].filter(([, stream]) => stream.isStreaming(nowMs));
    return streams.map(([incarnation]) => incarnation);
  }

  open(streamId: number, nowMs: number): void {
    assert(!this.isFull && !this.#byId.has(streamId), "an id names one stream for ever");
    this.#byId.set(streamId, new DeliveryStream(streamId, nowMs));
  }

  /** Makes `stream` the one that delivers its incarnation. */
  register(stream: DeliveryStream): void {
    const { incarnation } = stream.sender;
    assert(!this.#byIncarnation.has(incarnation), "one stream delivers an incarnation");
    this.#byIncarnation.set(incarnation, stream);
  }

  remove(stream: DeliveryStream): void {
    this.#byId.delete(stream.id);
    const { hello } = stream;
    if (hello === undefined) return;
    const isRegistered = this.#byIncarnation.get(hello.incarnation) === stream;
    if (isRegistered) this.#byIncarnation.delete(hello.incarnation);
  }
}
