import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder, expectFirst, firstOf } from "./audit_fixture.ts";
import type { Wrong } from "./audit_fixture.ts";
import { FIRST_LIFE, OUTBOX, SECOND_LIFE, edit, makeStores } from "./stores_fixture.ts";

/** Changes of a store that are provably wrong, and what is told first. */
const WRONG: readonly Wrong[] = [
  {
    name: "a byte of a record",
    path: OUTBOX,
    sql:
      "UPDATE records SET events = CAST(replace(CAST(events AS TEXT), 'song', 'Qong') AS BLOB) " +
      "WHERE ordinal = 1 AND last_sequence = 2",
    told: { what: "the digest is not that of the record", incarnation: FIRST_LIFE, sequence: 1 },
  },
  {
    name: "bytes that are no events",
    path: OUTBOX,
    sql: "UPDATE records SET events = x'08' WHERE ordinal = 1 AND last_sequence = 3",
    told: { what: "the digest is not that of the record", sequence: 3, serverId: "fra-1" },
  },
  {
    name: "a record that is missing",
    path: OUTBOX,
    sql: "DELETE FROM records WHERE ordinal = 1 AND last_sequence = 3",
    told: { what: "events are missing", sequence: 4, expected: "3", found: "4" },
  },
  {
    name: "two records in each other's place",
    path: OUTBOX,
    sql:
      "UPDATE records SET events = (SELECT events FROM records r WHERE r.ordinal = 1 AND " +
      "r.last_sequence = 7 - records.last_sequence) WHERE ordinal = 1 AND last_sequence > 2",
    told: { what: "the digest is not that of the record", sequence: 3 },
  },
  {
    name: "a record over another",
    path: OUTBOX,
    sql: "UPDATE records SET first_sequence = 2 WHERE ordinal = 1 AND last_sequence = 3",
    told: { what: "a record is not at its place", sequence: 2, expected: "3", found: "2" },
  },
  {
    name: "more likes after a record",
    path: OUTBOX,
    sql: "UPDATE records SET likes = likes + 1 WHERE ordinal = 2 AND last_sequence = 2",
    told: {
      what: "the likes are not those of the events",
      expected: "45",
      found: "46",
      sequence: 2,
    },
  },
  {
    name: "another digest where it is acknowledged",
    path: OUTBOX,
    sql: "UPDATE incarnations SET acknowledged_digest = trimmed_digest WHERE ordinal = 2",
    told: { what: "what is acknowledged is another", sequence: 1, incarnation: SECOND_LIFE },
  },
  {
    name: "an acknowledged place that is none",
    path: OUTBOX,
    sql: "UPDATE incarnations SET acknowledged_sequence = 9 WHERE ordinal = 1",
    told: { what: "what is acknowledged is not there", sequence: 9 },
  },
  {
    name: "likes before the first event",
    path: OUTBOX,
    sql: "UPDATE incarnations SET trimmed_likes = 1 WHERE ordinal = 1",
    told: { what: "the incarnation begins elsewhere", sequence: 0 },
  },
];

for (const wrong of WRONG) {
  test(`chainOf() names the first divergence when there is ${wrong.name}`, () =>
    expectFirst(wrong));
}

test("chainOf() finds a record that is larger than any, and does not read it", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  const sql = "UPDATE records SET events = zeroblob(20000000) WHERE ordinal = 2";
  edit(join(folder.path, OUTBOX), sql);
  const before = process.memoryUsage().external;
  const first = firstOf(auditFolder(folder.path));
  assert.is(first?.found, "they are more than a record may have");
  assert.ok(process.memoryUsage().external - before < 10_000_000);
});

test.run();
