/** The rows of an outbox in SQLite, and their conversion from and to the core's types. */
import type { ReportedTrouble, TroubleKind } from "../../core/protocol/messages.ts";
import type {
  IncarnationState,
  Membership,
  OutboxSnapshot,
} from "../../core/likes_server/outbox.ts";
import type { Position } from "../../core/protocol/record.ts";
import { integerOf } from "../sqlite/stored_integer.ts";
import type {
  Digest,
  Fingerprint,
  GenerationId,
  IncarnationId,
  LedgerId,
  OutboxId,
} from "../../core/protocol/ids.ts";

/** The state of an outbox without its sums of bytes, which take a scan. */
export type OutboxHead = Omit<OutboxSnapshot, "bytes" | "retainedBytes">;

/** The outbox's own row, as stored. */
export interface OutboxRow {
  readonly outbox_id: OutboxId;
  readonly server_id: string;
  readonly membership: Membership;
  readonly seen_ledger_id: LedgerId | null;
  readonly seen_generation: GenerationId | null;
  readonly seen_version: bigint | null;
  readonly fingerprint: Fingerprint | null;
  readonly redelivering: bigint;
  readonly purged_events: bigint;
  readonly purged_likes: bigint;
  readonly mark: string | null;
}

/** An incarnation as stored, joined with its last record, if any. */
export interface StoredOutboxIncarnation {
  readonly incarnation: IncarnationId;
  readonly trimmed_sequence: bigint;
  readonly trimmed_digest: Digest;
  readonly trimmed_likes: bigint;
  readonly acknowledged_sequence: bigint;
  readonly acknowledged_digest: Digest;
  readonly acknowledged_likes: bigint;
  readonly closed: bigint;
  readonly parked_kind: TroubleKind | null;
  readonly parked_first_sequence: bigint | null;
  readonly parked_last_sequence: bigint | null;
  readonly parked_digest: Digest | null;
  readonly parked_detail: string | null;
  readonly last_sequence: bigint | null;
  readonly last_digest: Digest | null;
  readonly last_likes: bigint | null;
}

/** A position as stored. */
export interface PositionRow {
  readonly last_sequence: bigint;
  readonly digest: Digest;
  readonly likes: bigint;
}

/** A record without its events. */
export interface SizeRow extends PositionRow {
  readonly disk_bytes: bigint;
}

/** A record as stored. */
export interface RecordRow extends PositionRow {
  readonly first_sequence: bigint;
  readonly events: Uint8Array;
}

/** Returns the position of a row. */
export function positionOf(row: PositionRow): Position {
  return { sequence: integerOf(row.last_sequence), digest: row.digest, likes: row.likes };
}

/** Returns the state of a stored outbox, without its incarnations. */
export function outboxState(row: OutboxRow): Omit<OutboxHead, "incarnations"> {
  const { seen_ledger_id: ledgerId, seen_generation: generation, seen_version: version } = row;
  return {
    outboxId: row.outbox_id,
    serverId: row.server_id,
    membership: row.membership,
    seen:
      ledgerId === null || generation === null || version === null
        ? undefined
        : { ledgerId, generation, version: integerOf(version) },
    fingerprint: row.fingerprint ?? undefined,
    isRedelivering: row.redelivering !== 0n,
    purged: { events: integerOf(row.purged_events), likes: row.purged_likes },
    mark: row.mark ?? undefined,
  };
}

/** Returns the parameters of the statement `setOutbox`. */
export function outboxRow(state: OutboxSnapshot) {
  const { membership, seen, fingerprint, isRedelivering, purged, mark } = state;
  return {
    membership,
    ledgerId: seen?.ledgerId ?? null,
    generation: seen?.generation ?? null,
    version: seen?.version ?? null,
    fingerprint: fingerprint ?? null,
    redelivering: isRedelivering ? 1 : 0,
    purgedEvents: purged.events,
    purgedLikes: purged.likes,
    mark: mark ?? null,
  };
}

/** Returns the parameters of the statement `setIncarnation`. */
export function incarnationRow(state: IncarnationState) {
  const { incarnation, trimmed, acknowledged, closed, parked } = state;
  return {
    incarnation,
    trimmed_sequence: trimmed.sequence,
    trimmed_digest: trimmed.digest,
    trimmed_likes: trimmed.likes,
    acknowledged_sequence: acknowledged.sequence,
    acknowledged_digest: acknowledged.digest,
    acknowledged_likes: acknowledged.likes,
    closed: Number(closed),
    parked_kind: parked?.kind ?? null,
    parked_first_sequence: parked?.events?.first ?? null,
    parked_last_sequence: parked?.events?.last ?? null,
    parked_digest: parked?.digest ?? null,
    parked_detail: parked?.detail ?? null,
  };
}

/** Returns the state of a stored incarnation. */
export function incarnationState(row: StoredOutboxIncarnation): IncarnationState {
  const { incarnation, last_sequence: sequence, last_digest: digest, last_likes: likes } = row;
  const trimmed = positionOf({
    last_sequence: row.trimmed_sequence,
    digest: row.trimmed_digest,
    likes: row.trimmed_likes,
  });
  return {
    incarnation,
    trimmed,
    acknowledged: positionOf({
      last_sequence: row.acknowledged_sequence,
      digest: row.acknowledged_digest,
      likes: row.acknowledged_likes,
    }),
    last:
      sequence === null || digest === null || likes === null
        ? trimmed
        : { sequence: integerOf(sequence), digest, likes },
    closed: row.closed === 1n,
    parked: parkedOf(row),
  };
}

function parkedOf(row: StoredOutboxIncarnation): ReportedTrouble | undefined {
  if (row.parked_kind === null) return undefined;
  // Rows of an older release have 0, 0 and an empty text for absent values.
  const { parked_first_sequence: first, parked_last_sequence: last } = row;
  return {
    kind: row.parked_kind,
    incarnation: row.incarnation,
    events:
      first === null || last === null || last === 0n
        ? undefined
        : { first: integerOf(first), last: integerOf(last) },
    digest: row.parked_digest || undefined,
    detail: row.parked_detail ?? "",
  };
}
