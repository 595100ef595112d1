/** The tables of a ledger, and the statements that read and change them. */
import type { Database } from "../sqlite/sqlite.ts";
import type { IncarnationRow, MemberRow } from "../../core/ledger/rows.ts";
import type { TroubleKind } from "../../core/protocol/messages.ts";
import type {
  StoredGeneration,
  StoredHead,
  StoredIncarnation,
  StoredItem,
  StoredMember,
  StoredMeta,
  StoredReaction,
  StoredTrouble,
} from "./ledger_columns.ts";
import { ITEMS, REACTIONS, runsOf } from "./intake.ts";
import type { decisionRow, troubleRow } from "./ledger_columns.ts";
import type { SqliteKind } from "../sqlite/sqlite_kind.ts";
import type {
  Digest,
  Fingerprint,
  GenerationId,
  IncarnationId,
  LedgerId,
  OutboxId,
} from "../../core/protocol/ids.ts";

/**
 * The database of a ledger. Ordinals keep the order in which rows were first set. Troubles and
 * decisions are never deleted, which keeps their numbers unique. The likes of an item are its row
 * in `items` plus its rows in `intake` (intake.ts). The view `counts` adds them up.
 */
export const LEDGER_KIND: SqliteKind = {
  name: "ledger",
  applicationId: 0x4c6b4c47n,
  schemaVersion: 1n,
  logPagesMax: 4_000, // 16 MiB: folds write some pages again and again
  erases: true,
  guarded: [
    "ledger",
    "members",
    "incarnations",
    "generations",
    "troubles",
    "decisions",
    "intake",
    "reactions_intake",
    "registers_intake",
    "forgotten",
    "kept",
    "operations",
  ],
  schema: `
    CREATE TABLE ledger (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      ledger_id TEXT NOT NULL,
      version INTEGER NOT NULL,
      total_likes INTEGER NOT NULL,
      total_version INTEGER NOT NULL,
      as_of_ms INTEGER NOT NULL,
      fingerprint TEXT,
      copied_ms INTEGER,
      salt BLOB NOT NULL
    ) STRICT;
    CREATE TABLE members (
      ordinal INTEGER PRIMARY KEY,
      outbox_id TEXT NOT NULL UNIQUE,
      server_id TEXT NOT NULL,
      address TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('member', 'left', 'retired')),
      applied_events INTEGER NOT NULL,
      applied_likes INTEGER NOT NULL,
      retired_as_of_ms INTEGER
    ) STRICT;
    CREATE INDEX members_by_state ON members (state);
    CREATE TABLE incarnations (
      ordinal INTEGER PRIMARY KEY,
      incarnation TEXT NOT NULL UNIQUE,
      outbox_id TEXT NOT NULL,
      applied_sequence INTEGER NOT NULL,
      digest TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'parked', 'retired'))
    ) STRICT;
    CREATE INDEX incarnations_by_state ON incarnations (outbox_id, state);
    CREATE TABLE generations (
      ordinal INTEGER PRIMARY KEY,
      generation TEXT NOT NULL UNIQUE,
      first_version INTEGER NOT NULL,
      opened_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE troubles (
      number INTEGER PRIMARY KEY,
      outbox_id TEXT NOT NULL,
      incarnation TEXT NOT NULL,
      kind TEXT NOT NULL,
      first_sequence INTEGER NOT NULL,
      last_sequence INTEGER NOT NULL,
      digest TEXT NOT NULL,
      detail TEXT NOT NULL,
      since_ms INTEGER NOT NULL,
      as_of_from_ms INTEGER NOT NULL,
      as_of_to_ms INTEGER NOT NULL,
      decided INTEGER NOT NULL CHECK (decided IN (0, 1))
    ) STRICT;
    CREATE UNIQUE INDEX troubles_undecided
      ON troubles (outbox_id, incarnation, kind, iif(kind = 'gap', last_sequence, 0))
      WHERE decided = 0;
    CREATE INDEX troubles_decided
      ON troubles (outbox_id, incarnation, kind, first_sequence, last_sequence) WHERE decided = 1;
    CREATE TABLE decisions (
      number INTEGER PRIMARY KEY,
      kind TEXT NOT NULL CHECK (kind IN ('retire', 'resolve', 'redelivered', 'confirmed')),
      trouble TEXT NOT NULL,
      trouble_number INTEGER NOT NULL,
      outbox_id TEXT NOT NULL,
      incarnation TEXT NOT NULL,
      first_sequence INTEGER NOT NULL,
      last_sequence INTEGER NOT NULL,
      as_of_ms INTEGER NOT NULL,
      decided_ms INTEGER NOT NULL,
      reason TEXT NOT NULL
    ) STRICT;
    CREATE TABLE items (
      item_id TEXT PRIMARY KEY,
      likes INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX items_by_likes ON items (likes DESC, item_id);
    CREATE TABLE intake (
      run INTEGER NOT NULL,
      item_id TEXT NOT NULL CHECK (item_id <> ''),
      likes INTEGER NOT NULL,
      PRIMARY KEY (run, item_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE reactions (
      item_id TEXT NOT NULL,
      reaction INTEGER NOT NULL,
      likes INTEGER NOT NULL,
      PRIMARY KEY (item_id, reaction)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE reactions_intake (
      run INTEGER NOT NULL,
      item_id TEXT NOT NULL CHECK (item_id <> ''),
      reaction INTEGER NOT NULL,
      likes INTEGER NOT NULL,
      PRIMARY KEY (run, item_id, reaction)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE registers (
      person BLOB NOT NULL,
      item_id TEXT NOT NULL,
      rank INTEGER NOT NULL,
      PRIMARY KEY (person, item_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE registers_intake (
      run INTEGER NOT NULL,
      person BLOB NOT NULL CHECK (length(person) = 16),
      item_id TEXT NOT NULL,
      rank INTEGER NOT NULL,
      PRIMARY KEY (run, person, item_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE forgotten (
      tombstone BLOB PRIMARY KEY CHECK (length(tombstone) = 16),
      withdraw INTEGER NOT NULL CHECK (withdraw IN (0, 1))
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE kept (
      item_id TEXT NOT NULL,
      reaction INTEGER NOT NULL,
      likes INTEGER NOT NULL,
      PRIMARY KEY (item_id, reaction)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE operations (
      client BLOB NOT NULL CHECK (length(client) = 16),
      block INTEGER NOT NULL,
      counted INTEGER NOT NULL,
      PRIMARY KEY (client, block)
    ) STRICT, WITHOUT ROWID;
    CREATE VIEW counts (item_id, likes) AS
      SELECT item_id, sum(likes) FROM
        (SELECT item_id, likes FROM items UNION ALL SELECT item_id, likes FROM intake)
      GROUP BY item_id;
  `,
};

/** The statements of an open ledger. */
export type LedgerStatements = ReturnType<typeof prepareLedger>;

/** Prepares the statements of a ledger, once. */
export function prepareLedger(database: Database) {
  return {
    ledgerId: database.prepare<[], LedgerId>("SELECT ledger_id FROM ledger").pluck(),
    ...prepareRows(database),
    ...prepareGenerations(database),
    ...prepareTroubles(database),
    // One statement for all ids: a call takes longer than a lookup.
    named: database.prepare<[string], StoredItem>(
      `${runsOf(ITEMS)} SELECT value AS item_id, ` +
        "coalesce((SELECT likes FROM items WHERE item_id = value), 0) + " +
        "coalesce((SELECT sum(likes) FROM runs CROSS JOIN intake USING (run) " +
        "WHERE item_id = value), 0) AS likes FROM json_each(?) ORDER BY key",
    ),
    ...prepareReactions(database),
    ...preparePages(database),
  };
}

function prepareReactions(database: Database) {
  return {
    reactions: database.prepare<[{ items: string }], StoredReaction>(
      `${runsOf(REACTIONS)}, named (item_id) AS (SELECT value FROM json_each(@items)) ` +
        "SELECT item_id, reaction, sum(likes) AS likes FROM (" +
        "SELECT item_id, reaction, likes FROM named CROSS JOIN reactions USING (item_id) " +
        "UNION ALL SELECT item_id, reaction, likes FROM named CROSS JOIN runs " +
        "CROSS JOIN reactions_intake USING (run, item_id)) GROUP BY item_id, reaction",
    ),
    operations: database
      .prepare<[string, number], bigint>(
        "SELECT counted FROM operations WHERE client = unhex(?) AND block = ?",
      )
      .pluck(),
    keep: database.prepare<[string, number, number]>(
      "INSERT INTO kept (item_id, reaction, likes) VALUES (?, ?, ?) " +
        "ON CONFLICT (item_id, reaction) DO UPDATE SET likes = likes + excluded.likes",
    ),
    setOperations: database.prepare<[string, number, bigint]>(
      "INSERT INTO operations (client, block, counted) VALUES (unhex(?), ?, ?) " +
        "ON CONFLICT (client, block) DO UPDATE SET counted = excluded.counted",
    ),
  };
}

function prepareTroubles(database: Database) {
  // SQLite uses the partial index only if the condition has the same text.
  const undecided = "FROM troubles WHERE decided = 0";
  return {
    troubles: database.prepare<[], StoredTrouble>(`SELECT * ${undecided} ORDER BY number`),
    troublesOf: database.prepare<[OutboxId | ""], StoredTrouble>(
      `SELECT * ${undecided} AND outbox_id = ? ORDER BY number`,
    ),
    trouble: database.prepare<[number], StoredTrouble>(`SELECT * ${undecided} AND number = ?`),
    addTrouble: database.prepare<[ReturnType<typeof troubleRow>]>(
      "INSERT INTO troubles (number, outbox_id, incarnation, kind, first_sequence, " +
        "last_sequence, digest, detail, since_ms, as_of_from_ms, as_of_to_ms, decided) VALUES " +
        "(@number, @outboxId, @incarnation, @kind, @firstSequence, @lastSequence, @digest, " +
        "@detail, @sinceMs, @asOfFromMs, @asOfToMs, @decided)",
    ),
    wasDecided: database
      .prepare<[OutboxId | "", IncarnationId | "", TroubleKind, number, number], bigint>(
        "SELECT 1 FROM troubles WHERE decided = 1 AND outbox_id = ? AND incarnation = ? AND " +
          "kind = ? AND first_sequence = ? AND last_sequence >= ? LIMIT 1",
      )
      .pluck(),
    decide: database.prepare<[number]>(
      "UPDATE troubles SET decided = 1 WHERE decided = 0 AND number = ?",
    ),
    addDecision: database.prepare<[ReturnType<typeof decisionRow>]>(
      "INSERT INTO decisions (number, kind, trouble, trouble_number, outbox_id, incarnation, " +
        "first_sequence, last_sequence, as_of_ms, decided_ms, reason) VALUES (@number, @kind, " +
        "@trouble, @troubleNumber, @outboxId, @incarnation, @firstSequence, @lastSequence, " +
        "@asOfMs, @decidedMs, @reason)",
    ),
  };
}

/** Each statement starts at the page's place in an index: none scans the table or sorts. */
function preparePages(database: Database) {
  return {
    mostLiked: database.prepare<[number], StoredItem>(
      "SELECT item_id, likes FROM items ORDER BY likes DESC, item_id LIMIT ?",
    ),
    equallyLiked: database.prepare<[bigint, string, number], StoredItem>(
      "SELECT item_id, likes FROM items WHERE likes = ? AND item_id > ? ORDER BY item_id LIMIT ?",
    ),
    lessLiked: database.prepare<[bigint, number], StoredItem>(
      "SELECT item_id, likes FROM items WHERE likes < ? ORDER BY likes DESC, item_id LIMIT ?",
    ),
    itemsAfter: database.prepare<[string, number], StoredItem>(
      "SELECT item_id, likes FROM items WHERE item_id > ? ORDER BY item_id LIMIT ?",
    ),
  };
}

function prepareRows(database: Database) {
  return {
    meta: database.prepare<[], StoredMeta>("SELECT * FROM ledger"),
    head: database.prepare<[], StoredHead>(
      "SELECT *, (SELECT count(*) FROM troubles WHERE decided = 0) AS trouble_count, " +
        "(SELECT coalesce(max(number), 0) FROM troubles) AS last_trouble_number, " +
        "(SELECT coalesce(max(number), 0) FROM decisions) AS last_decision_number FROM ledger",
    ),
    setMeta: database.prepare<[number, bigint, number, number, Fingerprint | null]>(
      "UPDATE ledger SET version = ?, total_likes = ?, total_version = ?, as_of_ms = ?, " +
        "fingerprint = ?",
    ),
    copiedMs: database.prepare<[], bigint | null>("SELECT copied_ms FROM ledger").pluck(),
    clearCopied: database.prepare<[]>("UPDATE ledger SET copied_ms = NULL"),
    members: database.prepare<[], StoredMember>(
      "SELECT * FROM members WHERE state = 'member' OR outbox_id IN " +
        "(SELECT outbox_id FROM troubles WHERE decided = 0) ORDER BY ordinal",
    ),
    outboxCount: database
      .prepare<[MemberRow["state"]], bigint>("SELECT count(*) FROM members WHERE state = ?")
      .pluck(),
    member: database.prepare<[OutboxId], StoredMember>("SELECT * FROM members WHERE outbox_id = ?"),
    setMember: database.prepare<
      [OutboxId, string, string, MemberRow["state"], number, bigint, number | null]
    >(
      "INSERT INTO members (outbox_id, server_id, address, state, applied_events, " +
        "applied_likes, retired_as_of_ms) VALUES (?, ?, ?, ?, ?, ?, ?) " +
        "ON CONFLICT (outbox_id) DO UPDATE SET " +
        "server_id = excluded.server_id, address = excluded.address, state = excluded.state, " +
        "applied_events = excluded.applied_events, " +
        "applied_likes = excluded.applied_likes, retired_as_of_ms = excluded.retired_as_of_ms",
    ),
    incarnation: database.prepare<[IncarnationId], StoredIncarnation>(
      "SELECT * FROM incarnations WHERE incarnation = ?",
    ),
    incarnationsIn: database.prepare<
      [OutboxId, IncarnationRow["state"], number],
      StoredIncarnation
    >("SELECT * FROM incarnations WHERE outbox_id = ? AND state = ? ORDER BY ordinal LIMIT ?"),
    setIncarnation: database.prepare<
      [IncarnationId, OutboxId, number, Digest, IncarnationRow["state"]]
    >(
      "INSERT INTO incarnations (incarnation, outbox_id, applied_sequence, digest, state) " +
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (incarnation) DO UPDATE SET " +
        "outbox_id = excluded.outbox_id, applied_sequence = excluded.applied_sequence, " +
        "digest = excluded.digest, state = excluded.state",
    ),
  };
}

function prepareGenerations(database: Database) {
  return {
    generation: database.prepare<[GenerationId], StoredGeneration>(
      "SELECT first_version, (SELECT first_version FROM generations WHERE ordinal > g.ordinal " +
        "ORDER BY ordinal LIMIT 1) AS next_first_version FROM generations g WHERE generation = ?",
    ),
    newestGeneration: database
      .prepare<[], GenerationId>("SELECT generation FROM generations ORDER BY ordinal DESC LIMIT 1")
      .pluck(),
    mintGeneration: database.prepare<[GenerationId, number, number]>(
      "INSERT INTO generations (generation, first_version, opened_ms) VALUES (?, ?, ?)",
    ),
  };
}
