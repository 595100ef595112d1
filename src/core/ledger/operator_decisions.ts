/**
 * Decisions about troubles and members: by an operator, or because a ledger from a backup is
 * complete again. Each decision is recorded for ever. A guess is refused: an incarnation with a
 * live stream is never retired.
 */
import { assert, unreachable } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import type { IncarnationRow, TroubleRow } from "./rows.ts";
import type { UnitOfWork } from "./unit_of_work.ts";
import type { OperatorDecision, LedgerResult } from "./ledger_command.ts";
import { INCARNATIONS_PAGE } from "./ledger_needs.ts";
import { NO_EVENTS } from "../protocol/messages.ts";
import { eventRange } from "../protocol/record.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";

type Retire = Extract<OperatorDecision, { readonly type: "retire" }>;
type Resolve = Extract<OperatorDecision, { readonly type: "resolve" }>;

/** Applies a decision of an operator, or refuses it. */
export function decide(
  changes: UnitOfWork,
  requestId: number,
  decision: OperatorDecision,
): LedgerResult {
  const before = changes.decisions.length;
  const refusal =
    decision.type === "retire" ? retire(changes, decision) : resolve(changes, decision);
  const decisions = changes.decisions.slice(before);
  return { type: "decided", requestId, refusal, decisions };
}

/** Records, once, that the ledger was opened from a backup. */
export function recordCopy(changes: UnitOfWork): void {
  if (changes.ledger.copiedMs() === undefined) return;
  const kind = "ledger_restored";
  const detail = "it was opened from a backup";
  changes.addTrouble(undefined, { kind, incarnation: undefined, ...NO_EVENTS, detail });
  changes.clearCopied();
}

/**
 * Ends the trouble of a ledger from a backup: all members have answered, and so had the
 * `departedMembers`, which left since. An outbox that had left before the backup may have come back
 * after it, and may hold likes that the backup lacks. So it has to answer too.
 */
export function confirmRestoredCopy(
  changes: UnitOfWork,
  departedMembers: readonly OutboxId[],
): void {
  // A departed member may have come back while this command waited.
  const away = departedMembers.filter((id) => changes.ledger.member(id)?.state === "left");
  if (changes.ledger.outboxCount("left") > away.length) return;
  for (const trouble of changes.ledger.troublesOf(undefined))
    changes.decide("confirmed", trouble, "");
}

function retire(changes: UnitOfWork, { outboxId, reason }: Retire): Refusal | undefined {
  const member = changes.ledger.member(outboxId);
  if (member?.state !== "member") return refuse("retire", `${outboxId} is no member`);
  const retiredAsOfMs = member.retiredAsOfMs ?? changes.asOfMs;
  changes.setMember({ ...member, state: "retired", retiredAsOfMs });
  for (const state of ["open", "parked"] as const) retireAll(changes, outboxId, state);
  changes.decide("retire", { outboxId }, reason);
  for (const trouble of changes.ledger.troublesOf(outboxId)) {
    changes.decide("retire", trouble, reason);
  }
  return undefined;
}

function retireAll(changes: UnitOfWork, outboxId: OutboxId, state: IncarnationRow["state"]): void {
  let page = changes.ledger.incarnationsIn(outboxId, state, INCARNATIONS_PAGE);
  while (page.length > 0) {
    for (const incarnation of page) retireIncarnation(changes, incarnation, outboxId);
    page = changes.ledger.incarnationsIn(outboxId, state, INCARNATIONS_PAGE);
  }
}

/**
 * Retires an incarnation that is not closed. If it returns, `as_of` is doubtful from this one on.
 */
function retireIncarnation(
  changes: UnitOfWork,
  incarnation: IncarnationId,
  outboxId: OutboxId,
): void {
  const row = changes.incarnationOr(incarnation, outboxId);
  if (row.state !== "closed") changes.setIncarnation({ ...row, state: "retired" });
  const member = changes.ledger.member(outboxId);
  if (member === undefined || member.retiredAsOfMs !== undefined) return;
  changes.setMember({ ...member, retiredAsOfMs: changes.asOfMs });
}

function resolve(changes: UnitOfWork, decision: Resolve): Refusal | undefined {
  const { troubleNumber, reason } = decision;
  const trouble = changes.ledger.trouble(troubleNumber);
  if (trouble === undefined) {
    return refuse(
      "resolve",
      `there is no trouble ${troubleNumber} to decide; the status lists all`,
    );
  }
  switch (trouble.kind) {
    case "gap":
      return closeGap(changes, trouble, decision);
    case "outbox_rolled_back":
    case "digest_differs":
      return endIncarnation(changes, trouble, decision);
    case "second_incarnation":
      return endCopies(changes, trouble, decision);
    case "ledger_restored":
      if (trouble.outboxId === undefined) break;
      return refuse(
        "resolve",
        `trouble ${troubleNumber} ends by itself once its LikesServer has delivered again; ` +
          "start it, or retire it if it will not return",
      );
    case "closed_incarnation":
    case "retired_returned":
      break;
    default:
      return unreachable(trouble.kind);
  }
  changes.decide("resolve", trouble, reason);
  return undefined;
}

/** Gives up the missing events, and continues counting after them. */
function closeGap(
  changes: UnitOfWork,
  trouble: TroubleRow,
  { reason, streaming }: Resolve,
): Refusal | undefined {
  const { incarnation, outboxId, events, digest } = trouble;
  // Neither side remembers the events of such a gap, so there is no place to continue from.
  if (incarnation === undefined || events === undefined) {
    changes.decide("resolve", trouble, reason);
    return undefined;
  }
  assert(outboxId !== undefined && digest !== undefined, "a gap is in an outbox, and has a digest");
  const row = changes.incarnationOr(incarnation, outboxId);
  const givenUp = eventRange(row.appliedSequence + 1, events.last);
  if (givenUp === undefined) {
    // An intact copy delivered the events meanwhile, and may continue.
    changes.decide("resolve", trouble, reason);
    return undefined;
  }
  if (streaming.includes(incarnation)) return refuse("resolve", streams(incarnation));
  // An incarnation that is new to the ledger is not live: open, it would look like a second copy.
  const isKnown = changes.ledger.incarnation(incarnation) !== undefined;
  const state = isKnown ? row.state : "parked";
  changes.setIncarnation({ ...row, state, appliedSequence: givenUp.last, digest });
  changes.decide("resolve", trouble, reason, givenUp);
  return undefined;
}

/**
 * Retires the incarnation unless a stream delivers it. In that case an intact copy is alive and
 * keeps it.
 */
function endIncarnation(
  changes: UnitOfWork,
  trouble: TroubleRow,
  { reason, streaming }: Resolve,
): undefined {
  const { incarnation, outboxId } = trouble;
  assert(incarnation !== undefined && outboxId !== undefined, "it is about an incarnation");
  if (!streaming.includes(incarnation)) retireIncarnation(changes, incarnation, outboxId);
  changes.decide("resolve", trouble, reason);
}

/** Keeps the one copy of an outbox that streams, and retires the others. */
function endCopies(
  changes: UnitOfWork,
  { outboxId }: TroubleRow,
  { reason, streaming }: Resolve,
): Refusal | undefined {
  assert(outboxId !== undefined, "copies belong to an outbox");
  const open = changes.ledger.incarnationsIn(outboxId, "open", INCARNATIONS_PAGE);
  // The incarnation of an outbox that leaves is closed, and still streams.
  const live = streaming.filter((id) => changes.ledger.incarnation(id)?.outboxId === outboxId);
  // If every copy has left, no incarnation is open, and none has to stream.
  if (open.length > 0 && live.length !== 1) {
    const found = live.length === 0 ? "none of its copies streams" : `${live.length} copies stream`;
    return refuse("resolve", `${found}; let one copy stream, and stop the others`);
  }
  for (const incarnation of open) {
    if (incarnation !== live[0]) retireIncarnation(changes, incarnation, outboxId);
  }
  for (const trouble of changes.ledger.troublesOf(outboxId)) {
    if (trouble.kind === "second_incarnation") changes.decide("resolve", trouble, reason);
  }
  return undefined;
}

function streams(incarnation: IncarnationId): string {
  return `incarnation ${incarnation} streams; stop the LikesServer that delivers it`;
}

function refuse(verb: "retire" | "resolve", why: string): Refusal {
  return { code: "decision_refused", message: `Cannot ${verb}: ${why}` };
}
