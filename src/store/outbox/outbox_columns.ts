/** Rows of an outbox as SQLite gives and takes them, and what they mean. */
import type { Trouble, TroubleKind } from "../../core/protocol/messages.ts";
import type {
  IncarnationState,
  Membership,
  OutboxSnapshot,
} from "../../core/likes_server/outbox.ts";
import type { Id, Position } from "../../core/protocol/record.ts";
import { integerOf } from "../sqlite/stored_integer.ts";

/** Everything about an outbox except how many bytes it holds, which takes a scan. */
export type OutboxHead = Omit<OutboxSnapshot, "bytes" | "retainedBytes">;

/** The row of the outbox itself, as it is stored. */
export interface OutboxRow {
  readonly outbox_id: Id;
  readonly server_id: string;
  readonly membership: Membership;
  readonly seen_ledger_id: Id | null;
  readonly seen_generation: Id | null;
  readonly seen_version: bigint | null;
  readonly redelivering: bigint;
  readonly purged_events: bigint;
  readonly purged_likes: bigint;
  readonly generator_start_ms: bigint | null;
  readonly generator_tick: bigint | null;
  readonly generator_events: bigint | null;
}

/** An incarnation as it is stored, with its last record if it has one. */
export interface IncarnationRow {
  readonly incarnation: Id;
  readonly trimmed_sequence: bigint;
  readonly trimmed_digest: Id;
  readonly trimmed_likes: bigint;
  readonly acknowledged_sequence: bigint;
  readonly acknowledged_digest: Id;
  readonly acknowledged_likes: bigint;
  readonly closed: bigint;
  readonly parked_kind: TroubleKind | null;
  readonly parked_first_sequence: bigint | null;
  readonly parked_last_sequence: bigint | null;
  readonly parked_digest: Id | null;
  readonly parked_detail: string | null;
  readonly last_sequence: bigint | null;
  readonly last_digest: Id | null;
  readonly last_likes: bigint | null;
}

/** A position as it is stored. */
export interface PositionRow {
  readonly last_sequence: bigint;
  readonly digest: Id;
  readonly likes: bigint;
}

/** A record as far as sums go. */
export interface SizeRow extends PositionRow {
  readonly disk_bytes: bigint;
}

/** A record as it is stored. */
export interface RecordRow extends PositionRow {
  readonly first_sequence: bigint;
  readonly events: Uint8Array;
}

/** The position of a row. */
export function positionOf(row: PositionRow): Position {
  return { sequence: integerOf(row.last_sequence), digest: row.digest, likes: row.likes };
}

/** The outbox as it was stored, without its incarnations. */
export function outboxState(row: OutboxRow): Omit<OutboxHead, "incarnations"> {
  const { seen_ledger_id: ledgerId, seen_generation: generation, seen_version: version } = row;
  const { generator_start_ms: startMs, generator_tick: tick, generator_events: events } = row;
  return {
    outboxId: row.outbox_id,
    serverId: row.server_id,
    membership: row.membership,
    seen:
      ledgerId === null || generation === null || version === null
        ? undefined
        : { ledgerId, generation, version: integerOf(version) },
    isRedelivering: row.redelivering !== 0n,
    purged: { events: integerOf(row.purged_events), likes: row.purged_likes },
    generator:
      startMs === null || tick === null || events === null
        ? undefined
        : { startMs: integerOf(startMs), tick: integerOf(tick), events: integerOf(events) },
  };
}

/** What `setOutbox` takes. */
export function outboxRow(state: OutboxSnapshot) {
  const { membership, seen, isRedelivering, purged, generator } = state;
  return {
    membership,
    ledgerId: seen?.ledgerId ?? null,
    generation: seen?.generation ?? null,
    version: seen?.version ?? null,
    redelivering: isRedelivering ? 1 : 0,
    purgedEvents: purged.events,
    purgedLikes: purged.likes,
    startMs: generator?.startMs ?? null,
    tick: generator?.tick ?? null,
    events: generator?.events ?? null,
  };
}

/** What `setIncarnation` takes. */
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
    parked_first_sequence: parked?.firstSequence ?? null,
    parked_last_sequence: parked?.lastSequence ?? null,
    parked_digest: parked?.digest ?? null,
    parked_detail: parked?.detail ?? null,
  };
}

/** An incarnation as it was stored. */
export function incarnationState(row: IncarnationRow): IncarnationState {
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

function parkedOf(row: IncarnationRow): Trouble | undefined {
  if (row.parked_kind === null) return undefined;
  return {
    kind: row.parked_kind,
    incarnation: row.incarnation,
    firstSequence: integerOf(row.parked_first_sequence ?? 0n),
    lastSequence: integerOf(row.parked_last_sequence ?? 0n),
    digest: row.parked_digest ?? "",
    detail: row.parked_detail ?? "",
  };
}
