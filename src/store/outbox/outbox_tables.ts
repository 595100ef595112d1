/** The tables of an outbox in SQLite, and the statements that read and change them. */
import type { Database } from "../sqlite/sqlite.ts";
import { assert } from "../../assert.ts";
import {
  CELL_BYTES,
  CELL_BYTES_MAX,
  PAGE_BYTES,
  PAGE_EVENT_BYTES,
  TREE_EVENT_BYTES_MAX,
} from "./disk_bytes.ts";
import type { IncarnationState, OutboxSnapshot } from "../../core/likes_server/outbox.ts";
import { incarnationState, outboxState } from "./outbox_columns.ts";
import type {
  StoredOutboxIncarnation,
  OutboxHead,
  OutboxRow,
  PositionRow,
  RecordRow,
  SizeRow,
} from "./outbox_columns.ts";
import type { SqliteKind } from "../sqlite/sqlite_kind.ts";
import { integerOf } from "../sqlite/stored_integer.ts";
import type { Digest, IncarnationId } from "../../core/protocol/ids.ts";

/**
 * The database of an outbox. A record's `likes` are cumulative in its incarnation, the record
 * included.
 */
export const OUTBOX_KIND: SqliteKind = {
  name: "outbox",
  applicationId: 0x4c6b4f42n,
  schemaVersion: 1n,
  logPagesMax: 1_000, // 4 MiB
  erases: false,
  guarded: ["outbox", "incarnations"],
  schema: `
    CREATE TABLE outbox (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      outbox_id TEXT NOT NULL,
      server_id TEXT NOT NULL,
      membership TEXT NOT NULL CHECK (membership IN ('unregistered', 'member', 'leaving')),
      seen_ledger_id TEXT,
      seen_generation TEXT,
      seen_version INTEGER,
      fingerprint TEXT,
      redelivering INTEGER NOT NULL CHECK (redelivering IN (0, 1)),
      purged_events INTEGER NOT NULL,
      purged_likes INTEGER NOT NULL,
      mark TEXT,
      copied_ms INTEGER
    ) STRICT;
    CREATE TABLE incarnations (
      ordinal INTEGER PRIMARY KEY,
      incarnation TEXT NOT NULL UNIQUE,
      trimmed_sequence INTEGER NOT NULL,
      trimmed_digest TEXT NOT NULL,
      trimmed_likes INTEGER NOT NULL,
      acknowledged_sequence INTEGER NOT NULL,
      acknowledged_digest TEXT NOT NULL,
      acknowledged_likes INTEGER NOT NULL,
      closed INTEGER NOT NULL CHECK (closed IN (0, 1)),
      parked_kind TEXT,
      parked_first_sequence INTEGER,
      parked_last_sequence INTEGER,
      parked_digest TEXT,
      parked_detail TEXT
    ) STRICT;
    CREATE TABLE records (
      ordinal INTEGER NOT NULL REFERENCES incarnations (ordinal),
      last_sequence INTEGER NOT NULL,
      first_sequence INTEGER NOT NULL,
      digest TEXT NOT NULL,
      likes INTEGER NOT NULL,
      events BLOB NOT NULL,
      PRIMARY KEY (ordinal, last_sequence)
    ) STRICT, WITHOUT ROWID;
  `,
};

/** `recordDiskBytes` in SQL, because an outbox may hold millions of records. */
const DISK_BYTES =
  `CASE WHEN length(events) <= ${TREE_EVENT_BYTES_MAX} ` +
  `THEN length(events) * 4 / 3 + ${CELL_BYTES} ` +
  `ELSE (length(events) - ${TREE_EVENT_BYTES_MAX} + ${PAGE_EVENT_BYTES - 1}) / ` +
  `${PAGE_EVENT_BYTES} * ${PAGE_BYTES} + ${CELL_BYTES_MAX} END`;

/**
 * Reads the state of an outbox without its sums of bytes. The caller has a transaction, or is the
 * only writer.
 */
export function readOutboxHead(database: Database): OutboxHead {
  const row = database.prepare<[], OutboxRow>("SELECT * FROM outbox").get();
  assert(row !== undefined, "the outbox has its row");
  return { ...outboxState(row), incarnations: readIncarnations(database) };
}

/** Reads the sums of the records' bytes on the disk. Scans every record, but reads no events. */
export function readOutboxBytes(
  database: Database,
): Pick<OutboxSnapshot, "bytes" | "retainedBytes"> {
  const row = database
    .prepare<[], { readonly bytes: bigint; readonly retained: bigint }>(
      `SELECT coalesce(sum(${DISK_BYTES}), 0) AS bytes, coalesce(sum(${DISK_BYTES}) ` +
        "FILTER (WHERE closed OR last_sequence <= acknowledged_sequence), 0) AS retained " +
        "FROM records JOIN incarnations USING (ordinal)",
    )
    .get();
  return { bytes: integerOf(row?.bytes ?? 0n), retainedBytes: integerOf(row?.retained ?? 0n) };
}

/** Iterates over the records of an incarnation after a sequence, in order. */
export function recordsOf(
  database: Database,
  incarnation: IncarnationId,
  after = 0,
): IterableIterator<RecordRow> {
  return database
    .prepare<[IncarnationId, number], RecordRow>(
      "SELECT * FROM records WHERE ordinal = (SELECT ordinal FROM incarnations " +
        "WHERE incarnation = ?) AND last_sequence > ? ORDER BY last_sequence",
    )
    .iterate(incarnation, after);
}

/** The prepared statements of an open outbox. They take incarnations by id. */
export type OutboxStatements = ReturnType<typeof prepareOutbox>;

const ORDINAL = "(SELECT ordinal FROM incarnations WHERE incarnation = ?)";

/** Prepares the statements of an outbox. */
export function prepareOutbox(database: Database) {
  return {
    setOutbox: database.prepare<[Readonly<Record<string, unknown>>]>(
      "UPDATE outbox SET membership = @membership, seen_ledger_id = @ledgerId, " +
        "seen_generation = @generation, seen_version = @version, " +
        "fingerprint = @fingerprint, redelivering = @redelivering, " +
        "purged_events = @purgedEvents, purged_likes = @purgedLikes, copied_ms = NULL, " +
        "mark = @mark",
    ),
    setIncarnation: prepareSetIncarnation(database),
    purge: database.prepare<[IncarnationId]>("DELETE FROM incarnations WHERE incarnation = ?"),
    append: database.prepare<[IncarnationId, number, number, Digest, bigint, Uint8Array]>(
      "INSERT INTO records (ordinal, last_sequence, first_sequence, digest, likes, events) " +
        `VALUES (${ORDINAL}, ?, ?, ?, ?, ?)`,
    ),
    remove: database.prepare<[IncarnationId, number]>(
      `DELETE FROM records WHERE ordinal = ${ORDINAL} AND last_sequence <= ?`,
    ),
    ...prepareReads(database),
  };
}

function prepareSetIncarnation(database: Database) {
  const columns = (
    "trimmed_sequence trimmed_digest trimmed_likes " +
    "acknowledged_sequence acknowledged_digest acknowledged_likes " +
    "closed parked_kind parked_first_sequence parked_last_sequence parked_digest parked_detail"
  ).split(" ");
  const values = columns.map((column) => `@${column}`).join(", ");
  const updates = columns.map((column) => `${column} = excluded.${column}`).join(", ");
  return database.prepare<[Readonly<Record<string, unknown>>]>(
    `INSERT INTO incarnations (incarnation, ${columns.join(", ")}) ` +
      `VALUES (@incarnation, ${values}) ON CONFLICT (incarnation) DO UPDATE SET ${updates}`,
  );
}

function prepareReads(database: Database) {
  const after = `FROM records WHERE ordinal = ${ORDINAL} AND last_sequence > ?`;
  return {
    positionAt: database.prepare<[IncarnationId, number], PositionRow>(
      "SELECT last_sequence, digest, likes FROM records " +
        `WHERE ordinal = ${ORDINAL} AND last_sequence = ?`,
    ),
    bytesBetween: database
      .prepare<[IncarnationId, number, number], bigint>(
        `SELECT coalesce(sum(${DISK_BYTES}), 0) ${after} AND last_sequence <= ?`,
      )
      .pluck(),
    sizesAfter: database.prepare<[IncarnationId, number], SizeRow>(
      `SELECT last_sequence, digest, likes, ${DISK_BYTES} AS disk_bytes ${after} ` +
        "ORDER BY last_sequence",
    ),
    recordsAfter: database.prepare<[IncarnationId, number, number], RecordRow>(
      `SELECT * ${after} ORDER BY last_sequence LIMIT ?`,
    ),
  };
}

function readIncarnations(database: Database): readonly IncarnationState[] {
  const rows = database
    .prepare<[], StoredOutboxIncarnation>(
      "SELECT i.*, r.last_sequence, r.digest AS last_digest, r.likes AS last_likes " +
        "FROM incarnations i LEFT JOIN records r ON r.ordinal = i.ordinal AND r.last_sequence = " +
        "(SELECT max(last_sequence) FROM records WHERE ordinal = i.ordinal) ORDER BY i.ordinal",
    )
    .all();
  return rows.map(incarnationState);
}
