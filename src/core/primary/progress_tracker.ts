/**
 * The progress of members, as reported to this start of the primary. None of it is on the disk:
 * after a start each member has to answer a pulse of that start.
 *
 * The sequences and the answer in a message count when it is received. So a total that lacks
 * reported events is never called CONVERGED. Freshness counts only when the report is committed. An
 * outbox has one stream at a time, but messages of an older one may still arrive.
 * They change nothing, unless they answer a newer pulse than any before.
 */
import type { IncarnationRow } from "../ledger/rows.ts";
import type { HighestReported } from "../ledger/ledger_command.ts";
import { lastSequenceOf } from "../protocol/messages.ts";
import type { LikeBatch, Report } from "../protocol/messages.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";

/** The progress of one outbox. */
export interface MemberProgress {
  /** The newest committed report; undefined before the first. */
  readonly report: Report | undefined;
  /** When the newest pulse that it answered was sent, by the monotonic clock. Never decreases. */
  readonly sentMs: number;
  /** The incarnation that it delivers, and on which stream. */
  readonly incarnation: IncarnationId;
  readonly streamId: number;
  /**
   * The highest sequence of that incarnation in a received report or batch. Never decreases while
   * it delivers that incarnation.
   */
  readonly highestReportedSequence: number;
  /** The applied sequence of that incarnation, as far as this start has seen. */
  readonly appliedSequence: number;
  /** Pending events of its other incarnations, by its newest report. */
  readonly otherPendingEvents: number;
  /**
   * The newest pulse time that it answered and up to which nothing is pending; 0 for none. Never
   * decreases.
   */
  readonly freshUpToMs: number;
  /**
   * A pulse time that it answered with pending events. `freshUpToMs` reaches it once `sequence` is
   * applied.
   */
  readonly pendingFreshness: { readonly pulseMs: number; readonly sequence: number } | undefined;
}

/** The progress of each outbox that has sent a report or batch to this start. */
export class ProgressTracker {
  readonly #byOutbox = new Map<OutboxId, MemberProgress>();

  get byOutbox(): ReadonlyMap<OutboxId, MemberProgress> {
    return this.#byOutbox;
  }

  /**
   * Returns what `outboxId` delivers, and the highest reported sequence; undefined before its first
   * message.
   */
  highestReportedOf(outboxId: OutboxId): HighestReported | undefined {
    const progress = this.#byOutbox.get(outboxId);
    return (
      progress && { incarnation: progress.incarnation, sequence: progress.highestReportedSequence }
    );
  }

  /**
   * A message was received on stream `streamId` of `outboxId`, and is not committed yet. `sentMs`
   * is when the pulse that it answers was sent; -Infinity for a batch.
   */
  onMessageReceived(
    outboxId: OutboxId,
    streamId: number,
    message: Report | LikeBatch,
    sentMs: number,
  ): void {
    const { incarnation } = message;
    const lastSequence = lastSequenceOf(message);
    const before = this.#byOutbox.get(outboxId);
    const same = before?.incarnation === incarnation ? before : undefined;
    const isOlder = before !== undefined && same === undefined && streamId < before.streamId;
    // An older stream counts again if it answers a newer pulse: only a live copy can.
    if (isOlder && sentMs <= before.sentMs) return;
    const others = before?.otherPendingEvents ?? 0;
    this.#byOutbox.set(outboxId, {
      report: before?.report,
      sentMs: Math.max(sentMs, before?.sentMs ?? -Infinity),
      incarnation,
      streamId,
      highestReportedSequence: Math.max(lastSequence, same?.highestReportedSequence ?? 0),
      appliedSequence: same?.appliedSequence ?? 0,
      otherPendingEvents: message.type === "report" ? message.otherPendingEvents : others,
      freshUpToMs: before?.freshUpToMs ?? 0,
      pendingFreshness: same?.pendingFreshness,
    });
  }

  /** A report is committed. `row` is that of its incarnation. */
  onReportCommitted(report: Report, row: IncarnationRow): void {
    const before = this.#byOutbox.get(row.outboxId);
    if (before === undefined || report.pulseMs < (before.report?.pulseMs ?? 0)) return;
    this.#byOutbox.set(row.outboxId, { ...before, report });
    this.onApplied(row);
    if (report.otherPendingEvents === 0) this.#advanceFreshness(report, row);
  }

  /** The ledger has applied the incarnation of `row` up to its applied sequence. */
  onApplied(row: IncarnationRow): void {
    const progress = this.#byOutbox.get(row.outboxId);
    if (progress?.incarnation !== row.incarnation) return;
    const { appliedSequence } = row;
    const { pendingFreshness } = progress;
    const isApplied =
      pendingFreshness !== undefined && appliedSequence >= pendingFreshness.sequence;
    this.#byOutbox.set(row.outboxId, {
      ...progress,
      appliedSequence,
      freshUpToMs: isApplied
        ? Math.max(progress.freshUpToMs, pendingFreshness.pulseMs)
        : progress.freshUpToMs,
      pendingFreshness: isApplied ? undefined : pendingFreshness,
    });
  }

  forget(outboxId: OutboxId): void {
    this.#byOutbox.delete(outboxId);
  }

  /** Forgets an outbox that is no member, if the stream that ended was its newest. */
  forgetStream(outboxId: OutboxId, streamId: number): void {
    if (this.#byOutbox.get(outboxId)?.streamId === streamId) this.#byOutbox.delete(outboxId);
  }

  /**
   * Counts the pulse time of a report at once if all its events are applied, else when they are. An
   * older pending time is kept, so that `as_of` advances under a steady load.
   */
  #advanceFreshness({ pulseMs, lastSequence: sequence }: Report, row: IncarnationRow): void {
    const progress = this.#byOutbox.get(row.outboxId);
    if (progress === undefined) return;
    if (row.appliedSequence >= sequence) {
      const freshUpToMs = Math.max(progress.freshUpToMs, pulseMs);
      this.#byOutbox.set(row.outboxId, { ...progress, freshUpToMs });
    } else if (
      progress.incarnation === row.incarnation &&
      progress.pendingFreshness === undefined
    ) {
      this.#byOutbox.set(row.outboxId, { ...progress, pendingFreshness: { pulseMs, sequence } });
    }
  }
}
