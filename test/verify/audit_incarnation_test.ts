import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder, expectFirst, firstOf } from "./audit_fixture.ts";
import type { Defect } from "./audit_fixture.ts";
import {
  FIRST_INCARNATION,
  LEDGER,
  OUTBOX,
  SECOND_INCARNATION,
  SERVERS,
  TOTAL,
  decisionSql,
  edit,
  idOf,
  makeOutbox,
  makeStores,
  troubleSql,
  withFirstIncarnation,
} from "./stores_fixture.ts";

/** Changes that make a store provably wrong. */
const DEFECTS: readonly Defect[] = [
  {
    name: "an applied event with no likes in the ledger",
    path: LEDGER,
    sql: `UPDATE incarnations SET applied_sequence = 2 WHERE incarnation = '${SECOND_INCARNATION}'`,
    first: { what: "different events were applied", sequence: 2, incarnation: SECOND_INCARNATION },
  },
  {
    name: "an applied event that no outbox ever had",
    path: LEDGER,
    sql: `UPDATE incarnations SET applied_sequence = 5 WHERE incarnation = '${FIRST_INCARNATION}'`,
    first: { what: "the applied sequence does not match its digest", expected: "4", found: "5" },
  },
  {
    name: "a partly applied record",
    path: LEDGER,
    sql: `UPDATE incarnations SET applied_sequence = 1 WHERE incarnation = '${FIRST_INCARNATION}'`,
    first: { what: "a record is partly applied", expected: "the end of a record, such as #2" },
  },
  {
    name: "a different applied digest",
    path: LEDGER,
    sql: `UPDATE incarnations SET digest = '${idOf("9", 9)}' WHERE incarnation = '${FIRST_INCARNATION}'`,
    first: { what: "different events were applied", sequence: 4, found: idOf("9", 9) },
  },
  {
    name: "an incarnation that belongs to another outbox",
    path: LEDGER,
    sql: `UPDATE incarnations SET outbox_id = '${idOf("a", 2)}' WHERE incarnation = '${FIRST_INCARNATION}'`,
    first: { what: "the incarnation belongs to another outbox", incarnation: FIRST_INCARNATION },
  },
];

for (const wrong of DEFECTS) {
  test(`auditIncarnation() names the first divergence when there is ${wrong.name}`, () =>
    expectFirst(wrong));
}

test("auditIncarnation() names the events when an outbox has trimmed them", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ trimmed: 2 }));
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  assert.equal(report.missing.first, [
    {
      serverId: "fra-1",
      incarnation: FIRST_INCARNATION,
      events: { first: 1, last: 3 },
      what: "trimmed from its outbox",
    },
  ]);
  assert.is(report.sums.outboxes, TOTAL, "the second sum needs no events");
  assert.is(report.sums.events, TOTAL - 1_000_005n);
});

test("auditIncarnation() is inexact when trimmed events cannot have that many likes", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ trimmed: 2 }));
  const outbox = join(folder.path, OUTBOX);
  // The outbox agrees with itself.
  for (const column of ["trimmed_likes", "acknowledged_likes"]) {
    const more = `UPDATE incarnations SET ${column} = ${column} + 5000000 WHERE ordinal = 1`;
    edit(outbox, more);
  }
  edit(outbox, "UPDATE records SET likes = likes + 5000000 WHERE ordinal = 1");
  const { what, incarnation, expected, found } = firstOf(auditFolder(folder.path));
  assert.is(what, "the outbox's own sum does not match its events");
  assert.equal([incarnation, expected, found], [FIRST_INCARNATION, "1 to 3000001", "6000006"]);
});

test("auditIncarnation() is undecided when an outbox trimmed unapplied events", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ applied: 0, trimmed: 2 }));
  edit(join(folder.path, LEDGER), troubleSql("gap"), SERVERS[0]?.outboxId, FIRST_INCARNATION);
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  assert.equal(report.missing.first[0]?.events, { first: 1, last: 3 });
  assert.is(report.troubles.first[0]?.kind, "gap");
});

test("auditIncarnation() is exact when a copy still has the trimmed events", async () => {
  await using folder = temporaryFolder();
  await using copies = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ trimmed: 2 }));
  const [server] = withFirstIncarnation({
    records: SERVERS[0]?.incarnations[0]?.records.slice(0, 2) ?? [],
  });
  const copy =
    server && makeOutbox(copies.path, { ...server, incarnations: server.incarnations.slice(0, 1) });
  const report = auditFolder(folder.path, { outboxes: [copy ?? ""] });
  assert.equal([report.divergences.first, report.missing.first], [[], []]);
  assert.is(report.outcome, "exact");
  assert.is(report.sums.events, TOTAL);
});

test("auditIncarnation() is exact and names the gap when one was closed", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ gap: [0, 2], trimmed: 2 }));
  const report = auditFolder(folder.path);
  assert.equal([report.divergences.first, report.missing.first], [[], []]);
  assert.is(report.outcome, "exact");
  const events = { first: 1, last: 3 };
  assert.equal(report.gaps.first, [
    { decision: 1, incarnation: FIRST_INCARNATION, events, serverId: "fra-1" },
  ]);
  assert.equal(report.sums.outboxes, TOTAL - 1_000_005n);
});

test("auditIncarnation() counts no event of a closed gap when a copy has it", async () => {
  await using folder = temporaryFolder();
  await using copies = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ gap: [1, 2], trimmed: 2 }));
  const [server] = SERVERS;
  const copy =
    server && makeOutbox(copies.path, { ...server, incarnations: server.incarnations.slice(0, 1) });
  const report = auditFolder(folder.path, { outboxes: [copy ?? ""] });
  assert.equal([report.divergences.first, report.missing.first], [[], []]);
  assert.is(report.outcome, "exact");
  assert.is(report.sums.events, TOTAL - 1_000_000n);
});

test("auditIncarnation() names missing events once when some of them are given up", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ gap: [1, 2], trimmed: 3 }));
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  assert.equal(
    report.missing.first.map(({ events }) => events),
    [
      { first: 1, last: 2 },
      { first: 4, last: 4 },
    ],
  );
  assert.equal(report.gaps.first[0]?.events, { first: 3, last: 3 });
});

test("auditIncarnation() is undecided when a decision accepted different events", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ applied: 2 }));
  const ledger = join(folder.path, LEDGER);
  const other = "UPDATE incarnations SET digest = ? WHERE incarnation = ?";
  edit(ledger, other, idOf("9", 9), FIRST_INCARNATION);
  assert.is(firstOf(auditFolder(folder.path)).what, "different events were applied");
  edit(ledger, decisionSql("digest_differs"), SERVERS[0]?.outboxId, FIRST_INCARNATION);
  const report = auditFolder(folder.path);
  assert.equal([report.outcome, report.divergences.first], ["undecided", []]);
  const what = "its outbox has different events, which decision 1 accepted";
  const place = { serverId: "fra-1", incarnation: FIRST_INCARNATION };
  assert.equal(report.missing.first, [{ ...place, events: { first: 1, last: 3 }, what }]);
  assert.is(report.sums.outboxes, undefined);
  assert.equal({ ...report.abandoned }, { events: 1, likes: 1n });
});

test("auditIncarnation() sums the abandoned events of a retired incarnation", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ applied: 1, state: "retired" }));
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "exact");
  assert.equal({ ...report.abandoned }, { events: 2, likes: 1_000_001n });
});

test.run();
