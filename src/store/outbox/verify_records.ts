/**
 * Verifies that the records of an outbox are those that were written. Each follows the one before,
 * and its digest and likes match its events. A start verifies an outbox up to
 * VERIFY_ROWS_BYTES_MAX, and after an unclean end up to VERIFY_CRASHED_BYTES_MAX. In a larger
 * outbox each record's digest is verified when it is read, which is before it is sent.
 */
import type { Database } from "../sqlite/sqlite.ts";
import type { IncarnationState } from "../../core/likes_server/outbox.ts";
import { acceptedLikes } from "../../core/protocol/like_event.ts";
import { firstDigest } from "../../core/protocol/record.ts";
import type { LikeRecord, Position, RecordCodec } from "../../core/protocol/record.ts";
import { VERIFY_CRASHED_BYTES_MAX, VERIFY_ROWS_BYTES_MAX } from "../../limits.ts";
import { positionOf } from "./outbox_columns.ts";
import type { RecordRow } from "./outbox_columns.ts";
import { readOutboxHead, recordsOf } from "./outbox_tables.ts";
import { usedBytes } from "../sqlite/sqlite_kind.ts";
import { integerOf } from "../sqlite/stored_integer.ts";

/**
 * Returns what is wrong with the records, for people; undefined when nothing is, or when the outbox
 * is too large. `uncleanEnd`: the last process did not close the outbox.
 */
export function verifyRecords(
  database: Database,
  codec: RecordCodec,
  uncleanEnd: boolean,
): string | undefined {
  const bytesMax = uncleanEnd ? VERIFY_CRASHED_BYTES_MAX : VERIFY_ROWS_BYTES_MAX;
  if (usedBytes(database) > bytesMax) return undefined;
  return verifyAllRecords(database, codec);
}

/** Returns the same for an outbox of any size. */
export function verifyAllRecords(database: Database, codec: RecordCodec): string | undefined {
  for (const incarnation of readOutboxHead(database).incarnations) {
    const found = verifyIncarnation(database, incarnation, codec);
    if (found !== undefined) return `incarnation ${incarnation.incarnation}: ${found}`;
  }
  return undefined;
}

function verifyIncarnation(
  database: Database,
  { incarnation, trimmed, acknowledged }: IncarnationState,
  codec: RecordCodec,
): string | undefined {
  if (
    trimmed.sequence === 0 &&
    (trimmed.digest !== firstDigest(incarnation) || trimmed.likes !== 0n)
  ) {
    return "its origin is not that of a new incarnation";
  }
  let position = trimmed;
  let isAcknowledgedThere = isSamePosition(trimmed, acknowledged);
  for (const row of recordsOf(database, incarnation)) {
    const found = verifyRecord(position, row, codec) ?? verifyLikes(position, row, codec);
    if (found !== undefined) return found;
    position = positionOf(row);
    isAcknowledgedThere ||= isSamePosition(position, acknowledged);
  }
  return isAcknowledgedThere
    ? undefined
    : `#${acknowledged.sequence} is acknowledged, but is not the end of a record`;
}

function isSamePosition(one: Position, other: Position): boolean {
  const { sequence, digest, likes } = one;
  return sequence === other.sequence && digest === other.digest && likes === other.likes;
}

/** Returns what is wrong with the record that follows `before`, without decoding its events. */
export function verifyRecord(
  before: Position,
  row: RecordRow,
  codec: RecordCodec,
): string | undefined {
  const { first_sequence: first, last_sequence: last } = row;
  const follows = first === BigInt(before.sequence) + 1n;
  if (!follows || last < first || last > Number.MAX_SAFE_INTEGER) {
    return `${rangeOf(row)} do not follow #${before.sequence}`;
  }
  const { events, bytes } = recordOf(row);
  if (codec.digest(before.digest, events.first, bytes) === row.digest) return undefined;
  return `${rangeOf(row)} have another digest than the one stored`;
}

function verifyLikes(before: Position, row: RecordRow, codec: RecordCodec): string | undefined {
  const events = codec.decode(recordOf(row).bytes) ?? [];
  let { likes } = before;
  for (const event of events) likes += event === undefined ? 0n : acceptedLikes(event.change);
  const isWhole = BigInt(events.length) === row.last_sequence - row.first_sequence + 1n;
  if (isWhole && likes === row.likes) return undefined;
  return `${rangeOf(row)} have other likes than those stored`;
}

function rangeOf(row: RecordRow): string {
  return `#${row.first_sequence} to #${row.last_sequence}`;
}

/** Returns a stored record. Shares the bytes of the row. */
export function recordOf(row: RecordRow): LikeRecord {
  const { buffer, byteOffset, length } = row.events;
  return {
    events: { first: integerOf(row.first_sequence), last: integerOf(row.last_sequence) },
    bytes: new Uint8Array(buffer, byteOffset, length),
  };
}
