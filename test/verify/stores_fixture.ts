/**
 * Stores for the audit, written with the roles' own tables, encoding and digests. An audit that
 * agrees with them agrees with code it does not share.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { IncarnationId, OutboxId } from "../../src/core/protocol/ids.ts";
import { acceptedLikes } from "../../src/core/protocol/like_event.ts";
import type { Change } from "../../src/core/protocol/like_event.ts";
import { origin } from "../../src/core/protocol/record.ts";
import type { Position } from "../../src/core/protocol/record.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { Database } from "../../src/store/sqlite/sqlite.ts";
import { guardTables } from "../../src/store/sqlite/guard_tables.ts";
import { LEDGER_KIND } from "../../src/store/ledger/ledger_tables.ts";
import { OUTBOX_KIND } from "../../src/store/outbox/outbox_tables.ts";
import type { SqliteKind } from "../../src/store/sqlite/sqlite_kind.ts";
import { FINGERPRINT } from "../fixtures/secret.ts";
import { newDatabase } from "../store/databases.ts";
import { idFrom } from "../store/faults.ts";
import type { TestId } from "../store/faults.ts";
import { LedgerModel } from "./ledger_model.ts";

/** An event: an item, and what it changes. A number adds likes without an operation. */
export type TestEvent = readonly [itemId: string, change: number | Change];

/** One incarnation of a LikesServer. */
export interface TestIncarnation {
  readonly incarnation: IncarnationId;
  readonly records: readonly (readonly TestEvent[])[];
  /** Number of applied records; all when undefined. */
  readonly applied?: number;
  /** Number of trimmed records. */
  readonly trimmed?: number;
  /** Records in a closed gap, end excluded. */
  readonly gap?: readonly [number, number];
  /** Whether the outbox has purged it, as fully delivered. */
  readonly isPurged?: boolean;
  readonly state?: "open" | "closed" | "parked" | "retired";
}

/** A LikesServer and its outbox. */
export interface TestServer {
  readonly serverId: string;
  readonly outboxId: OutboxId;
  readonly incarnations: readonly TestIncarnation[];
}

/** Returns an id of 32 digits: `kind` repeated, then `number`. */
export function idOf(kind: string, number: number): TestId {
  return idFrom(kind.repeat(28) + number.toString(16).padStart(4, "0"));
}

/** Paths of the stores in their folder. */
export const LEDGER = "primary/ledger.sqlite";
export const OUTBOX = "fra-1/outbox.sqlite";
export const FIRST_INCARNATION = idFrom("000102030405060708090a0b0c0d0e0f");
export const SECOND_INCARNATION = idOf("b", 2);
export const LEDGER_ID = idOf("e", 1);
export const GENERATION = idOf("f", 1);
const VERSION = 7;

/** Three records of four events, as in docs/PROTOCOL.md's worked example, and one that waits. */
export const SERVERS: readonly TestServer[] = [
  {
    serverId: "fra-1",
    outboxId: idOf("a", 1),
    incarnations: [
      {
        incarnation: FIRST_INCARNATION,
        records: [
          [
            ["video", 5],
            ["song", 0],
          ],
          [["ü", 1_000_000]],
          [["video", 1]],
        ],
        state: "closed",
      },
      { incarnation: SECOND_INCARNATION, records: [[["song", 3]], [["video", 42]]], applied: 1 },
    ],
  },
  {
    serverId: "fra-2",
    outboxId: idOf("a", 2),
    incarnations: [{ incarnation: idOf("b", 3), records: [[["video", 7]], [["film", 9]]] }],
  },
];

/** The applied likes of SERVERS. */
export const TOTAL = 1_000_025n;

/** Returns a set of a person, by a number. */
export function setBy(
  person: number,
  [revision, reaction, likes]: readonly [number, number, number],
): Change {
  return { kind: "set", person: idOf("7", person), state: { revision, reaction, likes } };
}

/** Returns an add that is operation `number` of a client. */
export function addNamed(number: number, likes: number, client = 1): Change {
  return { kind: "add", likes: BigInt(likes), operation: { client: idOf("c", client), number } };
}

/** Returns what an event changes. */
export function changeOf([, change]: TestEvent): Change {
  return typeof change === "number" ? { kind: "add", likes: BigInt(change) } : change;
}

/** Returns the positions of an incarnation from 0, each with the bytes of the record before. */
export function placesOf({
  incarnation,
  records,
}: Pick<TestIncarnation, "incarnation" | "records">) {
  const places: (Position & { readonly bytes: Uint8Array })[] = [
    { ...origin(incarnation), bytes: new Uint8Array() },
  ];
  for (const events of records) {
    const before = places.at(-1);
    if (before === undefined) throw new Error("there is a position 0");
    const encoded = events.map((event) => {
      return recordCodec.encode({ itemId: event[0], change: changeOf(event) });
    });
    const bytes = new Uint8Array(Buffer.concat(encoded));
    const likes = events.reduce((sum, one) => sum + acceptedLikes(changeOf(one)), before.likes);
    const digest = recordCodec.digest(before.digest, before.sequence + 1, bytes);
    places.push({ sequence: before.sequence + events.length, digest, likes, bytes });
  }
  return places;
}

/** Writes an outbox to `<folder>/<serverId>/outbox.sqlite`. Returns its path. */
export function makeOutbox(folder: string, server: TestServer): string {
  return make(join(folder, server.serverId), OUTBOX_KIND, (database) => {
    const purged = server.incarnations.filter(({ isPurged }) => isPurged).map(lastOf);
    const events = purged.reduce((sum, { sequence }) => sum + sequence, 0);
    const likes = purged.reduce((sum, one) => sum + one.likes, 0n);
    database
      .prepare(
        "INSERT INTO outbox (one, outbox_id, server_id, membership, seen_ledger_id, " +
          "seen_generation, seen_version, fingerprint, redelivering, purged_events, " +
          "purged_likes) VALUES (1, ?, ?, 'member', ?, ?, 1, ?, 0, ?, ?)",
      )
      .run(server.outboxId, server.serverId, LEDGER_ID, GENERATION, FINGERPRINT, events, likes);
    for (const [index, spec] of server.incarnations.entries()) {
      if (!spec.isPurged) writeIncarnation(database, index + 1, spec);
    }
  });
}

function writeIncarnation(database: Database, ordinal: number, spec: TestIncarnation): void {
  const places = placesOf(spec);
  const trimmed = placeAt(places, spec.trimmed ?? 0);
  const acknowledged = placeAt(places, Math.max(spec.trimmed ?? 0, appliedOf(spec)));
  database
    .prepare(
      "INSERT INTO incarnations (ordinal, incarnation, trimmed_sequence, trimmed_digest, " +
        "trimmed_likes, acknowledged_sequence, acknowledged_digest, acknowledged_likes, closed) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
    )
    .run(ordinal, spec.incarnation, ...valuesOf(trimmed), ...valuesOf(acknowledged));
  const append = database.prepare(
    "INSERT INTO records (ordinal, last_sequence, first_sequence, digest, likes, events) " +
      "VALUES (?, ?, ?, ?, ?, ?)",
  );
  for (const [index, place] of places.entries()) {
    if (index <= (spec.trimmed ?? 0)) continue;
    const first = placeAt(places, index - 1).sequence + 1;
    append.run(ordinal, place.sequence, first, place.digest, place.likes, place.bytes);
  }
}

/** Writes the ledger that has applied `servers`, in their order. Returns its path. */
export function makeLedger(folder: string, servers: readonly TestServer[]): string {
  return make(join(folder, "primary"), LEDGER_KIND, (database) => {
    const model = new LedgerModel();
    for (const [index, { serverId, outboxId, incarnations }] of servers.entries()) {
      let [applied, appliedEvents] = [0n, 0];
      for (const spec of incarnations) {
        for (const event of countedOf(spec)) {
          applied += model.apply(event[0], changeOf(event));
          appliedEvents++;
        }
        const { sequence, digest } = placeAt(placesOf(spec), appliedOf(spec));
        const { incarnation, state = "open" } = spec;
        database
          .prepare(
            "INSERT INTO incarnations (incarnation, outbox_id, applied_sequence, digest, state) " +
              "VALUES (?, ?, ?, ?, ?)",
          )
          .run(incarnation, outboxId, sequence, digest, state);
        writeGap(database, outboxId, spec);
        if (state !== "retired") continue;
        database.prepare(decisionSql("outbox_rolled_back")).run(outboxId, incarnation);
      }
      database
        .prepare("INSERT INTO members VALUES (?, ?, ?, '127.0.0.1:1', 'member', ?, ?, NULL)")
        .run(index + 1, outboxId, serverId, appliedEvents, applied);
    }
    model.write(database);
    database
      .prepare("INSERT INTO ledger VALUES (1, ?, ?, ?, ?, 0, ?, NULL, x'00')")
      .run(LEDGER_ID, VERSION, model.total, VERSION, FINGERPRINT);
    database.prepare("INSERT INTO generations VALUES (1, ?, 1, 0)").run(GENERATION);
  });
}

function writeGap(database: Database, outboxId: OutboxId, spec: TestIncarnation): void {
  if (spec.gap === undefined) return;
  const places = placesOf(spec);
  const [first, last] = spec.gap.map((index) => placeAt(places, index).sequence);
  database
    .prepare(
      "INSERT INTO decisions (kind, trouble, trouble_number, outbox_id, incarnation, " +
        "first_sequence, last_sequence, as_of_ms, decided_ms, reason) " +
        "VALUES ('resolve', 'gap', 1, ?, ?, ?, ?, 0, 0, '')",
    )
    .run(outboxId, spec.incarnation, (first ?? 0) + 1, last);
}

/** SQL for a decision about trouble; binds an outbox and an incarnation. */
export function decisionSql(trouble: string, kind = "resolve"): string {
  return (
    "INSERT INTO decisions (kind, trouble, trouble_number, outbox_id, incarnation, " +
    "first_sequence, last_sequence, as_of_ms, decided_ms, reason) " +
    `VALUES ('${kind}', '${trouble}', 1, ?, ?, 0, 0, 0, 0, '')`
  );
}

/** SQL for an open trouble; binds an outbox and an incarnation. */
export function troubleSql(kind: string): string {
  return (
    "INSERT INTO troubles (outbox_id, incarnation, kind, first_sequence, last_sequence, digest, " +
    `detail, since_ms, as_of_from_ms, as_of_to_ms, decided) VALUES (?, ?, '${kind}', 1, 3, '', ` +
    "'', 0, 0, 0, 0)"
  );
}

/** Writes the stores of `servers` into `folder`. */
export function makeStores(folder: string, servers: readonly TestServer[] = SERVERS): void {
  makeLedger(folder, servers);
  for (const server of servers) makeOutbox(folder, server);
}

/** Changes a store in a way no role would. */
export function edit(path: string, sql: string, ...values: readonly unknown[]): void {
  const database = new Database(path);
  database.pragma("synchronous = OFF");
  try {
    database.prepare(sql).run(...values);
  } finally {
    database.close();
  }
}

/** Returns SERVERS with a changed first incarnation. */
export function withFirstIncarnation(change: Partial<TestIncarnation>): readonly TestServer[] {
  const [first, ...others] = SERVERS;
  const [spec, ...incarnations] = first?.incarnations ?? [];
  if (first === undefined || spec === undefined) throw new Error("SERVERS has a first incarnation");
  return [{ ...first, incarnations: [{ ...spec, ...change }, ...incarnations] }, ...others];
}

function make(folder: string, kind: SqliteKind, fill: (database: Database) => void): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${kind.name}.sqlite`);
  const database = newDatabase(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = OFF"); // a test never loses power
  database.transaction(() => {
    database.exec(kind.schema);
    fill(database);
    database.pragma(`application_id = ${kind.applicationId}`);
    database.pragma(`user_version = ${kind.schemaVersion}`);
  });
  guardTables(database, kind);
  database.close();
  return path;
}

function countedOf(spec: TestIncarnation): readonly TestEvent[] {
  const [from, to] = spec.gap ?? [0, 0];
  return spec.records
    .slice(0, appliedOf(spec))
    .filter((_, index) => index < from || index >= to)
    .flat();
}

function appliedOf({ applied, records }: TestIncarnation): number {
  return applied ?? records.length;
}

function lastOf(spec: TestIncarnation): Position {
  return placeAt(placesOf(spec), spec.records.length);
}

function placeAt<T extends Position>(places: readonly T[], index: number): T {
  const place = places[index];
  if (place === undefined) throw new Error(`there is no place ${index}`);
  return place;
}

function valuesOf({ sequence, digest, likes }: Position): readonly unknown[] {
  return [sequence, digest, likes];
}
