/**
 * Membership.
 *
 * A report answers a pulse of its own stream, so its claims are of now: it admits the outbox, opens
 * and closes the incarnation, lets the outbox leave, and is where trouble is recognised. Still it
 * may come late, from a stream that its sender gave up; what it says of a closed incarnation is
 * then known already, and must not bring back an outbox that has left since.
 */
import { MEMBERS_MAX } from "../../limits.ts";
import type { Refusal } from "../../errors.ts";
import type { IncarnationRow, MemberRow } from "./rows.ts";
import type { UnitOfWork } from "./unit_of_work.ts";
import type { LedgerResult, ReportCommand } from "./ledger_command.ts";
import {
  endRestored,
  detectAnomalies,
  readmitRetired,
  recordReported,
} from "./detect_anomalies.ts";
import { foreignIncarnation } from "./ledger_refusals.ts";
import { NO_EVENTS } from "../protocol/messages.ts";
import type { Report } from "../protocol/messages.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";

/** Records what a report says. */
export function applyReport(
  changes: UnitOfWork,
  streamId: number,
  command: ReportCommand,
): LedgerResult {
  const { report, outboxId } = command;
  const known = changes.incarnationOr(report.incarnation, outboxId);
  const refused = (refusal: Refusal): LedgerResult => ({ type: "refused", streamId, refusal });
  if (known.outboxId !== outboxId) return refused(foreignIncarnation(report.incarnation));
  const before = changes.ledger.member(outboxId);
  if (before?.state === "left" && isOfThePast(report, known)) {
    const gone = { incarnation: known, left: true, resolved: [] };
    return { type: "reported", streamId, command, ...gone };
  }
  const member = admit(changes, command, before);
  if (member === undefined) return refused(MEMBERS_FULL);

  const resolved = recordReported(changes, command);
  const opened = openIfNew(changes, report.incarnation, outboxId);
  const back = readmitRetired(changes, before, { report, row: opened });
  const row = detectAnomalies(changes, command, back);
  const incarnation = closeIfDone(changes, report, row);
  const isApplied = report.lastSequence <= incarnation.appliedSequence;
  const isNews = incarnation !== row;
  const left = report.leaving && isApplied && leave(changes, report, { row: incarnation, isNews });
  return { type: "reported", streamId, command, incarnation, left, resolved };
}

/** Whether a report says only what the ledger has recorded for good. */
function isOfThePast(report: Report, row: IncarnationRow): boolean {
  const isKnown = report.lastSequence <= row.appliedSequence && report.troubles.length === 0;
  return report.final && row.state === "closed" && isKnown;
}

/** Records the outbox, or what changed about it. Undefined when there are too many members. */
function admit(
  changes: UnitOfWork,
  { outboxId, serverId, address }: ReportCommand,
  before: MemberRow | undefined,
): MemberRow | undefined {
  const wasMember = before?.state === "member";
  if (!wasMember && changes.ledger.outboxCount("member") >= MEMBERS_MAX) return undefined;
  if (wasMember && before.serverId === serverId && before.address === address) return before;
  const { appliedLikes = 0n, retiredAsOfMs = 0 } = before ?? {};
  const state = "member";
  return changes.setMember({ outboxId, serverId, address, state, appliedLikes, retiredAsOfMs });
}

function openIfNew(
  changes: UnitOfWork,
  incarnation: IncarnationId,
  outboxId: OutboxId,
): IncarnationRow {
  const row = changes.incarnationOr(incarnation, outboxId);
  return changes.ledger.incarnation(incarnation) ?? changes.setIncarnation(row);
}

function closeIfDone(changes: UnitOfWork, report: Report, row: IncarnationRow): IncarnationRow {
  const isDone = report.final && report.lastSequence === row.appliedSequence;
  if (!isDone || row.state === "closed") return row;
  return changes.setIncarnation({ ...row, state: "closed" });
}

/** Lets the outbox go once nothing of it is open, parked or unnamed. True when it has left. */
function leave(
  changes: UnitOfWork,
  report: Report,
  { row, isNews }: { readonly row: IncarnationRow; readonly isNews: boolean },
): boolean {
  const { outboxId } = row;
  const member = changes.ledger.member(outboxId);
  if (member === undefined || row.state !== "closed") return false;
  const [other] = changes.ledger.incarnationsIn(outboxId, "open", 1);
  if (other !== undefined) {
    // Of one outbox the own incarnation is the last to close: another copy opened that one.
    if (isNews && report.otherPendingEvents === 0) recordOtherOpen(changes, row, other);
    return false;
  }
  // What is parked is still to be counted, or decided about: somebody has to be waited for.
  if (report.otherPendingEvents > 0) return false;
  changes.setMember({ ...member, state: "left" });
  endRestored(changes, outboxId, report);
  return true;
}

function recordOtherOpen(changes: UnitOfWork, row: IncarnationRow, other: IncarnationId): void {
  const { outboxId, incarnation } = row;
  const kind = "second_incarnation";
  const detail = `it is to leave, and ${other} is open`;
  changes.addTrouble(outboxId, { kind, incarnation, ...NO_EVENTS, detail });
}

const MEMBERS_FULL: Refusal = {
  code: "too_many",
  message: `Cannot admit another outbox: the ledger has ${MEMBERS_MAX} members already`,
};
