import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder, expectFirst, firstOf } from "./audit_fixture.ts";
import type { Wrong } from "./audit_fixture.ts";
import {
  FIRST_LIFE,
  LEDGER,
  OUTBOX,
  SECOND_LIFE,
  SERVERS,
  TOTAL,
  decisionSql,
  edit,
  idOf,
  makeOutbox,
  makeStores,
  troubleSql,
  withFirstLife,
} from "./stores_fixture.ts";

/** Changes of a store that are provably wrong, and what is told first. */
const WRONG: readonly Wrong[] = [
  {
    name: "one event more applied than there are likes of",
    path: LEDGER,
    sql: `UPDATE incarnations SET applied_sequence = 2 WHERE incarnation = '${SECOND_LIFE}'`,
    told: { what: "other events were applied", sequence: 2, incarnation: SECOND_LIFE },
  },
  {
    name: "one event more applied than there are",
    path: LEDGER,
    sql: `UPDATE incarnations SET applied_sequence = 5 WHERE incarnation = '${FIRST_LIFE}'`,
    told: { what: "the applied sequence is not that of its digest", expected: "4", found: "5" },
  },
  {
    name: "a record that is applied in part",
    path: LEDGER,
    sql: `UPDATE incarnations SET applied_sequence = 1 WHERE incarnation = '${FIRST_LIFE}'`,
    told: { what: "a record is applied in part", expected: "the end of a record, as #2" },
  },
  {
    name: "another applied digest",
    path: LEDGER,
    sql: `UPDATE incarnations SET digest = '${idOf("9", 9)}' WHERE incarnation = '${FIRST_LIFE}'`,
    told: { what: "other events were applied", sequence: 4, found: idOf("9", 9) },
  },
  {
    name: "an incarnation of another outbox",
    path: LEDGER,
    sql: `UPDATE incarnations SET outbox_id = '${idOf("a", 2)}' WHERE incarnation = '${FIRST_LIFE}'`,
    told: { what: "the incarnation is of another outbox", incarnation: FIRST_LIFE },
  },
];

for (const wrong of WRONG) {
  test(`auditIncarnation() names the first divergence when there is ${wrong.name}`, () =>
    expectFirst(wrong));
}

test("auditIncarnation() names events when an outbox has let go of them", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstLife({ trimmed: 2 }));
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  assert.equal(report.missing.first, [
    {
      serverId: "fra-1",
      incarnation: FIRST_LIFE,
      firstSequence: 1,
      lastSequence: 3,
      what: "its outbox has let go of them",
    },
  ]);
  assert.is(report.sums.outboxes, TOTAL, "the second sum needs no events");
  assert.is(report.sums.events, TOTAL - 1_000_005n);
});

test("auditIncarnation() is inexact when what is gone cannot have had so many likes", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstLife({ trimmed: 2 }));
  const outbox = join(folder.path, OUTBOX);
  // All that the outbox says of it agrees with itself.
  for (const column of ["trimmed_likes", "acknowledged_likes"]) {
    const more = `UPDATE incarnations SET ${column} = ${column} + 5000000 WHERE ordinal = 1`;
    edit(outbox, more);
  }
  edit(outbox, "UPDATE records SET likes = likes + 5000000 WHERE ordinal = 1");
  const { what, incarnation, expected, found } = firstOf(auditFolder(folder.path));
  assert.is(what, "the outbox's own sum is not that of its events");
  assert.equal([incarnation, expected, found], [FIRST_LIFE, "1 to 3000001", "6000006"]);
});

test("auditIncarnation() is undecided when an outbox let go of what is not applied", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstLife({ applied: 0, trimmed: 2 }));
  edit(join(folder.path, LEDGER), troubleSql("gap"), SERVERS[0]?.outboxId, FIRST_LIFE);
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  const [{ firstSequence, lastSequence } = {}] = report.missing.first;
  assert.equal([firstSequence, lastSequence], [1, 3]);
  assert.is(report.troubles.first[0]?.kind, "gap");
});

test("auditIncarnation() is exact when a copy still has what the outbox let go of", async () => {
  await using folder = temporaryFolder();
  await using copies = temporaryFolder();
  makeStores(folder.path, withFirstLife({ trimmed: 2 }));
  const [server] = withFirstLife({ records: SERVERS[0]?.lives[0]?.records.slice(0, 2) ?? [] });
  const copy = server && makeOutbox(copies.path, { ...server, lives: server.lives.slice(0, 1) });
  const report = auditFolder(folder.path, { outboxes: [copy ?? ""] });
  assert.equal([report.divergences.first, report.missing.first], [[], []]);
  assert.is(report.outcome, "exact");
  assert.is(report.sums.events, TOTAL);
});

test("auditIncarnation() is exact when a gap was closed, and names it", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstLife({ gap: [0, 2], trimmed: 2 }));
  const report = auditFolder(folder.path);
  assert.equal([report.divergences.first, report.missing.first], [[], []]);
  assert.is(report.outcome, "exact");
  const range = { firstSequence: 1, lastSequence: 3 };
  assert.equal(report.gaps.first, [
    { decision: 1, incarnation: FIRST_LIFE, ...range, serverId: "fra-1" },
  ]);
  assert.equal(report.sums.outboxes, TOTAL - 1_000_005n);
});

test("auditIncarnation() counts no event of a closed gap when a copy has it", async () => {
  await using folder = temporaryFolder();
  await using copies = temporaryFolder();
  makeStores(folder.path, withFirstLife({ gap: [1, 2], trimmed: 2 }));
  const [server] = SERVERS;
  const copy = server && makeOutbox(copies.path, { ...server, lives: server.lives.slice(0, 1) });
  const report = auditFolder(folder.path, { outboxes: [copy ?? ""] });
  assert.equal([report.divergences.first, report.missing.first], [[], []]);
  assert.is(report.outcome, "exact");
  assert.is(report.sums.events, TOTAL - 1_000_000n);
});

test("auditIncarnation() names what is not counted once when a part of it is given up", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstLife({ gap: [1, 2], trimmed: 3 }));
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  const ranges = report.missing.first.map(({ firstSequence, lastSequence }) => {
    return [firstSequence, lastSequence];
  });
  assert.equal(ranges, [
    [1, 2],
    [4, 4],
  ]);
  const { firstSequence, lastSequence } = report.gaps.first[0] ?? {};
  assert.equal([firstSequence, lastSequence], [3, 3]);
});

test("auditIncarnation() does not know when a decision left an outbox with other events", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstLife({ applied: 2 }));
  const ledger = join(folder.path, LEDGER);
  const other = "UPDATE incarnations SET digest = ? WHERE incarnation = ?";
  edit(ledger, other, idOf("9", 9), FIRST_LIFE);
  assert.is(firstOf(auditFolder(folder.path)).what, "other events were applied");
  edit(ledger, decisionSql("digest_differs"), SERVERS[0]?.outboxId, FIRST_LIFE);
  const report = auditFolder(folder.path);
  assert.equal([report.outcome, report.divergences.first], ["undecided", []]);
  const what = "its outbox holds others, and decision 1 left it so";
  const place = { serverId: "fra-1", incarnation: FIRST_LIFE };
  assert.equal(report.missing.first, [{ ...place, firstSequence: 1, lastSequence: 3, what }]);
  assert.is(report.sums.outboxes, undefined);
  assert.equal({ ...report.abandoned }, { events: 1, likes: 1n });
});

test("auditIncarnation() tells what is left of an incarnation that an operator ended", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstLife({ applied: 1, state: "retired" }));
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "exact");
  assert.equal({ ...report.abandoned }, { events: 2, likes: 1_000_001n });
});

test.run();
