/**
 * A ledger that was restored from an older copy has forgotten likes that it acknowledged. It gets
 * everything again that the outbox retains. Law 7: that lasts until the ledger has recorded the
 * amnesia, and has what the outbox had when this was found.
 *
 * The outbox records that a redelivery is under way, so a crash in between changes nothing.
 */
import type { IncarnationView, OutboxView } from "./outbox_view.ts";
import { NO_EVENTS } from "../protocol/messages.ts";
import type { Ack, ReportedTrouble, Welcome } from "../protocol/messages.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** One redelivery, as far as this process knows of it. */
interface Redelivering {
  /** Every report names this. */
  readonly trouble: ReportedTrouble;
  /** The last event that is delivered again: what the appending incarnation had when this began. */
  readonly newest: { readonly id: IncarnationId; readonly sequence: number };
  /**
   * Whether the ledger has recorded the trouble. It has to, also when nothing is delivered again.
   */
  isRecorded: boolean;
}

/** Finds that the ledger forgot, and remembers it until the ledger has everything again. */
export class Redelivery {
  readonly #outbox: OutboxView;
  #redelivering: Redelivering | undefined;

  constructor(outbox: OutboxView) {
    this.#outbox = outbox;
  }

  /** What a report has to name; undefined when the ledger is known to lack nothing. */
  get trouble(): ReportedTrouble | undefined {
    return this.#redelivering?.trouble;
  }

  /** Whether the ledger is older than what it acknowledged of `incarnation`. */
  isLedgerBehind(incarnation: IncarnationView, welcome: Welcome): boolean {
    return welcome.redeliver || welcome.appliedSequence < this.claimedSequence(incarnation);
  }

  /**
   * What a ledger must have of `incarnation`, else it forgot. During a redelivery the ledger is
   * known to lack something, and only what it acknowledged since then counts. What was removed from
   * the outbox cannot be delivered again.
   */
  claimedSequence({ acknowledged, stored }: IncarnationView): number {
    const { isRedelivering } = this.#outbox;
    const isAnew = isRedelivering && acknowledged.sequence <= stored.trimmed.sequence;
    return isAnew ? 0 : acknowledged.sequence;
  }

  /**
   * Begins: a stream of `incarnation` found that the ledger forgot. Returns what is to be named.
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

  /** `admitted` and `left` say that a report is committed, and every report names the trouble. */
  onAck({ admitted, left }: Ack): void {
    if (this.#redelivering !== undefined) this.#redelivering.isRecorded ||= admitted || left;
  }

  /**
   * Ends if the ledger has everything again. `streamed` is being delivered; what is older was
   * delivered before. Returns whether it ended.
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
