/**
 * Retention of acknowledged events. The outbox stores the acknowledgement and keeps the events for
 * a while. A ledger that is restored from a backup needs them again. They are trimmed by age, and
 * evicted earlier when they take too much of the disk.
 */
import { ACKNOWLEDGE_GAP_MIN_MS, RETAINED_INCARNATIONS_MAX } from "../../limits.ts";
import type { Retention } from "./likes_server_events.ts";
import type { OutboxWrite } from "./outbox.ts";
import type { IncarnationView, OutboxView } from "./outbox_view.ts";
import type { OutboxWriter } from "./outbox_writer.ts";
import { RetainedAges } from "./retained_ages.ts";
import type { LedgerSeen } from "../protocol/messages.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** Queues the writes about acknowledged events. */
export class RetainedEvents {
  readonly #outbox: OutboxView;
  readonly #writer: OutboxWriter;
  readonly #evict: OutboxWrite;
  readonly #ages: RetainedAges;
  /** When acknowledgements were queued last, by the monotonic clock. */
  #flushedMs = -Infinity;

  /** The age of what the outbox retains begins at the monotonic time `nowMs`. */
  constructor(outbox: OutboxView, writer: OutboxWriter, retain: Retention, nowMs: number) {
    const { ageMs, bytesMax, incarnationsMax: closedMax = RETAINED_INCARNATIONS_MAX } = retain;
    this.#outbox = outbox;
    this.#writer = writer;
    this.#evict = { type: "evict", bytesMax, closedMax };
    this.#ages = new RetainedAges(ageMs);
    for (const { id, acknowledged } of outbox.incarnations) {
      this.#ages.note(id, acknowledged.sequence, nowMs);
    }
    // A crash loop without a primary closes nothing, and leaves an incarnation each time.
    if (outbox.openIncarnations.length > closedMax) writer.change(this.#evict);
  }

  /** An incarnation is closed: from `nowMs` on its events are only retained. */
  onClosed(incarnation: IncarnationId, nowMs: number): void {
    const closed = this.#outbox.find(incarnation);
    if (closed !== undefined) this.#ages.note(incarnation, closed.stored.last.sequence, nowMs);
  }

  /** A redelivery begins: nothing counts as acknowledged, so nothing has an age. */
  onRedelivery(): void {
    this.#ages.clear();
  }

  /** Queues the acknowledgements of `incarnation`, and trims by age. */
  flush(incarnation: IncarnationView, seen: LedgerSeen | undefined, nowMs: number): void {
    if (this.#writer.has("acknowledge") || this.#writer.has("evict")) return;
    if (nowMs - this.#flushedMs < ACKNOWLEDGE_GAP_MIN_MS) return;
    const { id, acknowledged, stored } = incarnation;
    const { sequence } = acknowledged;
    if (sequence > stored.acknowledged.sequence) {
      this.#ages.note(id, sequence, nowMs);
      this.#writer.change({ type: "acknowledge", incarnation: id, upTo: sequence, seen });
      this.#writer.change(this.#evict);
      this.#flushedMs = nowMs;
    }
    for (const { incarnation: aged, upTo } of this.#ages.take(nowMs)) {
      const isStored = upTo > (this.#outbox.find(aged)?.stored.trimmed.sequence ?? upTo);
      if (isStored) this.#writer.change({ type: "trim", incarnation: aged, upTo });
    }
  }

  /** Returns the writes that close an incarnation, once the ledger has all its events. */
  closingWrites(
    { id, stored }: IncarnationView,
    seen: LedgerSeen | undefined,
  ): readonly OutboxWrite[] {
    return [
      { type: "acknowledge", incarnation: id, upTo: stored.last.sequence, seen },
      { type: "close", incarnation: id },
      this.#evict,
    ];
  }
}
