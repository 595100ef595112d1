/**
 * What the members have said to this start of the primary. None of it is on the disk: after a start
 * every member earns its place anew, by answering a pulse of that start.
 *
 * What a message names is taken in when it is received, so that nothing named is ever called
 * converged, and so is that it answered; its freshness only when its report is committed. An outbox
 * has one stream at a time, but what an older one sent may still arrive: it changes nothing any
 * more, unless it answers a newer pulse than any before.
 */
import type { IncarnationRow } from "../ledger/rows.ts";
import type { HighestReported } from "../ledger/ledger_command.ts";
import type { LikeBatch, Report } from "../protocol/messages.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";

/** What one outbox has said. */
export interface MemberProgress {
  /** The newest report that is committed; undefined before the first. */
  readonly report: Report | undefined;
  /** When the newest pulse that it answered was sent, by the monotonic clock. */
  readonly sentMs: number;
  /** The incarnation that it delivers, and the stream on which it does. */
  readonly incarnation: IncarnationId;
  readonly streamId: number;
  /** Highest sequence of that incarnation that was reported or received. */
  readonly highestReportedSequence: number;
  /** Of that incarnation. */
  readonly appliedSequence: number;
  /** Events of its other incarnations, as it named them last. */
  readonly otherPendingEvents: number;
  /** The newest label that it answered and of which nothing is pending any more; 0 for none. */
  readonly freshUpToMs: number;
  /** A label that it answered. `freshUpToMs` reaches it once this sequence is applied. */
  readonly pendingFreshness: { readonly pulseMs: number; readonly sequence: number } | undefined;
}

/** The progress of each member, by its outbox. */
export class ProgressTracker {
  readonly #byOutbox = new Map<OutboxId, MemberProgress>();

  get byOutbox(): ReadonlyMap<OutboxId, MemberProgress> {
    return this.#byOutbox;
  }

  /** What `outboxId` delivers, and how much of it was named; undefined before it said anything. */
  highestReportedOf(outboxId: OutboxId): HighestReported | undefined {
    const progress = this.#byOutbox.get(outboxId);
    return (
      progress && { incarnation: progress.incarnation, sequence: progress.highestReportedSequence }
    );
  }

  /**
   * A message was received on stream `streamId` of `outboxId`; it is not committed yet. `sentMs` is
   * when the pulse was sent that it answers, -Infinity for one that answers none.
   */
  onMessageReceived(
    outboxId: OutboxId,
    streamId: number,
    message: Report | LikeBatch,
    sentMs: number,
  ): void {
    const { incarnation, lastSequence } = message;
    const before = this.#byOutbox.get(outboxId);
    const same = before?.incarnation === incarnation ? before : undefined;
    const isOlder = before !== undefined && same === undefined && streamId < before.streamId;
    // One of two copies that goes on is heard again: it answers what only a live one can.
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

  /** A report on the incarnation of `row` is committed. */
  onReportCommitted(report: Report, row: IncarnationRow): void {
    const before = this.#byOutbox.get(row.outboxId);
    if (before === undefined || report.pulseMs < (before.report?.pulseMs ?? 0)) return;
    this.#byOutbox.set(row.outboxId, { ...before, report });
    this.onApplied(row);
    if (report.otherPendingEvents === 0) this.#advanceFreshness(report, row);
  }

  /** The incarnation of `row` is applied up to its applied sequence. */
  onApplied(row: IncarnationRow): void {
    const progress = this.#byOutbox.get(row.outboxId);
    if (progress?.incarnation !== row.incarnation) return;
    const { appliedSequence } = row;
    const { pendingFreshness } = progress;
    const settled = pendingFreshness !== undefined && appliedSequence >= pendingFreshness.sequence;
    this.#byOutbox.set(row.outboxId, {
      ...progress,
      appliedSequence,
      freshUpToMs: settled
        ? Math.max(progress.freshUpToMs, pendingFreshness.pulseMs)
        : progress.freshUpToMs,
      pendingFreshness: settled ? undefined : pendingFreshness,
    });
  }

  forget(outboxId: OutboxId): void {
    this.#byOutbox.delete(outboxId);
  }

  /** Forgets an outbox that is no member, when the stream that ended was its newest one. */
  forgetStream(outboxId: OutboxId, streamId: number): void {
    if (this.#byOutbox.get(outboxId)?.streamId === streamId) this.#byOutbox.delete(outboxId);
  }

  /**
   * Counts the label of a report at once when all that it names is applied, else awaits that. An
   * older label is awaited to its end, so that `as_of` moves on under a steady load.
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
