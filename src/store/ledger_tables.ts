/** The tables of a ledger, and the statements that read and change them. */
// tidy: no test because the acceptance tests of the ledger go through it
import type Database from "better-sqlite3";
import { assert } from "../assert.ts";
import type {
  IncarnationRow,
  ItemCount,
  LedgerMeta,
  MemberRow,
  TroubleRow,
} from "../core/ledger.ts";
import type { TroubleKind } from "../core/messages.ts";
import type { Id } from "../core/record.ts";
import type { SqliteKind } from "./sqlite_kind.ts";
import { integerOf } from "./stored_integer.ts";

/** The database of a ledger. Ordinals keep the order in which rows were first set. */
export const LEDGER_KIND: SqliteKind = {
  name: "ledger",
  applicationId: 0x4c6b4c47n,
  schemaVersion: 1n,
  guarded: ["ledger", "members", "incarnations", "generations", "troubles"],
  schema: `
    CREATE TABLE ledger (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      ledger_id TEXT NOT NULL,
      version INTEGER NOT NULL,
      total_likes INTEGER NOT NULL,
      total_version INTEGER NOT NULL,
      as_of_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE members (
      ordinal INTEGER PRIMARY KEY,
      outbox_id TEXT NOT NULL UNIQUE,
      server_id TEXT NOT NULL,
      address TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('member', 'left')),
      applied_likes INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX members_by_state ON members (state);
    CREATE TABLE incarnations (
      ordinal INTEGER PRIMARY KEY,
      incarnation TEXT NOT NULL UNIQUE,
      outbox_id TEXT NOT NULL,
      applied_sequence INTEGER NOT NULL,
      digest TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'parked'))
    ) STRICT;
    CREATE INDEX incarnations_open ON incarnations (outbox_id) WHERE state = 'open';
    CREATE TABLE generations (
      ordinal INTEGER PRIMARY KEY,
      generation TEXT NOT NULL UNIQUE,
      first_version INTEGER NOT NULL,
      opened_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE troubles (
      ordinal INTEGER PRIMARY KEY,
      outbox_id TEXT NOT NULL,
      incarnation TEXT NOT NULL,
      kind TEXT NOT NULL,
      detail TEXT NOT NULL,
      since_ms INTEGER NOT NULL,
      UNIQUE (outbox_id, incarnation, kind)
    ) STRICT;
    CREATE TABLE items (
      item_id TEXT PRIMARY KEY,
      likes INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX items_by_likes ON items (likes DESC, item_id);
  `,
};

interface StoredMeta {
  readonly version: bigint;
  readonly total_likes: bigint;
  readonly total_version: bigint;
  readonly as_of_ms: bigint;
}

interface StoredMember {
  readonly outbox_id: Id;
  readonly server_id: string;
  readonly address: string;
  readonly state: MemberRow["state"];
  readonly applied_likes: bigint;
}

interface StoredIncarnation {
  readonly incarnation: Id;
  readonly outbox_id: Id;
  readonly applied_sequence: bigint;
  readonly digest: Id;
  readonly state: IncarnationRow["state"];
}

interface StoredTrouble {
  readonly outbox_id: Id;
  readonly incarnation: Id;
  readonly kind: TroubleKind;
  readonly detail: string;
  readonly since_ms: bigint;
}

interface StoredGeneration {
  readonly first_version: bigint;
  readonly next_first_version: bigint | null;
}

interface StoredItem {
  readonly item_id: string;
  readonly likes: bigint;
}

/** The one row of the ledger. */
export function metaOf(row: StoredMeta | undefined): LedgerMeta {
  assert(row !== undefined, "the ledger has its row");
  return {
    version: integerOf(row.version),
    totalLikes: row.total_likes,
    totalVersion: integerOf(row.total_version),
    asOfMs: integerOf(row.as_of_ms),
  };
}

/** A member as it was stored. */
export function memberOf(row: StoredMember): MemberRow {
  return {
    outboxId: row.outbox_id,
    serverId: row.server_id,
    address: row.address,
    state: row.state,
    appliedLikes: row.applied_likes,
  };
}

/** An incarnation as it was stored. */
export function incarnationOf(row: StoredIncarnation): IncarnationRow {
  return {
    incarnation: row.incarnation,
    outboxId: row.outbox_id,
    appliedSequence: integerOf(row.applied_sequence),
    digest: row.digest,
    state: row.state,
  };
}

/** A trouble as it was stored. */
export function troubleOf(row: StoredTrouble): TroubleRow {
  return {
    outboxId: row.outbox_id,
    incarnation: row.incarnation,
    kind: row.kind,
    detail: row.detail,
    sinceMs: integerOf(row.since_ms),
  };
}

/** The likes of an item as they were stored. */
export function itemOf(row: StoredItem): ItemCount {
  return { itemId: row.item_id, likes: row.likes };
}

/** The statements of an open ledger. */
export type LedgerStatements = ReturnType<typeof prepareLedger>;

/** Prepares the statements of a ledger, once. */
export function prepareLedger(database: Database.Database) {
  return {
    ledgerId: database.prepare<[], Id>("SELECT ledger_id FROM ledger").pluck(),
    ...prepareRows(database),
    ...prepareGenerations(database),
    troubles: database.prepare<[], StoredTrouble>("SELECT * FROM troubles ORDER BY ordinal"),
    addTrouble: database.prepare<[Id, Id, TroubleKind, string, number]>(
      "INSERT INTO troubles (outbox_id, incarnation, kind, detail, since_ms) " +
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ),
    troubleCount: database.prepare<[], bigint>("SELECT count(*) FROM troubles").pluck(),
    itemLikes: database
      .prepare<[string], bigint>("SELECT likes FROM items WHERE item_id = ?")
      .pluck(),
    setItemLikes: database.prepare<[string, bigint]>(
      "INSERT INTO items (item_id, likes) VALUES (?, ?) " +
        "ON CONFLICT (item_id) DO UPDATE SET likes = excluded.likes",
    ),
    ...preparePages(database),
  };
}

/** Each goes along an index from the place where the page begins: none scans, none sorts. */
function preparePages(database: Database.Database) {
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

function prepareRows(database: Database.Database) {
  return {
    meta: database.prepare<[], StoredMeta>("SELECT * FROM ledger"),
    setMeta: database.prepare<[number, bigint, number, number]>(
      "UPDATE ledger SET version = ?, total_likes = ?, total_version = ?, as_of_ms = ?",
    ),
    members: database.prepare<[], StoredMember>(
      "SELECT * FROM members WHERE state = 'member' ORDER BY ordinal",
    ),
    memberCount: database
      .prepare<[], bigint>("SELECT count(*) FROM members WHERE state = 'member'")
      .pluck(),
    member: database.prepare<[Id], StoredMember>("SELECT * FROM members WHERE outbox_id = ?"),
    setMember: database.prepare<[Id, string, string, MemberRow["state"], bigint]>(
      "INSERT INTO members (outbox_id, server_id, address, state, applied_likes) " +
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (outbox_id) DO UPDATE SET " +
        "server_id = excluded.server_id, address = excluded.address, state = excluded.state, " +
        "applied_likes = excluded.applied_likes",
    ),
    incarnation: database.prepare<[Id], StoredIncarnation>(
      "SELECT * FROM incarnations WHERE incarnation = ?",
    ),
    openIncarnations: database
      .prepare<[Id, number], Id>(
        "SELECT incarnation FROM incarnations WHERE outbox_id = ? AND state = 'open' " +
          "ORDER BY ordinal LIMIT ?",
      )
      .pluck(),
    setIncarnation: database.prepare<[Id, Id, number, Id, IncarnationRow["state"]]>(
      "INSERT INTO incarnations (incarnation, outbox_id, applied_sequence, digest, state) " +
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (incarnation) DO UPDATE SET " +
        "outbox_id = excluded.outbox_id, applied_sequence = excluded.applied_sequence, " +
        "digest = excluded.digest, state = excluded.state",
    ),
  };
}

function prepareGenerations(database: Database.Database) {
  return {
    generation: database.prepare<[Id], StoredGeneration>(
      "SELECT first_version, (SELECT first_version FROM generations WHERE ordinal > g.ordinal " +
        "ORDER BY ordinal LIMIT 1) AS next_first_version FROM generations g WHERE generation = ?",
    ),
    newestGeneration: database
      .prepare<[], Id>("SELECT generation FROM generations ORDER BY ordinal DESC LIMIT 1")
      .pluck(),
    mintGeneration: database.prepare<[Id, number, number]>(
      "INSERT INTO generations (generation, first_version, opened_ms) VALUES (?, ?, ?)",
    ),
  };
}
