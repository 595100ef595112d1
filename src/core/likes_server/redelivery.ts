/**
 * A ledger that forgot what it acknowledged is given again what the outbox retains. Law 7: that lasts
 * until the ledger has named the amnesia, and has what the outbox had when it was seen.
 */
import type { IncarnationView } from "./outbox_view.ts";
import { NO_EVENTS } from "../protocol/messages.ts";
import type { Ack, ReportedTrouble } from "../protocol/messages.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** One refilling, as far as one process has to do with it. */
export class Redelivery {
  /** What each report names meanwhile. */
  readonly trouble: ReportedTrouble;
  /** What the own incarnation had accepted when it was seen: the newest that is given again. */
  readonly #newest: { readonly id: IncarnationId; readonly sequence: number };
  /** The amnesia is named also when there is nothing to be given again. */
  #isRecorded = false;

  /** A stream of `incarnation` showed it; `own` is the one that appends. */
  constructor(incarnation: IncarnationId, current: IncarnationView) {
    const detail = "the ledger is older than what it acknowledged to this outbox";
    this.trouble = { kind: "ledger_restored", incarnation, ...NO_EVENTS, detail };
    this.#newest = { id: current.id, sequence: current.stored.last.sequence };
  }

  /** Every report names it, and `admitted` or `left` say that one is committed. */
  acknowledged({ admitted, left }: Ack): void {
    this.#isRecorded ||= admitted || left;
  }

  /** Whether it is over, now that `own` streams: what is older was delivered before. */
  isDone(current: IncarnationView): boolean {
    const wanted = current.id === this.#newest.id ? this.#newest.sequence : 0;
    return this.#isRecorded && current.acknowledged.sequence >= wanted;
  }
}
