/**
 * Redelivery to a ledger that was restored from a backup. That ledger has forgotten likes that it
 * acknowledged, and gets all retained events again. Law 7: the redelivery lasts until the ledger
 * has recorded the trouble. The ledger must also have every event that the outbox held at its
 * beginning.
 *
 * The outbox stores that a redelivery is under way, so a crash in between changes nothing.
 */
import type { IncarnationView, OutboxView } from "./outbox_view.ts";
import { NO_EVENTS } from "../protocol/messages.ts";
import type { Ack, ReportedTrouble, Welcome } from "../protocol/messages.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** A redelivery, as this process knows it. */
interface Redelivering {
  /** In every report until the redelivery ends. */
  readonly trouble: ReportedTrouble;
  /** The last event to redeliver: that of the appending incarnation at the beginning. */
  readonly newest: { readonly id: IncarnationId; readonly sequence: number };
  /** Whether the ledger has recorded the trouble. It must, even if no event is redelivered. */
  isRecorded: boolean;
}

/** Detects that the ledger forgot, and tracks the redelivery to its end. */
export class Redelivery {
  readonly #outbox: OutboxView;
  #redelivering: Redelivering | undefined;

  constructor(outbox: OutboxView) {
    this.#outbox = outbox;
  }

  /** The trouble to report; undefined without a redelivery. */
  get trouble(): ReportedTrouble | undefined {
    return this.#redelivering?.trouble;
  }

  /** Returns true when the ledger is older than what it acknowledged of `incarnation`. */
  isLedgerBehind(incarnation: IncarnationView, welcome: Welcome): boolean {
    return welcome.redeliver || welcome.appliedSequence < this.claimedSequence(incarnation);
  }

  /**
   * Returns the sequence of `incarnation` that the ledger must have, else it forgot. During a
   * redelivery only acknowledgements since its beginning count. The ledger is known to lack events,
   * and removed ones cannot be delivered again.
   */
  claimedSequence({ acknowledged, stored }: IncarnationView): number {
    const { isRedelivering } = this.#outbox;
    const isAnew = isRedelivering && acknowledged.sequence <= stored.trimmed.sequence;
    return isAnew ? 0 : acknowledged.sequence;
  }

  /**
   * Begins a redelivery: a stream of `incarnation` found that the ledger forgot. Returns the
   * trouble.
   */
  begin({ id: incarnation }: IncarnationView): ReportedTrouble {
    const { id, stored } = this.#outbox.current;
    const detail = "the ledger is older than what it acknowledged to this outbox";
    this.#redelivering = {
      trouble: { kind: "ledger_restored", incarnation, ...NO_EVENTS, detail },
      newest: { id, sequence: stored.last.sequence },
      isRecorded: false,
    };
    return this.#redelivering.trouble;
  }

  /** `admitted` or `left` says that a report is committed, and every report names the trouble. */
  onAck({ admitted, left }: Ack): void {
    if (this.#redelivering !== undefined) this.#redelivering.isRecorded ||= admitted || left;
  }

  /**
   * Ends the redelivery if the ledger has everything again. `streamed` is the incarnation in
   * delivery; older ones were delivered before it. Returns whether it ended.
   */
  endIfDone(streamed: IncarnationView): boolean {
    if (this.#redelivering === undefined || streamed !== this.#outbox.current) return false;
    const { isRecorded, newest } = this.#redelivering;
    const wanted = streamed.id === newest.id ? newest.sequence : 0;
    if (!isRecorded || streamed.acknowledged.sequence < wanted) return false;
    this.#redelivering = undefined;
    return true;
  }
}
