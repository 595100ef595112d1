import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder, expectFirst, firstOf } from "./audit_fixture.ts";
import type { Defect } from "./audit_fixture.ts";
import {
  FIRST_INCARNATION,
  OUTBOX,
  SECOND_INCARNATION,
  edit,
  makeStores,
} from "./stores_fixture.ts";

/** Changes that make a store provably wrong. */
const DEFECTS: readonly Defect[] = [
  {
    name: "a changed byte in a record",
    path: OUTBOX,
    sql:
      "UPDATE records SET events = CAST(replace(CAST(events AS TEXT), 'song', 'Qong') AS BLOB) " +
      "WHERE ordinal = 1 AND last_sequence = 2",
    first: {
      what: "the digest does not match the record",
      incarnation: FIRST_INCARNATION,
      sequence: 1,
    },
  },
  {
    name: "a record of bytes that are not events",
    path: OUTBOX,
    sql: "UPDATE records SET events = x'08' WHERE ordinal = 1 AND last_sequence = 3",
    first: { what: "the digest does not match the record", sequence: 3, serverId: "fra-1" },
  },
  {
    name: "a missing record",
    path: OUTBOX,
    sql: "DELETE FROM records WHERE ordinal = 1 AND last_sequence = 3",
    first: { what: "events are missing", sequence: 4, expected: "3", found: "4" },
  },
  {
    name: "a swapped pair of records",
    path: OUTBOX,
    sql:
      "UPDATE records SET events = (SELECT events FROM records r WHERE r.ordinal = 1 AND " +
      "r.last_sequence = 7 - records.last_sequence) WHERE ordinal = 1 AND last_sequence > 2",
    first: { what: "the digest does not match the record", sequence: 3 },
  },
  {
    name: "an overlap of two records",
    path: OUTBOX,
    sql: "UPDATE records SET first_sequence = 2 WHERE ordinal = 1 AND last_sequence = 3",
    first: { what: "a record is out of place", sequence: 2, expected: "3", found: "2" },
  },
  {
    name: "a running total that is too high",
    path: OUTBOX,
    sql: "UPDATE records SET likes = likes + 1 WHERE ordinal = 2 AND last_sequence = 2",
    first: {
      what: "the likes do not match the events",
      expected: "45",
      found: "46",
      sequence: 2,
    },
  },
  {
    name: "a wrong acknowledged digest",
    path: OUTBOX,
    sql: "UPDATE incarnations SET acknowledged_digest = trimmed_digest WHERE ordinal = 2",
    first: {
      what: "the acknowledged position does not match its record",
      sequence: 1,
      incarnation: SECOND_INCARNATION,
    },
  },
  {
    name: "an acknowledged sequence beyond the end",
    path: OUTBOX,
    sql: "UPDATE incarnations SET acknowledged_sequence = 9 WHERE ordinal = 1",
    first: { what: "the acknowledged position is missing", sequence: 9 },
  },
  {
    name: "a start above 0 likes",
    path: OUTBOX,
    sql: "UPDATE incarnations SET trimmed_likes = 1 WHERE ordinal = 1",
    first: { what: "the incarnation has a wrong start", sequence: 0 },
  },
];

for (const wrong of DEFECTS) {
  test(`chainOf() names the first divergence when there is ${wrong.name}`, () =>
    expectFirst(wrong));
}

test("chainOf() reports a record without reading it when it is too large", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  const sql = "UPDATE records SET events = zeroblob(20000000) WHERE ordinal = 2";
  edit(join(folder.path, OUTBOX), sql);
  const before = process.memoryUsage().external;
  const first = firstOf(auditFolder(folder.path));
  assert.is(first?.found, "more bytes than a record may have");
  assert.ok(process.memoryUsage().external - before < 10_000_000);
});

test.run();
