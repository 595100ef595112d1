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
import type { Trouble, TroubleKind } from "../core/messages.ts";
import type { IncarnationState, Membership, OutboxSnapshot } from "../core/outbox.ts";
import type { Id, Position } from "../core/record.ts";
import type { SqliteKind } from "./sqlite_kind.ts";
import { integerOf } from "./stored_integer.ts";

/** The database of an outbox. `likes` are cumulative in their incarnation, after the record. */
export const OUTBOX_KIND: SqliteKind = {
  name: "outbox",
  applicationId: 0x4c6b4f42n,
  schemaVersion: 2n,
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
      forgotten_events INTEGER NOT NULL,
      forgotten_likes INTEGER NOT NULL,
      generator_start_ms INTEGER,
      generator_tick INTEGER,
      generator_events INTEGER,
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

/** `recordDiskBytes` of a record, in SQL, since an outbox may hold millions of them. */
const DISK_BYTES =
  `CASE WHEN length(events) <= ${TREE_EVENT_BYTES_MAX} ` +
  `THEN length(events) * 4 / 3 + ${CELL_BYTES} ` +
  `ELSE (length(events) - ${TREE_EVENT_BYTES_MAX} + ${PAGE_EVENT_BYTES - 1}) / ` +
  `${PAGE_EVENT_BYTES} * ${PAGE_BYTES} + ${CELL_BYTES_MAX} END`;

/** Everything about an outbox except how many bytes it holds, which takes a scan. */
export type OutboxHead = Omit<OutboxSnapshot, "bytes" | "retainedBytes">;

interface OutboxRow {
  readonly outbox_id: Id;
  readonly server_id: string;
  readonly membership: Membership;
  readonly seen_ledger_id: Id | null;
  readonly seen_generation: Id | null;
  readonly seen_version: bigint | null;
  readonly forgotten_events: bigint;
  readonly forgotten_likes: bigint;
  readonly generator_start_ms: bigint | null;
  readonly generator_tick: bigint | null;
  readonly generator_events: bigint | null;
}

interface IncarnationRow {
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
    forgotten: { events: integerOf(row.forgotten_events), likes: row.forgotten_likes },
    generator:
      startMs === null || tick === null || events === null
        ? undefined
        : { startMs: integerOf(startMs), tick: integerOf(tick), events: integerOf(events) },
  };
}

/** Bytes on the disk of what the outbox holds. Looks at every record, but reads no events. */
export function readOutboxBytes(
  database: Database.Database,
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

const NAMED = "(SELECT ordinal FROM incarnations WHERE incarnation = ?)";

/** Prepares the statements of an outbox, once. */
export function prepareOutbox(database: Database.Database) {
  return {
    setOutbox: database.prepare<Readonly<Record<string, unknown>>>(
      "UPDATE outbox SET membership = @membership, seen_ledger_id = @ledgerId, " +
        "seen_generation = @generation, seen_version = @version, " +
        "forgotten_events = @forgottenEvents, forgotten_likes = @forgottenLikes, " +
        "generator_start_ms = @startMs, generator_tick = @tick, generator_events = @events",
    ),
    setIncarnation: prepareSetIncarnation(database),
    forget: database.prepare<[Id]>("DELETE FROM incarnations WHERE incarnation = ?"),
    append: database.prepare<[Id, number, number, Id, bigint, Uint8Array]>(
      "INSERT INTO records (ordinal, last_sequence, first_sequence, digest, likes, events) " +
        `VALUES (${NAMED}, ?, ?, ?, ?, ?)`,
    ),
    remove: database.prepare<[Id, number]>(
      `DELETE FROM records WHERE ordinal = ${NAMED} AND last_sequence <= ?`,
    ),
    ...prepareReads(database),
  };
}

function prepareSetIncarnation(database: Database.Database) {
  const columns = [
    ...["trimmed_sequence", "trimmed_digest", "trimmed_likes"],
    ...["acknowledged_sequence", "acknowledged_digest", "acknowledged_likes"],
    "closed",
    ...["parked_kind", "parked_first_sequence", "parked_last_sequence"],
    ...["parked_digest", "parked_detail"],
  ];
  const values = columns.map((column) => `@${column}`).join(", ");
  const updates = columns.map((column) => `${column} = excluded.${column}`).join(", ");
  return database.prepare<Readonly<Record<string, unknown>>>(
    `INSERT INTO incarnations (incarnation, ${columns.join(", ")}) ` +
      `VALUES (@incarnation, ${values}) ON CONFLICT (incarnation) DO UPDATE SET ${updates}`,
  );
}

function prepareReads(database: Database.Database) {
  const after = `FROM records WHERE ordinal = ${NAMED} AND last_sequence > ?`;
  return {
    positionAt: database.prepare<[Id, number], PositionRow>(
      "SELECT last_sequence, digest, likes FROM records " +
        `WHERE ordinal = ${NAMED} AND last_sequence = ?`,
    ),
    bytesBetween: database
      .prepare<[Id, number, number], bigint>(
        `SELECT coalesce(sum(${DISK_BYTES}), 0) ${after} AND last_sequence <= ?`,
      )
      .pluck(),
    sizesAfter: database.prepare<[Id, number], SizeRow>(
      `SELECT last_sequence, digest, likes, ${DISK_BYTES} AS disk_bytes ${after} ` +
        "ORDER BY last_sequence",
    ),
    recordsAfter: database.prepare<[Id, number, number], RecordRow>(
      `SELECT * ${after} ORDER BY last_sequence LIMIT ?`,
    ),
  };
}

/** What `setOutbox` takes. */
export function outboxRow({ membership, seen, forgotten, generator }: OutboxSnapshot) {
  return {
    membership,
    ledgerId: seen?.ledgerId ?? null,
    generation: seen?.generation ?? null,
    version: seen?.version ?? null,
    forgottenEvents: forgotten.events,
    forgottenLikes: forgotten.likes,
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
