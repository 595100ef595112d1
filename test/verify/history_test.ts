import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { audit } from "../../src/verify/audit.ts";
import { findFiles } from "../../src/verify/find_files.ts";
import type { AuditReport } from "../../src/verify/report.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { firstOf } from "./audit_fixture.ts";
import { FIRST_INCARNATION, OUTBOX, SERVERS, makeLedger, makeOutbox } from "./stores_fixture.ts";
import { SECOND_INCARNATION, placesOf, withFirstIncarnation } from "./stores_fixture.ts";
import type { TestIncarnation, TestServer } from "./stores_fixture.ts";

/** Different events at the same sequences; the second event is the first to differ. */
const OTHERS: TestIncarnation["records"] = [
  [
    ["video", 5],
    ["song", 1],
  ],
  [["ü", 1]],
];
const FIRST_RECORDS = SERVERS[0]?.incarnations[0]?.records ?? [];

/**
 * Audits SERVERS' ledger, the outboxes of `servers`, and a copy with a changed first incarnation.
 */
async function auditCopy(
  servers: readonly TestServer[],
  copied: Partial<TestIncarnation>,
  { isCopyFirst = false } = {},
): Promise<AuditReport> {
  await using folder = temporaryFolder();
  await using copies = temporaryFolder();
  makeLedger(folder.path, SERVERS);
  for (const server of servers) makeOutbox(folder.path, server);
  const [first] = withFirstIncarnation(copied);
  if (first === undefined) throw new Error("SERVERS has a first server");
  const copy = makeOutbox(copies.path, { ...first, incarnations: first.incarnations.slice(0, 1) });
  const { ledger = "", outboxes } = findFiles(folder.path);
  assert.is(outboxes[0], join(folder.path, OUTBOX));
  const all = isCopyFirst ? [copy, ...outboxes] : [...outboxes, copy];
  return audit({ ledger, outboxes: all, clients: [] });
}

test("historyOf() names the first differing event when two copies differ", async () => {
  for (const isCopyFirst of [false, true]) {
    const report = await auditCopy(SERVERS, { records: OTHERS }, { isCopyFirst });
    const { what, ...first } = firstOf(report);
    assert.match(what, /^the copy ".*outbox.sqlite" has different events$/);
    const place = {
      serverId: "fra-1",
      incarnation: FIRST_INCARNATION,
      sequence: 2,
      itemId: "song",
    };
    assert.equal(first, { ...place, expected: '"song" +0', found: '"song" +1' });
    assert.is(report.divergences.count, 1, "the source that the ledger applied is counted");
  }
});

test("historyOf() names the sequence when a copy differs from trimmed events", async () => {
  const report = await auditCopy(withFirstIncarnation({ trimmed: 2 }), { records: OTHERS });
  const { what, sequence, expected, found } = firstOf(report);
  assert.match(what, /^the copy /);
  const digestOf = (records: TestIncarnation["records"]) => {
    return placesOf({ incarnation: FIRST_INCARNATION, records })[2]?.digest;
  };
  assert.equal([sequence, expected, found], [3, digestOf(FIRST_RECORDS), digestOf(OTHERS)]);
});

test("historyOf() joins two copies when one ends early and the other begins late", async () => {
  const early = withFirstIncarnation({ records: FIRST_RECORDS.slice(0, 2) });
  for (const trimmed of [0, 1, 2]) {
    const report = await auditCopy(early, { trimmed });
    assert.is(report.outcome, "exact", JSON.stringify([report.divergences, report.missing]));
    assert.is(report.read.events, 8);
  }
});

test("historyOf() finds differing copies when the events are not applied yet", async () => {
  const report = await auditCopy(SERVERS, {
    incarnation: SECOND_INCARNATION,
    records: [[["song", 3]], [["video", 41]]],
    applied: 1,
  });
  const { itemId, sequence, expected, found } = firstOf(report);
  assert.equal([itemId, sequence], ["video", 2]);
  assert.equal([expected, found], ['"video" +42', '"video" +41']);
});

test.run();
