/**
 * The signs of amnesia, as the ledger sees them: what a LikesServer says that it found, what an outbox
 * that forgot nothing would not say, and what returns although an operator said that it would not.
 *
 * All of it is recorded and none of it is guessed about. A trouble that a LikesServer names in the very
 * words of one that was decided is not recorded again: the decision has not reached it yet.
 */
import type { IncarnationRow, MemberRow } from "./rows.ts";
import type { UnitOfWork } from "./unit_of_work.ts";
import { NO_EVENTS, eventRange } from "../protocol/messages.ts";
import type { HighestReported, ReportCommand } from "./ledger_command.ts";
import type { Report, ReportedTrouble, TroubleKind } from "../protocol/messages.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";

/** Records what the LikesServer itself found. Returns the incarnations about which it is decided. */
export function recordReported(
  changes: UnitOfWork,
  { outboxId, report, highestReported }: ReportCommand,
): readonly IncarnationId[] {
  const resolved: IncarnationId[] = [];
  for (const trouble of report.troubles) {
    const row = changes.ledger.incarnation(trouble.incarnation);
    if (row !== undefined && row.outboxId !== outboxId) continue;
    // A ledger may be restored again: in the same words it is another one.
    if (trouble.kind === "ledger_restored") recordRestored(changes, outboxId, trouble);
    else if (isOver(changes, outboxId, trouble, row)) resolved.push(trouble.incarnation);
    else recordParking(changes, outboxId, withHighestReported(trouble, highestReported), row);
  }
  const isRedelivered = report.troubles.every(({ kind }) => kind !== "ledger_restored");
  if (isRedelivered) endRestored(changes, outboxId, report);
  return resolved;
}

/**
 * Records one `ledger_restored` of each outbox until the ledger is refilled, however often its
 * LikesServer starts meanwhile. No operator can end these troubles, so they must not use up the room
 * of the outbox.
 */
function recordRestored(changes: UnitOfWork, outboxId: OutboxId, trouble: ReportedTrouble): void {
  const isNamed = changes.ledger.troublesOf(outboxId).some(({ kind }) => kind === trouble.kind);
  if (!isNamed) changes.addTrouble(outboxId, trouble, { isReported: true });
}

/** A gap is over once counting has gone on after it, whoever decided what. */
function isOver(
  changes: UnitOfWork,
  outboxId: OutboxId,
  trouble: ReportedTrouble,
  row: IncarnationRow | undefined,
): boolean {
  if (trouble.kind !== "gap") return changes.ledger.wasDecided(outboxId, trouble);
  return row !== undefined && row.appliedSequence >= (trouble.events?.last ?? 0);
}

/** An outbox that forgot cannot tell what it had named: that may be lost with what it tells. */
function withHighestReported(
  trouble: ReportedTrouble,
  highestReported: HighestReported | undefined,
): ReportedTrouble {
  const { kind, events } = trouble;
  const hasForgotten = kind === "outbox_rolled_back" || kind === "digest_differs";
  if (!hasForgotten || events === undefined) return trouble;
  if (highestReported?.incarnation !== trouble.incarnation) return trouble;
  const last = Math.max(events.last, highestReported.sequence);
  return { ...trouble, events: { ...events, last } };
}

/**
 * Marks the incarnation as parked. An incarnation that the ledger has never seen has no row to mark.
 */
function recordParking(
  changes: UnitOfWork,
  outboxId: OutboxId,
  trouble: ReportedTrouble,
  row: IncarnationRow | undefined,
): void {
  changes.addTrouble(outboxId, trouble, { isReported: true });
  if (row?.state === "open") changes.setIncarnation({ ...row, state: "parked" });
}

/**
 * A LikesServer says no longer that the ledger forgot, or left: all that it retains was delivered
 * again.
 */
export function endRestored(changes: UnitOfWork, outboxId: OutboxId, report: Report): void {
  for (const trouble of changes.ledger.troublesOf(outboxId)) {
    if (trouble.kind !== "ledger_restored") continue;
    changes.decide("redelivered", trouble, "");
    recordMissingLikes(changes, outboxId, report);
  }
}

/**
 * What was acknowledged to an outbox and is not counted although it was refilled is in no outbox
 * any more. It may be of incarnations that neither side remembers, so only its likes can be told.
 */
function recordMissingLikes(
  changes: UnitOfWork,
  outboxId: OutboxId,
  { acknowledgedLikes }: Report,
): void {
  const appliedLikes = changes.ledger.member(outboxId)?.appliedLikes ?? 0n;
  if (acknowledgedLikes <= appliedLikes) return;
  const detail =
    `${acknowledgedLikes} likes were acknowledged to this outbox, of which the ledger has ` +
    `${appliedLikes}: no outbox holds the others; see other gaps too`;
  changes.addTrouble(outboxId, { kind: "gap", incarnation: undefined, ...NO_EVENTS, detail });
}

/**
 * Sees in a report what an outbox that forgot nothing would not say. Returns the row of the
 * incarnation as it is now: one that was closed or parked and is live is open again, so that it is
 * seen which copies are.
 */
export function detectAnomalies(
  changes: UnitOfWork,
  { report, highestReported }: ReportCommand,
  row: IncarnationRow,
): IncarnationRow {
  const { incarnation, lastSequence, final } = report;
  const { appliedSequence, outboxId } = row;
  const found = (kind: TroubleKind, detail: string): void => {
    const events = eventRange(appliedSequence + 1, lastSequence);
    changes.addTrouble(outboxId, { kind, incarnation, events, digest: undefined, detail });
  };
  if (final) {
    const highestReportedSequence =
      highestReported?.incarnation === incarnation ? highestReported.sequence : 0;
    const [known, how] =
      highestReportedSequence > appliedSequence
        ? [highestReportedSequence, "named"]
        : [appliedSequence, "applied"];
    if (lastSequence >= known) return row;
    const detail = `it ends at #${lastSequence}; #${known} was ${how}`;
    // What it ends with is not applied yet, and may be lost before it is.
    const events = eventRange(Math.min(lastSequence, appliedSequence) + 1, known);
    const kind = "outbox_rolled_back";
    changes.addTrouble(outboxId, { kind, incarnation, events, digest: undefined, detail });
    return row;
  }
  if (row.state === "closed") found("closed_incarnation", "it was closed, and reports as live");
  const oldest = changes.ledger.incarnationsIn(outboxId, "open", 2);
  const other = oldest.find((id) => id !== incarnation);
  if (other !== undefined) found("second_incarnation", `${other} is open too`);
  return row.state === "open" ? row : changes.setIncarnation({ ...row, state: "open" });
}

/**
 * Takes back an incarnation and a member that were retired, and names the span in which `as_of` may
 * have been wrong: when something of it is not counted, or when `as_of` has passed the label up to
 * which its report speaks, for it goes on accepting all the time. Returns the row of the incarnation as
 * it is now.
 */
export function readmitRetired(
  changes: UnitOfWork,
  before: MemberRow | undefined,
  { report, row }: { readonly report: Report; readonly row: IncarnationRow },
): IncarnationRow {
  const isRetired = row.state === "retired";
  if (before === undefined || (before.state !== "retired" && !isRetired)) return row;
  const events = eventRange(row.appliedSequence + 1, report.lastSequence);
  const isKnown = events !== undefined || report.otherPendingEvents > 0;
  if (isKnown || changes.asOfMs > report.pulseMs) {
    const { incarnation, outboxId } = row;
    const doubtfulAsOf = { afterMs: before.retiredAsOfMs, upToMs: changes.asOfMs };
    const detail = isKnown
      ? "it was retired, and returns with events that are not counted"
      : "it was retired, and returns; what it has accepted lately is not known";
    const trouble = {
      kind: "retired_returned",
      incarnation,
      events,
      digest: undefined,
      detail,
    } as const;
    changes.addTrouble(outboxId, trouble, { doubtfulAsOf });
  }
  const open = isRetired ? changes.setIncarnation({ ...row, state: "open" }) : row;
  forgetRetiring(changes, row.outboxId);
  return open;
}

/** Once nothing of an outbox is retired any more, a later retiring counts from its own `as_of`. */
function forgetRetiring(changes: UnitOfWork, outboxId: OutboxId): void {
  const member = changes.ledger.member(outboxId);
  if (member === undefined || changes.ledger.incarnationsIn(outboxId, "retired", 1).length > 0)
    return;
  changes.setMember({ ...member, retiredAsOfMs: 0 });
}
