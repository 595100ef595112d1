/**
 * A ledger that forgot what it acknowledged is given again what the outbox retains: from when that was
 * seen until it has named it and has everything. Law 7.
 */
import type { KnownIncarnation } from "./known_outbox.ts";
import { NO_EVENTS } from "./messages.ts";
import type { Ack, Trouble } from "./messages.ts";
import type { Id } from "./record.ts";

/** One refilling, as far as one process has to do with it. */
export class Reoffering {
  /** What each report names meanwhile. */
  readonly trouble: Trouble;
  /** What the own incarnation had accepted when it was seen: the newest that is given again. */
  readonly #newest: { readonly id: Id; readonly sequence: number };
  /** It is named also when there is nothing to be given again. */
  #isRecorded = false;

  /** It was seen on a stream of `incarnation`; `own` is the one that appends. */
  constructor(incarnation: Id, { id, stored }: KnownIncarnation) {
    const detail = "the ledger is older than what it acknowledged to this outbox";
    this.trouble = { kind: "ledger_restored", incarnation, ...NO_EVENTS, detail };
    this.#newest = { id, sequence: stored.last.sequence };
  }

  /** Every report names it, and `admitted` or `left` say that one is committed. */
  acknowledged({ admitted, left }: Ack): void {
    this.#isRecorded ||= admitted || left;
  }

  /** Whether it is over once `own` streams: what is older was delivered before. */
  isDone({ id, acknowledged }: KnownIncarnation): boolean {
    const wanted = id === this.#newest.id ? this.#newest.sequence : 0;
    return this.#isRecorded && acknowledged.sequence >= wanted;
  }
}
