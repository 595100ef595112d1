/**
 * The rule of exactly once.
 *
 * The applied sequence, its digest, the likes of each item and the grand total change together or
 * not at all. No time window and no list of recent events takes part: an event at or below the
 * applied sequence is a duplicate for ever, the next one is applied, and anything else is refused.
 * The sender of a refused batch says Hello again.
 */
import type { Refusal } from "../../errors.ts";
import { TOTAL_LIKES_MAX } from "../../limits.ts";
import { applyEvent } from "./apply_event.ts";
import type { DecodedBatch } from "./decode_batch.ts";
import type { IncarnationRow } from "./rows.ts";
import type { UnitOfWork } from "./unit_of_work.ts";
import type { AppliedEvent, LedgerResult } from "./ledger_command.ts";
import {
  beyondProtocol,
  foreignIncarnation,
  resultOfAttempt,
  resynchronise,
} from "./ledger_refusals.ts";
import { likesAtMost } from "../protocol/like_event.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { LikeBatch } from "../protocol/messages.ts";
import type { RecordCodec } from "../protocol/record.ts";

/** Applies a whole batch or nothing. Returns `applied`, `duplicate` or `refused`. */
export function applyBatch(
  changes: UnitOfWork,
  { streamId, outboxId, batch, decoded }: DecodedBatch,
  codec: RecordCodec,
): LedgerResult {
  const incarnation = changes.ledger.incarnation(batch.incarnation);
  const member = changes.ledger.member(outboxId);
  const refused = (refusal: Refusal): LedgerResult => ({ type: "refused", streamId, refusal });
  const isRetired = incarnation?.state === "retired" || member?.state === "retired";
  if (incarnation === undefined || member === undefined || isRetired) {
    return refused(resynchronise("Cannot apply a batch before the first report"));
  }
  if (incarnation.outboxId !== outboxId) return refused(foreignIncarnation(batch.incarnation));
  if (batch.events.last <= incarnation.appliedSequence) {
    return { type: "duplicate", streamId, incarnation };
  }
  const mismatch = mismatchOf(batch, incarnation, codec);
  if (mismatch !== undefined) return refused(mismatch);
  if ("code" in decoded) return refused(decoded);

  const totalBefore = changes.totalLikes;
  // A store keeps the total in a signed 64-bit integer.
  const totalAtMost = decoded.reduce((sum, { change }) => sum + likesAtMost(change), totalBefore);
  if (totalAtMost > TOTAL_LIKES_MAX) {
    const why = `the total could be ${totalAtMost}`;
    return refused(beyondProtocol(batch.events.first, why));
  }
  const apply = (): LedgerResult => {
    const outcomes = decoded.map((event) => applyEvent(changes, event));
    const { events, digest } = batch;
    changes.setMember({
      ...member,
      appliedEvents: member.appliedEvents + decoded.length,
      appliedLikes: member.appliedLikes + addedLikes(decoded, outcomes),
    });
    const row = changes.setIncarnation({ ...incarnation, appliedSequence: events.last, digest });
    const { serverId } = member;
    return {
      type: "applied",
      streamId,
      applied: { incarnation: row, serverId, events, outcomes, totalBefore },
    };
  };
  if (incarnation.state !== "closed") return apply();
  const attempted = changes.attempt(() => {
    recordAfterClose(changes, incarnation, batch);
    return apply();
  });
  return resultOfAttempt(streamId, attempted);
}

/** Returns why a batch does not follow the applied events, by sequences and digest. */
function mismatchOf(
  batch: LikeBatch,
  incarnation: IncarnationRow,
  codec: RecordCodec,
): Refusal | undefined {
  const { first, last } = batch.events;
  const range = `#${first} to #${last}`;
  const expected = incarnation.appliedSequence + 1;
  if (first !== expected) {
    return resynchronise(`Cannot apply ${range}: #${expected} is expected next`);
  }
  let { digest } = incarnation;
  for (const { events, bytes } of batch.records) {
    digest = codec.digest(digest, events.first, bytes);
  }
  if (digest === batch.digest) return undefined;
  return resynchronise(`Cannot apply ${range}: the digest differs`);
}

/** Events after the end of a closed incarnation still count, but that they exist is a trouble. */
function recordAfterClose(changes: UnitOfWork, before: IncarnationRow, batch: LikeBatch): void {
  const { incarnation, outboxId, appliedSequence } = before;
  const detail = `it was closed at #${appliedSequence}, and sends events`;
  const { events } = batch;
  const kind = "closed_incarnation";
  changes.addTrouble(outboxId, { kind, incarnation, events, digest: undefined, detail });
}

/** Returns the likes of the adds that were counted. */
function addedLikes(events: readonly LikeEvent[], outcomes: readonly AppliedEvent[]): bigint {
  return events.reduce((sum, { change }, index) => {
    return change.kind === "add" ? sum + (outcomes[index]?.gained ?? 0n) : sum;
  }, 0n);
}
