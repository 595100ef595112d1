/**
 * Detects signs of amnesia: troubles that a LikesServer reports, claims that an intact outbox would
 * not make, and outboxes that return after an operator retired them.
 *
 * Every sign is recorded, and the rules never guess (law 7). A reported trouble that a decided one
 * covers is not recorded again: the decision has not reached the LikesServer yet.
 */
import type { IncarnationRow, MemberRow } from "./rows.ts";
import type { UnitOfWork } from "./unit_of_work.ts";
import { NO_EVENTS } from "../protocol/messages.ts";
import { eventRange } from "../protocol/record.ts";
import type { HighestReported, SentReport } from "./ledger_command.ts";
import type { Report, ReportedTrouble, TroubleKind } from "../protocol/messages.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";

/** Records the troubles of a report. Returns the incarnations whose trouble is over. */
export function recordReported(
  changes: UnitOfWork,
  { outboxId, report, highestReported }: SentReport,
): readonly IncarnationId[] {
  const resolved: IncarnationId[] = [];
  for (const trouble of report.troubles) {
    const row = changes.ledger.incarnation(trouble.incarnation);
    if (row !== undefined && row.outboxId !== outboxId) continue;
    // A ledger may be restored again, so an equal trouble may be a new one.
    if (trouble.kind === "ledger_restored") recordRestored(changes, outboxId, trouble);
    else if (isOver(changes, outboxId, trouble, row)) resolved.push(trouble.incarnation);
    else recordParking(changes, outboxId, withHighestReported(trouble, highestReported), row);
  }
  const isRedelivered = report.troubles.every(({ kind }) => kind !== "ledger_restored");
  if (isRedelivered) endRestored(changes, outboxId, report);
  return resolved;
}

/**
 * Records one `ledger_restored` for each outbox until its redelivery is over, however often its
 * LikesServer starts meanwhile. No operator can end these troubles, so they must not use up the
 * room of the outbox.
 */
function recordRestored(changes: UnitOfWork, outboxId: OutboxId, trouble: ReportedTrouble): void {
  const isRecorded = changes.ledger.troublesOf(outboxId).some(({ kind }) => kind === trouble.kind);
  if (!isRecorded) changes.addTrouble(outboxId, trouble, { isReported: true });
}

/**
 * Returns true when a reported trouble is over. A gap is over once counting has continued after it,
 * by whatever decision.
 */
function isOver(
  changes: UnitOfWork,
  outboxId: OutboxId,
  trouble: ReportedTrouble,
  row: IncarnationRow | undefined,
): boolean {
  if (trouble.kind !== "gap") return changes.ledger.wasDecided(outboxId, trouble);
  return row !== undefined && row.appliedSequence >= (trouble.events?.last ?? 0);
}

/**
 * Extends a trouble to the highest sequence that was reported: an outbox that forgot cannot know
 * what it had reported, and those events may be lost too.
 */
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
 * Marks the incarnation as parked. An incarnation that the ledger has never seen has no row to
 * mark.
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
 * Ends `ledger_restored` of an outbox. Its report no longer names that trouble, or it leaves:
 * everything that it retains was delivered again.
 */
export function endRestored(changes: UnitOfWork, outboxId: OutboxId, report: Report): void {
  for (const trouble of changes.ledger.troublesOf(outboxId)) {
    if (trouble.kind !== "ledger_restored") continue;
    changes.decide("redelivered", trouble, "");
    recordMissingEvents(changes, outboxId, report);
  }
}

/**
 * Records events that were acknowledged to an outbox and are missing after its redelivery: no
 * outbox holds them any more. They may belong to incarnations that neither side remembers, so only
 * their number is known.
 */
function recordMissingEvents(
  changes: UnitOfWork,
  outboxId: OutboxId,
  { acknowledgedEvents }: Report,
): void {
  const appliedEvents = changes.ledger.member(outboxId)?.appliedEvents ?? 0;
  if (acknowledgedEvents <= appliedEvents) return;
  const detail =
    `${acknowledgedEvents} events were acknowledged to this outbox, but the ledger has ` +
    `${appliedEvents}: no outbox holds the others; see other gaps too`;
  changes.addTrouble(outboxId, { kind: "gap", incarnation: undefined, ...NO_EVENTS, detail });
}

/**
 * Records claims of a report that an intact outbox would not make. Returns the new row of the
 * incarnation: a live one that was closed or parked is open again, so that every live copy shows.
 */
export function detectAnomalies(
  changes: UnitOfWork,
  { report, highestReported }: SentReport,
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
        ? [highestReportedSequence, "reported"]
        : [appliedSequence, "applied"];
    if (lastSequence >= known) return row;
    const detail = `it ends at #${lastSequence}; #${known} was ${how}`;
    // Its last events may not be applied yet, and may be lost before they are.
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
 * Readmits a retired incarnation and its member. Names the span in which `as_of` may have been
 * wrong: if events of the outbox are not counted, or if `as_of` has passed the pulse time of the
 * report, because the outbox accepts likes all the time. Returns the new row of the incarnation.
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
    // Without a time, the incarnation was retired before its outbox was a member.
    const doubtfulAsOf = { afterMs: before.retiredAsOfMs ?? 0, upToMs: changes.asOfMs };
    const detail = isKnown
      ? "it was retired, and returns with events that are not counted"
      : "it was retired, and returns; it may have accepted likes meanwhile";
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
  clearRetirement(changes, row.outboxId);
  return open;
}

/** Once no incarnation of an outbox is retired, a later retirement counts from its own `as_of`. */
function clearRetirement(changes: UnitOfWork, outboxId: OutboxId): void {
  const member = changes.ledger.member(outboxId);
  if (member === undefined || changes.ledger.incarnationsIn(outboxId, "retired", 1).length > 0)
    return;
  changes.setMember({ ...member, retiredAsOfMs: undefined });
}
