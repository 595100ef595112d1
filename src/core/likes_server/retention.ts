/**
 * What becomes of events that the ledger acknowledged. The outbox writes that down, and keeps the
 * events for a while: a ledger that is restored from an older copy has to have them again. They are
 * trimmed when they are old enough, and evicted earlier when they take too much of the disk.
 */
import { RETAINED_INCARNATIONS_MAX } from "../../limits.ts";
import type { Retention } from "./likes_server_events.ts";
import type { OutboxWrite } from "./outbox.ts";
import type { IncarnationView, OutboxView } from "./outbox_view.ts";
import type { OutboxWriter } from "./outbox_writer.ts";
import { RetainedAges } from "./retained_ages.ts";
import type { LedgerSeen } from "../protocol/messages.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** Decides what is written about acknowledged events, and when. */
export class RetainedEvents {
  readonly #outbox: OutboxView;
  readonly #writer: OutboxWriter;
  readonly #evict: OutboxWrite;
  readonly #ages: RetainedAges;

  /** The age of what the outbox retains is counted from `nowMs` on. */
  constructor(outbox: OutboxView, writer: OutboxWriter, retain: Retention, nowMs: number) {
    const { ageMs, bytesMax, incarnationsMax: closedMax = RETAINED_INCARNATIONS_MAX } = retain;
    this.#outbox = outbox;
    this.#writer = writer;
    this.#evict = { type: "evict", bytesMax, closedMax };
    this.#ages = new RetainedAges(ageMs);
    for (const { id, acknowledged } of outbox.incarnations) {
      this.#ages.note(id, acknowledged.sequence, nowMs);
    }
    // A crash loop without a primary closes nothing, and leaves an incarnation at each start.
    if (outbox.openIncarnations.length > closedMax) writer.change(this.#evict);
  }

  /** An incarnation is closed: its events are only retained from `nowMs` on. */
  onClosed(incarnation: IncarnationId, nowMs: number): void {
    const closed = this.#outbox.find(incarnation);
    if (closed !== undefined) this.#ages.note(incarnation, closed.stored.last.sequence, nowMs);
  }

  /** The ledger forgot: nothing counts as acknowledged, so nothing has an age. */
  onRedelivery(): void {
    this.#ages.clear();
  }

  /** Queues what is to be written now: the acknowledgements of `incarnation`, and trims by age. */
  flush(incarnation: IncarnationView, seen: LedgerSeen | undefined, nowMs: number): void {
    if (this.#writer.has("acknowledge") || this.#writer.has("evict")) return;
    const { id, acknowledged, stored } = incarnation;
    const { sequence } = acknowledged;
    if (sequence > stored.acknowledged.sequence) {
      this.#ages.note(id, sequence, nowMs);
      this.#writer.change({ type: "acknowledge", incarnation: id, upTo: sequence, seen });
      this.#writer.change(this.#evict);
    }
    for (const { incarnation: aged, upTo } of this.#ages.take(nowMs)) {
      const isStored = upTo > (this.#outbox.find(aged)?.stored.trimmed.sequence ?? upTo);
      if (isStored) this.#writer.change({ type: "trim", incarnation: aged, upTo });
    }
  }

  /** Returns the writes that close an incarnation, all of which is in the ledger. */
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
