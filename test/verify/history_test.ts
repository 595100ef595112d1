import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { audit } from "../../src/verify/audit.ts";
import { findFiles } from "../../src/verify/find_files.ts";
import type { AuditReport } from "../../src/verify/report.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { firstOf } from "./audit_fixture.ts";
import { FIRST_LIFE, OUTBOX, SERVERS, makeLedger, makeOutbox } from "./stores_fixture.ts";
import { placesOf, withFirstLife } from "./stores_fixture.ts";
import type { TestLife, TestServer } from "./stores_fixture.ts";

/** Other events under the same names: the second one differs first. */
const OTHERS: TestLife["records"] = [
  [
    ["video", 5],
    ["song", 1],
  ],
  [["ü", 1]],
];
const FIRST_RECORDS = SERVERS[0]?.lives[0]?.records ?? [];

/** Audits a ledger that applied `servers`, their outboxes, and a copy that holds another first life. */
async function auditCopy(
  servers: readonly TestServer[],
  copied: Partial<TestLife>,
  { isCopyFirst = false } = {},
): Promise<AuditReport> {
  await using folder = temporaryFolder();
  await using copies = temporaryFolder();
  makeLedger(folder.path, SERVERS);
  for (const server of servers) makeOutbox(folder.path, server);
  const [first] = withFirstLife(copied);
  if (first === undefined) throw new Error("there is a first server");
  const copy = makeOutbox(copies.path, { ...first, lives: first.lives.slice(0, 1) });
  const { ledger = "", outboxes } = findFiles(folder.path);
  assert.is(outboxes[0], join(folder.path, OUTBOX));
  const all = isCopyFirst ? [copy, ...outboxes] : [...outboxes, copy];
  return audit({ ledger, outboxes: all, clients: [] });
}

test("historyOf() names the first event that differs when two copies have one name", async () => {
  for (const isCopyFirst of [false, true]) {
    const report = await auditCopy(SERVERS, { records: OTHERS }, { isCopyFirst });
    const { what, ...told } = firstOf(report);
    assert.match(what, /^a copy, ".*outbox.sqlite", holds other events under one name$/);
    const place = { serverId: "fra-1", incarnation: FIRST_LIFE, sequence: 2, itemId: "song" };
    assert.equal(told, { ...place, expected: '"song" +0', found: '"song" +1' });
    assert.is(report.divergences.count, 1, "the one that the ledger applied is counted");
  }
});

test("historyOf() names the place when a copy differs in what another has let go of", async () => {
  const report = await auditCopy(withFirstLife({ trimmed: 2 }), { records: OTHERS });
  const { what, sequence, expected, found } = firstOf(report);
  assert.match(what, /^a copy, /);
  const digestOf = (records: TestLife["records"]) => {
    return placesOf({ incarnation: FIRST_LIFE, records })[2]?.digest;
  };
  assert.equal([sequence, expected, found], [3, digestOf(FIRST_RECORDS), digestOf(OTHERS)]);
});

test("historyOf() joins two copies when one ends early and the other begins late", async () => {
  const early = withFirstLife({ records: FIRST_RECORDS.slice(0, 2) });
  for (const trimmed of [0, 1, 2]) {
    const report = await auditCopy(early, { trimmed });
    assert.is(report.outcome, "exact", JSON.stringify([report.divergences, report.missing]));
    assert.is(report.read.events, 8);
  }
});

test("historyOf() finds copies that differ when nothing of it is applied yet", async () => {
  const waiting = SERVERS[0]?.lives[1];
  const report = await auditCopy(SERVERS, {
    incarnation: waiting?.incarnation ?? "",
    records: [[["song", 3]], [["video", 41]]],
    applied: 1,
  });
  const { itemId, sequence, expected, found } = firstOf(report);
  assert.equal([itemId, sequence], ["video", 2]);
  assert.equal([expected, found], ['"video" +42', '"video" +41']);
});

test.run();
