/**
 * Whether the records of an outbox are those that were written: each follows the one before, its
 * digest is the one that its events give, and so are its likes. At a start this is done for an
 * outbox up to VERIFY_ROWS_BYTES_MAX, and after an end that was not clean up to
 * VERIFY_CRASHED_BYTES_MAX; of a larger one each record's digest is looked at when it is read,
 * which is before it is sent.
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
 * Says what is wrong with the records, for people; undefined when nothing is, or they are too many
 * to look at. `uncleanEnd`: the process that had them before did not close the outbox.
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

/** The same, however many there are. */
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
    return "it does not begin as it has to";
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
    : `#${acknowledged.sequence} is acknowledged and not there`;
}

function isSamePosition(one: Position, other: Position): boolean {
  const { sequence, digest, likes } = one;
  return sequence === other.sequence && digest === other.digest && likes === other.likes;
}

/** Says what is wrong with the record that follows `before`, without a look into its events. */
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
  const { firstSequence, bytes } = recordOf(row);
  if (codec.digest(before.digest, firstSequence, bytes) === row.digest) return undefined;
  return `${rangeOf(row)} have another digest than they were stored with`;
}

function verifyLikes(before: Position, row: RecordRow, codec: RecordCodec): string | undefined {
  const events = codec.decode(recordOf(row).bytes) ?? [];
  let { likes } = before;
  for (const event of events) if (event !== undefined) likes += acceptedLikes(event.change);
  const isWhole = BigInt(events.length) === row.last_sequence - row.first_sequence + 1n;
  if (isWhole && likes === row.likes) return undefined;
  return `${rangeOf(row)} have other likes than they were stored with`;
}

function rangeOf(row: RecordRow): string {
  return `#${row.first_sequence} to #${row.last_sequence}`;
}

/** A record as it was stored. */
export function recordOf(row: RecordRow): LikeRecord {
  const { buffer, byteOffset, length } = row.events;
  return {
    firstSequence: integerOf(row.first_sequence),
    lastSequence: integerOf(row.last_sequence),
    bytes: new Uint8Array(buffer, byteOffset, length),
  };
}
