/** Rows that are never deleted: docs/OPERATING.md lists their tables and the size of a row. */
import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SqliteKind } from "../../src/store/sqlite/sqlite_kind.ts";
import { Database } from "../../src/store/sqlite/sqlite.ts";
import { guardTables } from "../../src/store/sqlite/guard_tables.ts";
import { decisionRow, troubleRow } from "../../src/store/ledger/ledger_columns.ts";
import { Intake, ITEMS, REACTIONS, REGISTERS } from "../../src/store/ledger/intake.ts";
import { LEDGER_KIND, prepareLedger } from "../../src/store/ledger/ledger_tables.ts";
import type { LedgerStatements } from "../../src/store/ledger/ledger_tables.ts";
import { incarnationRow } from "../../src/store/outbox/outbox_columns.ts";
import { OUTBOX_KIND, prepareOutbox } from "../../src/store/outbox/outbox_tables.ts";
import { idFrom } from "./faults.ts";
import type { TestId } from "./faults.ts";
import { pageText, rowsUnder } from "../docs/page_text.ts";
import { DECISION, TROUBLE } from "./ledger/ledger_fixture.ts";
import { incarnationWith } from "./outbox/outbox_fixture.ts";

const ROWS = 10_000;
/** Allowed relative deviation: how full pages are depends on the order of inserts. */
const TOLERANCE = 0.2;
const NOW_MS = 1_700_000_000_000;

/** Tables of bounded size, each with its bound. */
const BOUNDED: Readonly<Record<string, string>> = {
  "ledger.ledger": "one row",
  "ledger.intake": "INTAKE_ROWS_MAX and one commit",
  "ledger.reactions_intake": "part of that",
  "ledger.registers_intake": "part of that",
  "outbox.outbox": "one row",
  "outbox.records": "OUTBOX_BYTES_MAX plus --retain-size",
};

const rows = rowsUnder(pageText("docs/OPERATING.md"), "What is kept for ever");
const told = new Map(rows.map(([table = "", bytes = ""]) => [table.replaceAll("`", ""), +bytes]));

/** How a row of each table is added, and how it changes until it is final. */
const LIVES: Readonly<Record<string, (statements: LedgerStatements, row: number) => void>> = {
  "ledger.incarnations": liveIncarnation,
  "ledger.generations": liveGeneration,
  "ledger.members": liveMember,
  "ledger.troubles": liveTrouble,
  "ledger.decisions": liveDecision,
  "ledger.operations": liveOperations,
  "ledger.kept": liveKept,
};

test("LEDGER_KIND and OUTBOX_KIND have only tables that are bounded or documented", () => {
  const tables = [LEDGER_KIND, OUTBOX_KIND].flatMap(({ name, schema }) => {
    return [...schema.matchAll(/CREATE TABLE (\w+)/g)].map(([, table]) => `${name}.${table}`);
  });
  assert.ok(tables.length > 6);
  assert.equal([...told.keys(), ...Object.keys(BOUNDED)].toSorted(), tables.toSorted());
});

for (const [table, live] of Object.entries(LIVES)) {
  test(`LEDGER_KIND takes as many bytes for a row of ${table} as the page says`, () => {
    const measured = bytesOfRow(LEDGER_KIND, (database) => {
      const statements = prepareLedger(database);
      return (row) => live(statements, row);
    });
    expectTold(table, measured);
  });
}

test("LEDGER_KIND takes as many bytes for a row of ledger.forgotten as the page says", () => {
  const measured = bytesOfRow(LEDGER_KIND, (database) => {
    const add = database.prepare<[string]>("INSERT INTO forgotten VALUES (unhex(?), 0)");
    return (row) => add.run(idOf(row));
  });
  expectTold("ledger.forgotten", measured);
});

for (const [of, lives] of [
  [ITEMS, (row: number) => [1, 21, 42].map((likes) => [uuidOf(row), BigInt((row % 100) * likes)])],
  [REACTIONS, (row: number) => [[`2 ${uuidOf(row)}`, BigInt(row % 100)]]],
  [REGISTERS, (row: number) => [4_161, 8_192].map((rank) => [idOf(row) + uuidOf(row % 100), rank])],
] as const) {
  test(`LEDGER_KIND takes as many bytes for a row of ledger.${of.table} as the page says`, () => {
    const measured = bytesOfRow(LEDGER_KIND, (database) => {
      const intake = new Intake(database, of);
      // Each commit is folded at once: the rows of the intake do not last.
      return (row) => {
        for (const [key, value] of lives(row) as [string, bigint | number][]) {
          intake.append([[key, value]]);
          intake.folded(intake.fold(1));
        }
      };
    });
    expectTold(`ledger.${of.table}`, measured);
  });
}

test("OUTBOX_KIND takes as many bytes for a row of outbox.incarnations as the page says", () => {
  const measured = bytesOfRow(OUTBOX_KIND, (database) => {
    const { setIncarnation } = prepareOutbox(database);
    return (row) => {
      const of = idOf(row);
      const position = { sequence: row, digest: idOf(-row), likes: BigInt(row) };
      setIncarnation.run(incarnationRow(incarnationWith(of, {})));
      setIncarnation.run(incarnationRow(incarnationWith(of, { acknowledged: position })));
    };
  });
  expectTold("outbox.incarnations", measured);
});

function liveIncarnation({ setIncarnation }: LedgerStatements, row: number): void {
  const of = [idOf(row), idOf(row % 10)] as const;
  setIncarnation.run(...of, 0, idOf(row), "open");
  for (const applied of [500, 1_000]) setIncarnation.run(...of, applied, idOf(applied), "open");
  setIncarnation.run(...of, 1_000, idOf(1_000), "closed");
}

function liveGeneration({ mintGeneration }: LedgerStatements, row: number): void {
  mintGeneration.run(idOf(row), row * 50, NOW_MS + row);
}

function liveMember({ setMember }: LedgerStatements, row: number): void {
  const of = [idOf(row), `likes-server-${row}`, `127.0.0.1:${40_000 + row}`] as const;
  setMember.run(...of, "member", 0, 0n, null);
  setMember.run(...of, "left", row, BigInt(row) * 42n, null);
}

function liveTrouble({ addTrouble, decide }: LedgerStatements, row: number): void {
  const outboxId = idOf(row % 10);
  const number = row + 1;
  const named = { ...TROUBLE, number, outboxId, incarnation: idOf(row), digest: idOf(-row) };
  addTrouble.run(troubleRow(named, false));
  decide.run(number);
}

function liveDecision({ addDecision }: LedgerStatements, row: number): void {
  const outboxId = idOf(row % 10);
  const trouble = { number: row, kind: "gap" } as const;
  addDecision.run(
    decisionRow({ ...DECISION, number: row + 1, trouble, outboxId, incarnation: idOf(row) }),
  );
}

function liveKept({ keep }: LedgerStatements, row: number): void {
  keep.run(uuidOf(row), 1, 1);
}

/** A client that counts without gaps. */
function liveOperations({ setOperations }: LedgerStatements, row: number): void {
  for (const counted of [1n, 3n, 2n ** 62n - 1n]) {
    setOperations.run(idOf(row % 100), Math.floor(row / 100), counted);
  }
}

/** Returns the bytes by which a database grows per row, averaged over many rows. */
function bytesOfRow(
  kind: SqliteKind,
  prepare: (database: Database) => (row: number) => void,
): number {
  const database = new Database(":memory:");
  database.exec(kind.schema);
  guardTables(database, kind);
  const live = prepare(database);
  const before = bytesOf(database);
  for (let row = 0; row < ROWS; row++) live(row);
  const bytes = (bytesOf(database) - before) / ROWS;
  database.close();
  return bytes;
}

function bytesOf(database: Database): number {
  const [pages, size] = ["page_count", "page_size"].map((name) => {
    return Number(database.pragma(name));
  });
  return (pages ?? 0) * (size ?? 0);
}

function expectTold(table: string, measured: number): void {
  const bytes = told.get(table) ?? 0;
  const found = `${table}: ${Math.round(measured)} bytes a row, and ${bytes} are told`;
  console.log(found);
  assert.ok(Math.abs(measured - bytes) <= bytes * TOLERANCE, found);
}

/** An item id as long as a UUID. */
function uuidOf(row: number): string {
  return `${idOf(row)}-123`;
}

/** An id in random order, like a minted one. */
function idOf(row: number): TestId {
  return idFrom(createHash("sha256").update(`${row}`).digest("hex").slice(0, 32));
}

test.run();
