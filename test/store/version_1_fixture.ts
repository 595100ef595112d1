/** Stores as builds of version 1 left them: their tables, word by word, and rows in them. */
import { join } from "node:path";
import { guardTables } from "../../src/store/sqlite/guard_tables.ts";
import { LEDGER_KIND } from "../../src/store/ledger/ledger_tables.ts";
import { OUTBOX_KIND } from "../../src/store/outbox/outbox_tables.ts";
import type { SqliteKind } from "../../src/store/sqlite/sqlite_kind.ts";
import { newDatabase } from "./databases.ts";

type Kind1 = Omit<SqliteKind, "upgrades">;

const LEDGER_1: Kind1 = {
  ...LEDGER_KIND,
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

const OUTBOX_1: Kind1 = {
  ...OUTBOX_KIND,
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

/** Makes a ledger of version 1 in `folder` that `statements` fill. */
export function makeLedger1(folder: string, statements: string): void {
  make(folder, LEDGER_1, statements);
}

/** Makes an outbox of version 1 in `folder` that `statements` fill. */
export function makeOutbox1(folder: string, statements: string): void {
  make(folder, OUTBOX_1, statements);
}

function make(folder: string, kind: Kind1, statements: string): void {
  const database = newDatabase(join(folder, `${kind.name}.sqlite`));
  database.exec(kind.schema);
  guardTables(database, kind);
  database.exec(statements);
  database.pragma(`application_id = ${kind.applicationId}`);
  database.pragma("user_version = 1");
  database.close();
}
