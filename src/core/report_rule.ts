/**
 * Membership, and the signs of amnesia.
 *
 * A report answers a pulse of its own stream, so its claims are of now: it admits the outbox, opens
 * and closes the incarnation, lets the outbox leave, and is where trouble is recognised. Still it
 * may come late, from a stream that its sender gave up; what it says of a closed incarnation is
 * then known already, and must not bring back an outbox that has left since.
 */
import { MEMBERS_MAX } from "../limits.ts";
import type { Refusal } from "../errors.ts";
import type { IncarnationRow, MemberRow } from "./ledger.ts";
import type { LedgerChanges } from "./ledger_changes.ts";
import type { LedgerResult, ReportCommand } from "./ledger_command.ts";
import { foreignIncarnation } from "./ledger_refusals.ts";
import type { Report, Trouble, TroubleKind } from "./messages.ts";
import type { Id } from "./record.ts";

/** Records what a report says. */
export function takeReport(
  changes: LedgerChanges,
  streamId: number,
  command: ReportCommand,
): LedgerResult {
  const { report, outboxId } = command;
  const known = changes.incarnationOr(report.incarnation, outboxId);
  const refused = (refusal: Refusal): LedgerResult => ({ type: "refused", streamId, refusal });
  if (known.outboxId !== outboxId) return refused(foreignIncarnation(report.incarnation));
  const before = changes.ledger.member(outboxId);
  if (before?.state === "left" && isOfThePast(report, known)) {
    return { type: "reported", streamId, command, incarnation: known, left: true };
  }
  const member = admit(changes, command, before);
  if (member === undefined) return refused(MEMBERS_FULL);

  for (const trouble of report.troubles) takeTrouble(changes, outboxId, trouble);
  const incarnation = openIfNew(changes, report.incarnation, outboxId);
  recognise(changes, report, incarnation);
  const after = closeIfDone(changes, report, incarnation);
  const isApplied = report.lastSequence <= after.appliedSequence;
  const left = report.leaving && isApplied && leave(changes, member, after);
  return { type: "reported", streamId, command, incarnation: after, left };
}

/** Whether a report says only what the ledger has recorded for good. */
function isOfThePast(report: Report, row: IncarnationRow): boolean {
  const isKnown = report.lastSequence <= row.appliedSequence && report.troubles.length === 0;
  return report.final && row.state === "closed" && isKnown;
}

/** Records the outbox, or what changed about it. Undefined when there are too many members. */
function admit(
  changes: LedgerChanges,
  { outboxId, serverId, address }: ReportCommand,
  before: MemberRow | undefined,
): MemberRow | undefined {
  const wasMember = before?.state === "member";
  if (!wasMember && changes.ledger.memberCount() >= MEMBERS_MAX) return undefined;
  if (wasMember && before.serverId === serverId && before.address === address) return before;
  const appliedLikes = before?.appliedLikes ?? 0n;
  return changes.setMember({ outboxId, serverId, address, state: "member", appliedLikes });
}

/**
 * Records what the LikesServer itself found wrong. It parks what it cannot deliver; of an incarnation
 * that the ledger has never recorded there is nothing to park.
 */
function takeTrouble(changes: LedgerChanges, outboxId: Id, trouble: Trouble): void {
  const row = changes.ledger.incarnation(trouble.incarnation);
  if (row !== undefined && row.outboxId !== outboxId) return;
  changes.addTrouble(outboxId, trouble);
  if (trouble.kind === "ledger_restored" || row === undefined || row.state === "parked") return;
  changes.setIncarnation({ ...row, state: "parked" });
}

function openIfNew(changes: LedgerChanges, incarnation: Id, outboxId: Id): IncarnationRow {
  const row = changes.incarnationOr(incarnation, outboxId);
  return changes.ledger.incarnation(incarnation) ?? changes.setIncarnation(row);
}

/** Sees in a report what an outbox that forgot nothing would not say. */
function recognise(changes: LedgerChanges, report: Report, row: IncarnationRow): void {
  const { incarnation, lastSequence, final } = report;
  const found = (kind: TroubleKind, detail: string): void => {
    changes.addTrouble(row.outboxId, { kind, incarnation, detail });
  };
  if (final) {
    if (lastSequence >= row.appliedSequence) return;
    found("outbox_rolled_back", `it ends at #${lastSequence}; #${row.appliedSequence} was applied`);
    return;
  }
  if (row.state === "closed") found("closed_incarnation", "it was closed, and reports as live");
  const oldest = changes.ledger.openIncarnations(row.outboxId, 2);
  const other = oldest.find((id) => id !== incarnation);
  if (other !== undefined) found("second_incarnation", `${other} is open too`);
}

function closeIfDone(changes: LedgerChanges, report: Report, row: IncarnationRow): IncarnationRow {
  const isDone = report.final && report.lastSequence === row.appliedSequence;
  if (!isDone || row.state !== "open") return row;
  return changes.setIncarnation({ ...row, state: "closed" });
}

/** Lets the outbox go once nothing of it is open. True when it has left. */
function leave(changes: LedgerChanges, member: MemberRow, row: IncarnationRow): boolean {
  if (row.state !== "closed") return false;
  if (changes.ledger.openIncarnations(member.outboxId, 1).length > 0) return false;
  changes.setMember({ ...member, state: "left" });
  return true;
}

const MEMBERS_FULL: Refusal = {
  code: "too_many",
  message: `Cannot admit another outbox: the ledger has ${MEMBERS_MAX} members already`,
};
