/** The tables of an outbox, how they are read, and the statements that change them. */
// tidy: no test because the acceptance tests of the outbox go through it
import type Database from "better-sqlite3";
import { assert } from "../assert.ts";
import {
  CELL_BYTES,
  CELL_BYTES_MAX,
  PAGE_BYTES,
  PAGE_EVENT_BYTES,
  TREE_EVENT_BYTES_MAX,
} from "../core/disk_bytes.ts";
import type { TroubleKind } from "../core/messages.ts";
import type { IncarnationState, Membership, OutboxSnapshot } from "../core/outbox.ts";
import type { Id, Position } from "../core/record.ts";
import type { SqliteKind } from "./sqlite_kind.ts";
import { integerOf } from "./stored_integer.ts";

/** The database of an outbox. `likes` are cumulative in their incarnation, after the record. */
export const OUTBOX_KIND: SqliteKind = {
  name: "outbox",
  applicationId: 0x4c6b4f42n,
  schemaVersion: 1n,
  guarded: ["outbox", "incarnations"],
  schema: `
    CREATE TABLE outbox (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      outbox_id TEXT NOT NULL,
      server_id TEXT NOT NULL,
      membership TEXT NOT NULL CHECK (membership IN ('stranger', 'member', 'leaving')),
      seen_ledger_id TEXT,
      seen_generation TEXT,
      seen_version INTEGER,
      closed_events INTEGER NOT NULL,
      closed_likes INTEGER NOT NULL,
      generator_start_ms INTEGER,
      generator_tick INTEGER,
      generator_events INTEGER
    ) STRICT;
    CREATE TABLE incarnations (
      ordinal INTEGER PRIMARY KEY,
      incarnation TEXT NOT NULL UNIQUE,
      trimmed_sequence INTEGER NOT NULL,
      trimmed_digest TEXT NOT NULL,
      trimmed_likes INTEGER NOT NULL,
      parked_kind TEXT,
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

/** `recordDiskBytes` of the records, summed; in SQL, since an outbox may hold millions of them. */
const DISK_BYTES_SUM =
  `coalesce(sum(CASE WHEN length(events) <= ${TREE_EVENT_BYTES_MAX} ` +
  `THEN length(events) * 4 / 3 + ${CELL_BYTES} ` +
  `ELSE (length(events) - ${TREE_EVENT_BYTES_MAX} + ${PAGE_EVENT_BYTES - 1}) / ` +
  `${PAGE_EVENT_BYTES} * ${PAGE_BYTES} + ${CELL_BYTES_MAX} END), 0)`;

/** Everything about an outbox except how many bytes it holds, which takes a scan. */
export type OutboxHead = Omit<OutboxSnapshot, "bytes">;

interface OutboxRow {
  readonly outbox_id: Id;
  readonly server_id: string;
  readonly membership: Membership;
  readonly seen_ledger_id: Id | null;
  readonly seen_generation: Id | null;
  readonly seen_version: bigint | null;
  readonly closed_events: bigint;
  readonly closed_likes: bigint;
  readonly generator_start_ms: bigint | null;
  readonly generator_tick: bigint | null;
  readonly generator_events: bigint | null;
}

interface IncarnationRow {
  readonly incarnation: Id;
  readonly trimmed_sequence: bigint;
  readonly trimmed_digest: Id;
  readonly trimmed_likes: bigint;
  readonly parked_kind: TroubleKind | null;
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

/** A record as it is stored. */
export interface RecordRow extends PositionRow {
  readonly first_sequence: bigint;
  readonly events: Buffer;
}

/** Reads an outbox, all but its bytes. The caller has a transaction, or is the only writer. */
export function readOutboxHead(database: Database.Database): OutboxHead {
  const row = database.prepare<[], OutboxRow>("SELECT * FROM outbox").get();
  assert(row !== undefined, "the outbox has its row");
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
    incarnations: readIncarnations(database),
    closed: { events: integerOf(row.closed_events), likes: row.closed_likes },
    generator:
      startMs === null || tick === null || events === null
        ? undefined
        : { startMs: integerOf(startMs), tick: integerOf(tick), events: integerOf(events) },
  };
}

/** Bytes on the disk of what the outbox holds. Looks at every record, but reads no events. */
export function readOutboxBytes(database: Database.Database): number {
  const bytes = database.prepare<[], bigint>(`SELECT ${DISK_BYTES_SUM} FROM records`).pluck().get();
  return integerOf(bytes ?? 0n);
}

/** The records of an incarnation, one after another. */
export function recordsOf(
  database: Database.Database,
  incarnation: Id,
): IterableIterator<RecordRow> {
  return database
    .prepare<[Id], RecordRow>(
      "SELECT * FROM records WHERE ordinal = " +
        "(SELECT ordinal FROM incarnations WHERE incarnation = ?) ORDER BY last_sequence",
    )
    .iterate(incarnation);
}

/** The position of a row. */
export function positionOf(row: PositionRow): Position {
  return { sequence: integerOf(row.last_sequence), digest: row.digest, likes: row.likes };
}

/** The statements of an open outbox. Those on records take the incarnation by its name. */
export type OutboxStatements = ReturnType<typeof prepareOutbox>;

/** Prepares the statements of an outbox, once. */
export function prepareOutbox(database: Database.Database) {
  const named = "(SELECT ordinal FROM incarnations WHERE incarnation = ?)";
  return {
    mint: database.prepare<[Id, Id]>(
      "INSERT INTO incarnations (incarnation, trimmed_sequence, trimmed_digest, trimmed_likes) " +
        "VALUES (?, 0, ?, 0)",
    ),
    append: database.prepare<[Id, number, number, Id, bigint, Uint8Array]>(
      "INSERT INTO records (ordinal, last_sequence, first_sequence, digest, likes, events) " +
        `VALUES (${named}, ?, ?, ?, ?, ?)`,
    ),
    generator: database.prepare<[number, number, number]>(
      "UPDATE outbox SET generator_start_ms = ?, generator_tick = ?, generator_events = ?",
    ),
    trim: database.prepare<[Id, number]>(
      `DELETE FROM records WHERE ordinal = ${named} AND last_sequence <= ?`,
    ),
    trimmed: database.prepare<[number, Id, bigint, Id]>(
      "UPDATE incarnations SET trimmed_sequence = ?, trimmed_digest = ?, trimmed_likes = ? " +
        "WHERE incarnation = ?",
    ),
    close: database.prepare<[Id]>("DELETE FROM incarnations WHERE incarnation = ?"),
    closed: database.prepare<[number, bigint]>(
      "UPDATE outbox SET closed_events = ?, closed_likes = ?",
    ),
    park: database.prepare<[TroubleKind, string, Id]>(
      "UPDATE incarnations SET parked_kind = ?, parked_detail = ? WHERE incarnation = ?",
    ),
    membership: database.prepare<[Membership, Id | null, Id | null, number | null]>(
      "UPDATE outbox " +
        "SET membership = ?, seen_ledger_id = ?, seen_generation = ?, seen_version = ?",
    ),
    positionAt: database.prepare<[Id, number], PositionRow>(
      "SELECT last_sequence, digest, likes FROM records " +
        `WHERE ordinal = ${named} AND last_sequence = ?`,
    ),
    bytesUpTo: database
      .prepare<[Id, number], bigint>(
        `SELECT ${DISK_BYTES_SUM} FROM records WHERE ordinal = ${named} AND last_sequence <= ?`,
      )
      .pluck(),
    recordsAfter: database.prepare<[Id, number, number], RecordRow>(
      `SELECT * FROM records WHERE ordinal = ${named} AND last_sequence > ? ` +
        "ORDER BY last_sequence LIMIT ?",
    ),
  };
}

function readIncarnations(database: Database.Database): readonly IncarnationState[] {
  const rows = database
    .prepare<[], IncarnationRow>(
      "SELECT i.*, r.last_sequence, r.digest AS last_digest, r.likes AS last_likes " +
        "FROM incarnations i LEFT JOIN records r ON r.ordinal = i.ordinal AND r.last_sequence = " +
        "(SELECT max(last_sequence) FROM records WHERE ordinal = i.ordinal) ORDER BY i.ordinal",
    )
    .all();
  return rows.map(incarnationState);
}

function incarnationState(row: IncarnationRow): IncarnationState {
  const { incarnation, last_sequence: sequence, last_digest: digest, last_likes: likes } = row;
  const trimmed = positionOf({
    last_sequence: row.trimmed_sequence,
    digest: row.trimmed_digest,
    likes: row.trimmed_likes,
  });
  return {
    incarnation,
    trimmed,
    last:
      sequence === null || digest === null || likes === null
        ? trimmed
        : { sequence: integerOf(sequence), digest, likes },
    parked:
      row.parked_kind === null
        ? undefined
        : { kind: row.parked_kind, incarnation, detail: row.parked_detail ?? "" },
  };
}
