/**
 * What the members have said to this start of the primary. None of it is on the disk: after a start
 * every member earns its place anew, by answering a pulse of that start.
 */
import type { IncarnationRow } from "./ledger.ts";
import type { Report } from "./messages.ts";
import type { Id } from "./record.ts";

/** What one member has said. */
export interface Contact {
  /** The newest report. */
  readonly report: Report;
  /** When the newest pulse that it answered was sent, by the monotonic clock. */
  readonly sentMs: number;
  /** Highest sequence of the report's incarnation that was reported or received. */
  readonly namedSequence: number;
  /** Of the report's incarnation. */
  readonly appliedSequence: number;
  /** The newest label that it answered and of which nothing is pending any more; 0 for none. */
  readonly markMs: number;
  /** A label that it answered, and that becomes the mark once this sequence is applied. */
  readonly awaited: { readonly labelMs: number; readonly sequence: number } | undefined;
}

/** The contacts, by outbox. */
export class Contacts {
  readonly #byOutbox = new Map<Id, Contact>();

  get byOutbox(): ReadonlyMap<Id, Contact> {
    return this.#byOutbox;
  }

  /** A member reported on the incarnation of `row`, in answer to a pulse sent at `sentMs`. */
  heard(report: Report, row: IncarnationRow, sentMs: number): void {
    const before = this.#byOutbox.get(row.outboxId);
    const same = before?.report.incarnation === report.incarnation ? before : undefined;
    const answered = { labelMs: report.labelMs, sequence: report.lastSequence };
    const complete = report.otherPendingEvents === 0;
    this.#set(row.outboxId, {
      report,
      sentMs: Math.max(sentMs, before?.sentMs ?? sentMs),
      namedSequence: Math.max(report.lastSequence, same?.namedSequence ?? 0),
      appliedSequence: row.appliedSequence,
      markMs: before?.markMs ?? 0,
      // An older label is awaited to its end, so that `as_of` moves on under a steady load.
      awaited: same?.awaited ?? (complete ? answered : undefined),
    });
    if (complete) this.#await(row.outboxId, answered);
  }

  /** A batch up to `sequence` was received; it may not be applied yet. */
  named(outboxId: Id, incarnation: Id, sequence: number): void {
    const contact = this.#byOutbox.get(outboxId);
    if (contact?.report.incarnation !== incarnation || contact.namedSequence >= sequence) return;
    this.#set(outboxId, { ...contact, namedSequence: sequence });
  }

  /** The incarnation of `row` was applied up to its applied sequence. */
  applied(row: IncarnationRow): void {
    const contact = this.#byOutbox.get(row.outboxId);
    if (contact?.report.incarnation !== row.incarnation) return;
    this.#set(row.outboxId, { ...contact, appliedSequence: row.appliedSequence });
  }

  forget(outboxId: Id): void {
    this.#byOutbox.delete(outboxId);
  }

  /** Counts a label at once when nothing of it is pending, and awaits it when none older is. */
  #await(outboxId: Id, awaited: { readonly labelMs: number; readonly sequence: number }): void {
    const contact = this.#byOutbox.get(outboxId);
    if (contact === undefined || contact.awaited !== undefined) return;
    this.#set(outboxId, { ...contact, awaited });
  }

  /** Stores a contact, with its mark raised once the awaited sequence is applied. */
  #set(outboxId: Id, contact: Contact): void {
    const { awaited, appliedSequence, markMs } = contact;
    const settled = awaited !== undefined && appliedSequence >= awaited.sequence;
    this.#byOutbox.set(
      outboxId,
      settled
        ? { ...contact, markMs: Math.max(markMs, awaited.labelMs), awaited: undefined }
        : contact,
    );
  }
}
