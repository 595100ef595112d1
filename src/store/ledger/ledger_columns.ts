/** Converts between the rows of the core and the columns of SQLite. */
import { assert } from "../../assert.ts";
import type {
  AsOfSpan,
  DecisionRow,
  GenerationRow,
  IncarnationRow,
  LedgerMeta,
  MemberRow,
  TroubleRow,
} from "../../core/ledger/rows.ts";
import type { ItemCount } from "../../core/protocol/counts.ts";
import type { TroubleKind } from "../../core/protocol/messages.ts";
import type { EventRange } from "../../core/protocol/record.ts";
import type { LedgerHead, PlacedIncarnation } from "../../core/ledger/loaded_rows.ts";
import { integerOf } from "../sqlite/stored_integer.ts";
import type {
  Digest,
  Fingerprint,
  GenerationId,
  IncarnationId,
  OutboxId,
} from "../../core/protocol/ids.ts";

/** The stored row of the ledger itself. */
export interface StoredMeta {
  readonly version: bigint;
  readonly total_likes: bigint;
  readonly total_version: bigint;
  readonly as_of_ms: bigint;
  readonly fingerprint: Fingerprint | null;
}

/** The ledger's own row, and what every transaction loads beside it. */
export interface StoredHead extends StoredMeta {
  readonly copied_ms: bigint | null;
  readonly trouble_count: bigint;
  readonly last_trouble_number: bigint;
  readonly last_decision_number: bigint;
}

/** A stored member. */
export interface StoredMember {
  readonly outbox_id: OutboxId;
  readonly server_id: string;
  readonly address: string;
  readonly state: MemberRow["state"];
  readonly applied_events: bigint;
  readonly applied_likes: bigint;
  readonly retired_as_of_ms: bigint | null;
}

/** A stored incarnation. */
export interface StoredIncarnation {
  readonly ordinal: bigint;
  readonly incarnation: IncarnationId;
  readonly outbox_id: OutboxId;
  readonly applied_sequence: bigint;
  readonly digest: Digest;
  readonly state: IncarnationRow["state"];
}

/** A stored trouble, decided or not. */
export interface StoredTrouble {
  readonly number: bigint;
  readonly outbox_id: OutboxId | "";
  readonly incarnation: IncarnationId | undefined;
  readonly kind: TroubleKind;
  readonly first_sequence: bigint;
  readonly last_sequence: bigint;
  readonly digest: Digest | undefined;
  readonly detail: string;
  readonly since_ms: bigint;
  readonly as_of_from_ms: bigint;
  readonly as_of_to_ms: bigint;
}

/** A stored generation, with the first version of the next one. */
export interface StoredGeneration {
  readonly first_version: bigint;
  readonly next_first_version: bigint | null;
}

/** A stored item. */
export interface StoredItem {
  readonly item_id: string;
  readonly likes: bigint;
}

/** The stored likes of an item and a reaction. */
export interface StoredReaction extends StoredItem {
  readonly reaction: bigint;
}

/** Returns the ledger's own row. Asserts that it exists. */
export function metaOf(row: StoredMeta | undefined): LedgerMeta {
  assert(row !== undefined, "the ledger has its row");
  return {
    version: integerOf(row.version),
    totalLikes: row.total_likes,
    totalVersion: integerOf(row.total_version),
    asOfMs: integerOf(row.as_of_ms),
    fingerprint: row.fingerprint ?? undefined,
  };
}

/** Returns what every transaction loads. Asserts that the ledger has its row. */
export function headOf(row: StoredHead | undefined): LedgerHead {
  assert(row !== undefined, "the ledger has its row");
  return {
    meta: metaOf(row),
    copiedMs: timeIfAny(row.copied_ms),
    troubleCount: integerOf(row.trouble_count),
    lastTroubleNumber: integerOf(row.last_trouble_number),
    lastDecisionNumber: integerOf(row.last_decision_number),
  };
}

/** Returns a stored member as a row of the core. */
export function memberOf(row: StoredMember): MemberRow {
  return {
    outboxId: row.outbox_id,
    serverId: row.server_id,
    address: row.address,
    state: row.state,
    appliedEvents: integerOf(row.applied_events),
    appliedLikes: row.applied_likes,
    retiredAsOfMs: timeIfAny(row.retired_as_of_ms),
  };
}

/** Returns a stored incarnation as a row of the core. */
export function incarnationOf(row: StoredIncarnation): IncarnationRow {
  return {
    incarnation: row.incarnation,
    outboxId: row.outbox_id,
    appliedSequence: integerOf(row.applied_sequence),
    digest: row.digest,
    state: row.state,
  };
}

/** Returns a stored incarnation with its place. */
export function placedOf(row: StoredIncarnation): PlacedIncarnation {
  return { row: incarnationOf(row), place: integerOf(row.ordinal) };
}

/** Returns a stored trouble as a row of the core. */
export function troubleOf(row: StoredTrouble): TroubleRow {
  return {
    number: integerOf(row.number),
    outboxId: row.outbox_id || undefined,
    incarnation: row.incarnation || undefined,
    kind: row.kind,
    events: rangeOf(row),
    digest: row.digest || undefined,
    detail: row.detail,
    sinceMs: integerOf(row.since_ms),
    doubtfulAsOf: spanOf(row),
  };
}

/**
 * Returns the parameters of `addTrouble`. Absent values are not NULL, because a unique index treats
 * NULLs as distinct.
 */
export function troubleRow({ events, doubtfulAsOf, ...row }: TroubleRow, isDecided: boolean) {
  return {
    ...row,
    outboxId: row.outboxId ?? "",
    incarnation: row.incarnation ?? "",
    firstSequence: events?.first ?? 0,
    lastSequence: events?.last ?? 0,
    digest: row.digest ?? "",
    asOfFromMs: doubtfulAsOf?.afterMs ?? 0,
    asOfToMs: doubtfulAsOf?.upToMs ?? 0,
    decided: isDecided ? 1 : 0,
  };
}

/** Returns the parameters of `addDecision`. */
export function decisionRow({
  kind,
  trouble,
  outboxId,
  incarnation,
  givenUp,
  ...row
}: DecisionRow) {
  return {
    kind,
    trouble: trouble?.kind ?? "",
    troubleNumber: trouble?.number ?? 0,
    outboxId: outboxId ?? "",
    incarnation: incarnation ?? "",
    firstSequence: givenUp?.first ?? 0,
    lastSequence: givenUp?.last ?? 0,
    ...row,
  };
}

function rangeOf(row: StoredTrouble): EventRange | undefined {
  const [first, last] = [integerOf(row.first_sequence), integerOf(row.last_sequence)];
  return last === 0 ? undefined : { first, last };
}

function spanOf(row: StoredTrouble): AsOfSpan | undefined {
  const [afterMs, upToMs] = [integerOf(row.as_of_from_ms), integerOf(row.as_of_to_ms)];
  return upToMs === 0 ? undefined : { afterMs, upToMs };
}

/** Returns a stored time; undefined for NULL, or without a row. */
export function timeIfAny(stored: bigint | null | undefined): number | undefined {
  return stored === null || stored === undefined ? undefined : integerOf(stored);
}

/** Returns a stored item as a count. */
export function itemOf(row: StoredItem): ItemCount {
  return { itemId: row.item_id, likes: row.likes };
}

/** Returns a stored generation as a row of the core. */
export function generationOf(generation: GenerationId, row: StoredGeneration): GenerationRow {
  const { first_version: first, next_first_version: next } = row;
  const lastVersion = next === null ? undefined : integerOf(next - 1n);
  return { generation, firstVersion: integerOf(first), lastVersion };
}

/** Returns the likes of each item by reaction, without reactions of 0. */
export function reactionsByItem(
  rows: readonly StoredReaction[],
): ReadonlyMap<string, ReadonlyMap<number, bigint>> {
  const items = new Map<string, Map<number, bigint>>();
  for (const { item_id: itemId, reaction, likes } of rows) {
    if (likes === 0n) continue;
    const reactions = items.get(itemId) ?? new Map<number, bigint>();
    items.set(itemId, reactions.set(integerOf(reaction), likes));
  }
  return items;
}
