/**
 * The rule of exactly once.
 *
 * The applied sequence, its digest, the likes of each item and the grand total change together or
 * not at all. No time window and no list of recent events takes part: an event at or below the
 * applied sequence is a duplicate for ever, the next one is applied, and anything else is refused.
 * The sender of a refused batch says Hello again.
 */
import type { Refusal } from "../../errors.ts";
import { RECORD_EVENTS_MAX, TOTAL_LIKES_MAX } from "../../limits.ts";
import type { LedgerTransaction } from "./ledger_transaction.ts";
import type { IncarnationRow } from "./rows.ts";
import type { UnitOfWork } from "./unit_of_work.ts";
import type { AppliedEvent, LedgerCommand, LedgerResult } from "./ledger_command.ts";
import { foreignIncarnation, resultOfAttempt, resynchronise } from "./ledger_refusals.ts";
import { checkEvent, gainedLikes } from "../protocol/like_event.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { LikeBatch } from "../protocol/messages.ts";
import type { RecordCodec } from "../protocol/record.ts";

type BatchCommand = Extract<LedgerCommand, { readonly type: "batch" }>;

/** Applies a whole batch or nothing. Returns `applied`, `duplicate` or `refused`. */
export function applyBatch(
  changes: UnitOfWork,
  { streamId, outboxId, batch }: BatchCommand,
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
  const decoded = decode(batch, codec);
  if ("code" in decoded) return refused(decoded);

  const gains = gainsOf(changes.ledger, decoded);
  const totalBefore = changes.totalLikes;
  const total = [...gains.byItem.values()].reduce((sum, gained) => sum + gained, totalBefore);
  if (total > TOTAL_LIKES_MAX) {
    // A store keeps the total in a signed 64-bit integer.
    return refused(beyondProtocol(batch.events.first, `the total would be ${total}`));
  }
  const apply = (): LedgerResult => {
    for (const [itemId, gained] of gains.byItem) changes.addLikes(itemId, gained);
    const appliedLikes = member.appliedLikes + total - totalBefore;
    changes.setMember({ ...member, appliedLikes });
    const { events, digest } = batch;
    const row = changes.setIncarnation({ ...incarnation, appliedSequence: events.last, digest });
    const { serverId } = member;
    const applied = { incarnation: row, serverId, events, gains: gains.applied, totalBefore };
    return { type: "applied", streamId, applied };
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

/** Returns the events of a batch with the right digest, or why they cannot be counted. */
function decode(batch: LikeBatch, codec: RecordCodec): readonly LikeEvent[] | Refusal {
  const events: LikeEvent[] = [];
  for (const { events: range, bytes } of batch.records) {
    const sequence = batch.events.first + events.length;
    const decoded = codec.decode(bytes);
    if (decoded === undefined || range.first !== sequence) {
      return resynchronise(`Cannot apply a record at #${range.first}: #${sequence} is expected`);
    }
    if (decoded.length === 0 || decoded.length > RECORD_EVENTS_MAX) {
      return beyondProtocol(sequence, `its record has ${decoded.length} events`);
    }
    for (const event of decoded) {
      const eventSequence = batch.events.first + events.length;
      if (event === undefined) return unknownChange(eventSequence);
      const refusal = checkEvent(event);
      if (refusal !== undefined) return beyondProtocol(eventSequence, refusal.message);
      events.push(event);
    }
  }
  const last = batch.events.first + events.length - 1;
  if (last === batch.events.last) return events;
  return resynchronise(`Cannot apply a batch to #${batch.events.last}: its events end at #${last}`);
}

/** Events after the end of a closed incarnation still count, but that they exist is a trouble. */
function recordAfterClose(changes: UnitOfWork, before: IncarnationRow, batch: LikeBatch): void {
  const { incarnation, outboxId, appliedSequence } = before;
  const detail = `it was closed at #${appliedSequence}, and sends events`;
  const { events } = batch;
  const kind = "closed_incarnation";
  changes.addTrouble(outboxId, { kind, incarnation, events, digest: undefined, detail });
}

/** What the events of a batch add: each to its item, and each item's sum, which is one write. */
interface Gains {
  readonly applied: readonly AppliedEvent[];
  readonly byItem: ReadonlyMap<string, bigint>;
}

/** Returns what events add, each given the events before it. */
function gainsOf(ledger: LedgerTransaction, events: readonly LikeEvent[]): Gains {
  const byItem = new Map<string, bigint>();
  const applied = events.map(({ itemId, change }) => {
    const before = byItem.get(itemId) ?? 0n;
    const gained = gainedLikes(change, () => ledger.itemLikes(itemId) + before);
    byItem.set(itemId, before + gained);
    return { itemId, gained };
  });
  return { applied, byItem };
}

/**
 * No LikesServer of this protocol version accepts such an event, because both sides share the
 * bounds. The event comes from something else, and must not reach the total.
 */
function beyondProtocol(sequence: number, why: string): Refusal {
  return { code: "message_invalid", message: `Cannot apply #${sequence}: ${why}` };
}

function unknownChange(sequence: number): Refusal {
  const message =
    `Cannot apply #${sequence}: its change is of a kind that this primary does not know; ` +
    "upgrade the primary";
  return { code: "change_unknown", message };
}
