import { rmSync } from "node:fs";
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
  makeStores,
  withFirstLife,
} from "./stores_fixture.ts";

/** Changes of a store that are provably wrong, and what is told first. */
const WRONG: readonly Wrong[] = [
  {
    name: "one like more of an item",
    path: LEDGER,
    sql: "UPDATE items SET likes = likes + 1 WHERE item_id = 'video'",
    told: {
      what: "the likes of an item are not those of its events",
      itemId: "video",
      expected: "13",
      found: "14",
    },
  },
  {
    name: "an item that is gone",
    path: LEDGER,
    sql: "DELETE FROM items WHERE item_id = 'film'",
    told: { itemId: "film", expected: "9", found: "no such item" },
  },
  {
    name: "an item that nobody liked",
    path: LEDGER,
    sql: "INSERT INTO items VALUES ('ghost', 1)",
    told: { itemId: "ghost", expected: "0", found: "1" },
  },
  {
    name: "an item without likes that no event names",
    path: LEDGER,
    sql: "INSERT INTO items VALUES ('ghost', 0)",
    told: { itemId: "ghost", expected: "no such item", found: "0" },
  },
  {
    name: "one like more in all",
    path: LEDGER,
    sql: "UPDATE ledger SET total_likes = total_likes + 1",
    told: { what: "the total is not the sum of the items", expected: "1000025", found: "1000026" },
  },
  {
    name: "an incarnation that the ledger forgot",
    path: LEDGER,
    sql: `DELETE FROM incarnations WHERE incarnation = '${FIRST_LIFE}'`,
    told: { what: "the member's applied likes are not those of its events", serverId: "fra-1" },
  },
  {
    name: "likes of a member",
    path: LEDGER,
    sql: "UPDATE members SET applied_likes = applied_likes - 1 WHERE server_id = 'fra-2'",
    told: { serverId: "fra-2", expected: "16", found: "15" },
  },
  {
    name: "a gap that nobody closed",
    path: LEDGER,
    sql:
      "INSERT INTO decisions VALUES (1, 'resolve', 'gap', 1, '', " +
      `'${FIRST_LIFE}', 4, 4, 0, 0, '')`,
    told: { what: "the member's applied likes are not those of its events" },
  },
  {
    name: "a gap closed beyond what is applied",
    path: LEDGER,
    sql:
      "INSERT INTO decisions VALUES (1, 'resolve', 'gap', 1, '', " +
      `'${SECOND_LIFE}', 2, 2, 0, 0, '')`,
    told: { what: "decision 1 closed a gap, and what follows is not counted on", found: "1" },
  },
  {
    name: "a LikesServer that nobody retired",
    path: LEDGER,
    sql: "UPDATE members SET state = 'retired' WHERE server_id = 'fra-2'",
    told: { what: "a LikesServer is retired", serverId: "fra-2", found: "no decision about it" },
  },
  {
    name: "an incarnation that nobody gave up",
    path: LEDGER,
    sql: `UPDATE incarnations SET state = 'retired' WHERE incarnation = '${SECOND_LIFE}'`,
    told: { what: "an incarnation is given up", incarnation: SECOND_LIFE, serverId: "fra-1" },
  },
  {
    name: "a row that makes no sense",
    path: LEDGER,
    sql: `UPDATE incarnations SET digest = 'none' WHERE incarnation = '${FIRST_LIFE}'`,
    told: { what: "the store is damaged", found: "digest is a string" },
  },
];

for (const wrong of WRONG) {
  test(`auditLedger() names the first divergence when there is ${wrong.name}`, () =>
    expectFirst(wrong));
}

test("auditLedger() takes for given up only what a decision gives up", async () => {
  for (const [kind, trouble, incarnation, outcome] of [
    ["resolve", "outbox_rolled_back", SECOND_LIFE, "exact"],
    ["resolve", "digest_differs", SECOND_LIFE, "exact"],
    ["resolve", "second_incarnation", FIRST_LIFE, "exact"],
    ["retire", "", "", "exact"],
    ["resolve", "outbox_rolled_back", FIRST_LIFE, "inexact"],
    ["resolve", "closed_incarnation", SECOND_LIFE, "inexact"],
    ["redelivered", "ledger_restored", "", "inexact"],
  ] as const) {
    await using folder = temporaryFolder();
    makeStores(folder.path);
    const ledger = join(folder.path, LEDGER);
    edit(ledger, "UPDATE incarnations SET state = 'retired' WHERE incarnation = ?", SECOND_LIFE);
    edit(ledger, decisionSql(trouble, kind), SERVERS[0]?.outboxId, incarnation);
    const report = auditFolder(folder.path);
    assert.is(report.outcome, outcome, `${kind} ${trouble}`);
    assert.equal({ ...report.abandoned }, { events: 1, likes: 42n });
  }
});

test("auditLedger() calls nothing waiting that a retired LikesServer holds", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstLife({ applied: 0 }));
  const ledger = join(folder.path, LEDGER);
  edit(ledger, "DELETE FROM incarnations WHERE incarnation = ?", FIRST_LIFE);
  edit(ledger, "UPDATE members SET state = 'retired' WHERE server_id = 'fra-1'");
  edit(ledger, decisionSql("", "retire"), SERVERS[0]?.outboxId, "");
  const report = auditFolder(folder.path);
  assert.equal([report.outcome, report.divergences.first], ["exact", []]);
  assert.is(report.abandoned.events, 4);
});

test("audit() is undecided when the second sum cannot be made", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  // The second event of a record, which has no likes, so that the first sum is right.
  const gap = "UPDATE decisions SET first_sequence = 2, last_sequence = 2";
  edit(join(folder.path, LEDGER), decisionSql("gap"), SERVERS[0]?.outboxId, FIRST_LIFE);
  edit(join(folder.path, LEDGER), gap);
  const report = auditFolder(folder.path);
  assert.equal([report.outcome, report.sums.outboxes], ["undecided", undefined]);
  assert.match(report.missing.first[0]?.what ?? "", /^the outboxes' own sum is not known/);
});

test("auditLedger() is inexact when what is gone cannot have had so many likes", async () => {
  for (const [path, sql, what] of [
    [LEDGER, "UPDATE items SET likes = likes + 1 WHERE item_id = 'ü'", /sum of the items/],
    [LEDGER, "UPDATE items SET likes = 0 WHERE item_id = 'film'", /likes of an item/],
    [LEDGER, "UPDATE items SET likes = 9999999 WHERE item_id = 'ü'", /likes of an item/],
    [LEDGER, "UPDATE members SET applied_likes = applied_likes + 1", /member's applied likes/],
  ] as const) {
    await using folder = temporaryFolder();
    makeStores(folder.path, withFirstLife({ trimmed: 2 }));
    edit(join(folder.path, path), sql);
    assert.match(firstOf(auditFolder(folder.path)).what ?? "", what, sql);
  }
});

test("auditLedger() knows likes when an outbox has purged their events", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstLife({ isPurged: true }));
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  const { what, incarnation, lastSequence } = report.missing.first[0] ?? {};
  assert.equal([what, incarnation, lastSequence], ["no outbox holds them", FIRST_LIFE, 4]);
  assert.is(report.sums.outboxes, TOTAL, "the outbox remembers what it forgot");
  edit(join(folder.path, OUTBOX), "UPDATE outbox SET purged_likes = purged_likes + 1");
  assert.match(firstOf(auditFolder(folder.path)).what ?? "", /member's applied likes/);
});

test("auditLedger() is inexact when purged events cannot have had so many likes", async () => {
  for (const [server, events, likes] of [
    ["fra-1", 0, 1],
    ["fra-1", 2, 2_000_001],
  ] as const) {
    await using folder = temporaryFolder();
    makeStores(folder.path);
    const purged = "UPDATE outbox SET purged_events = ?, purged_likes = ?";
    edit(join(folder.path, OUTBOX), purged, events, likes);
    // Planted on both sides, so that every sum but that of the events agrees.
    const ledger = join(folder.path, LEDGER);
    edit(
      ledger,
      "UPDATE members SET applied_likes = applied_likes + ? WHERE server_id = ?",
      likes,
      server,
    );
    edit(ledger, "UPDATE items SET likes = likes + ? WHERE item_id = 'video'", likes);
    edit(ledger, "UPDATE ledger SET total_likes = total_likes + ?", likes);
    const { what } = firstOf(auditFolder(folder.path));
    assert.is(what, "what an outbox has forgotten cannot have had so many likes");
  }
});

test("auditLedger() is undecided when an outbox purged more than the ledger knows", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  edit(join(folder.path, OUTBOX), "UPDATE outbox SET purged_events = 5, purged_likes = 50");
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  const what = "it has forgotten 5 events, of which the ledger knows 0";
  assert.equal(report.missing.first, [{ serverId: "fra-1", what }]);
});

test("auditLedger() is undecided when the outbox of a member was not read", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  rmSync(join(folder.path, "fra-2"), { recursive: true });
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  const told = report.missing.first.map(({ what, serverId }) => [serverId, what]);
  assert.equal(told, [
    ["fra-2", "no outbox holds them"],
    ["fra-2", "its outbox was not read"],
  ]);
});

test.run();
