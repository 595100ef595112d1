/**
 * Applies a report: membership, the state of the incarnation, and signs of trouble.
 *
 * A report answers a pulse of its own stream, so its claims are current: it admits the outbox,
 * opens and closes the incarnation, and lets the outbox leave. Still it may come late, from a
 * stream that its sender gave up. What it says of a closed incarnation is then known already, and
 * must not readmit an outbox that has left since.
 */
import { MEMBERS_MAX } from "../../limits.ts";
import type { Refusal } from "../../errors.ts";
import type { IncarnationRow, MemberRow } from "./rows.ts";
import type { UnitOfWork } from "./unit_of_work.ts";
import type { LedgerResult, SentReport } from "./ledger_command.ts";
import {
  endRestored,
  detectAnomalies,
  readmitRetired,
  recordReported,
} from "./detect_anomalies.ts";
import { checkFingerprint, foreignIncarnation } from "./ledger_refusals.ts";
import { NO_EVENTS } from "../protocol/messages.ts";
import type { Report } from "../protocol/messages.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";

/** Applies a report, in the order of docs/PROTOCOL.md, Reports. */
export function applyReport(
  changes: UnitOfWork,
  streamId: number,
  command: SentReport,
): LedgerResult {
  const { report, outboxId, fingerprint } = command;
  const known = changes.incarnationOr(report.incarnation, outboxId);
  const refused = (refusal: Refusal): LedgerResult => ({ type: "refused", streamId, refusal });
  if (known.outboxId !== outboxId) return refused(foreignIncarnation(report.incarnation));
  // Another LikesServer may have been admitted since the Hello.
  const otherSecret = checkFingerprint(fingerprint, changes.fingerprint);
  if (otherSecret !== undefined) return refused(otherSecret);
  const before = changes.ledger.member(outboxId);
  if (before?.state === "left" && isOutdated(report, known)) {
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
  const isJustClosed = incarnation !== row;
  const left =
    report.leaving && isApplied && leave(changes, report, { row: incarnation, isJustClosed });
  return { type: "reported", streamId, command, incarnation, left, resolved };
}

/** Returns true when the ledger has recorded all that a report says, for good. */
function isOutdated(report: Report, row: IncarnationRow): boolean {
  const isKnown = report.lastSequence <= row.appliedSequence && report.troubles.length === 0;
  return report.final && row.state === "closed" && isKnown;
}

/**
 * Records the outbox as a member. The first one gives the ledger its fingerprint. Returns undefined
 * when the ledger has MEMBERS_MAX members.
 */
function admit(
  changes: UnitOfWork,
  { outboxId, serverId, address, fingerprint }: SentReport,
  before: MemberRow | undefined,
): MemberRow | undefined {
  const wasMember = before?.state === "member";
  if (!wasMember && changes.ledger.outboxCount("member") >= MEMBERS_MAX) return undefined;
  changes.fixFingerprint(fingerprint);
  if (wasMember && before.serverId === serverId && before.address === address) return before;
  const { appliedEvents = 0, appliedLikes = 0n, retiredAsOfMs } = before ?? {};
  const applied = { appliedEvents, appliedLikes };
  return changes.setMember({
    outboxId,
    serverId,
    address,
    state: "member",
    ...applied,
    retiredAsOfMs,
  });
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

/**
 * Lets the outbox leave once none of its incarnations is open, parked or in a trouble that the
 * report had no place for. Returns whether it left.
 */
function leave(
  changes: UnitOfWork,
  report: Report,
  { row, isJustClosed }: { readonly row: IncarnationRow; readonly isJustClosed: boolean },
): boolean {
  const { outboxId } = row;
  const member = changes.ledger.member(outboxId);
  if (member === undefined || row.state !== "closed") return false;
  const [other] = changes.ledger.incarnationsIn(outboxId, "open", 1);
  if (other !== undefined) {
    // An outbox closes its own incarnation last, so another copy of it opened `other`.
    if (isJustClosed && report.otherPendingEvents === 0) recordOtherOpen(changes, row, other);
    return false;
  }
  // Parked events still have to be counted or decided, so the ledger keeps this member.
  if (report.otherPendingEvents > 0) return false;
  changes.setMember({ ...member, state: "left" });
  endRestored(changes, outboxId, report);
  return true;
}

function recordOtherOpen(changes: UnitOfWork, row: IncarnationRow, other: IncarnationId): void {
  const { outboxId, incarnation } = row;
  const kind = "second_incarnation";
  const detail = `it leaves, and ${other} is open`;
  changes.addTrouble(outboxId, { kind, incarnation, ...NO_EVENTS, detail });
}

const MEMBERS_FULL: Refusal = {
  code: "too_many",
  message: `Cannot admit another outbox: the ledger has ${MEMBERS_MAX} members already`,
};
