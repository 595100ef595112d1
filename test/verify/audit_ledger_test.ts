import { rmSync } from "node:fs";
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
  makeStores,
  withFirstIncarnation,
} from "./stores_fixture.ts";

/** Changes that make a store provably wrong. */
const DEFECTS: readonly Defect[] = [
  {
    name: "an item with one like too many",
    path: LEDGER,
    sql: "UPDATE items SET likes = likes + 1 WHERE item_id = 'video'",
    first: {
      what: "the item's likes do not match its events",
      itemId: "video",
      expected: "13",
      found: "14",
    },
  },
  {
    name: "a missing item",
    path: LEDGER,
    sql: "DELETE FROM items WHERE item_id = 'film'",
    first: { itemId: "film", expected: "9", found: "no such item" },
  },
  {
    name: "an item with likes from no event",
    path: LEDGER,
    sql: "INSERT INTO items VALUES ('ghost', 1)",
    first: { itemId: "ghost", expected: "0", found: "1" },
  },
  {
    name: "an item with no likes and no event",
    path: LEDGER,
    sql: "INSERT INTO items VALUES ('ghost', 0)",
    first: { itemId: "ghost", expected: "no such item", found: "0" },
  },
  {
    name: "an item with one like too many that waits in the intake",
    path: LEDGER,
    sql: "INSERT INTO intake VALUES (1, 'video', 1)",
    first: { itemId: "video", expected: "13", found: "14" },
  },
  {
    name: "an item that waits in the intake, with likes from no event",
    path: LEDGER,
    sql: "INSERT INTO intake VALUES (1, 'ghost', 1)",
    first: { itemId: "ghost", expected: "0", found: "1" },
  },
  {
    name: "a total of one like too many",
    path: LEDGER,
    sql: "UPDATE ledger SET total_likes = total_likes + 1",
    first: { what: "the total is not the sum of the items", expected: "1000025", found: "1000026" },
  },
  {
    name: "an incarnation missing from the ledger",
    path: LEDGER,
    sql: `DELETE FROM incarnations WHERE incarnation = '${FIRST_INCARNATION}'`,
    first: { what: "the member's applied likes do not match its events", serverId: "fra-1" },
  },
  {
    name: "a member with one like too few",
    path: LEDGER,
    sql: "UPDATE members SET applied_likes = applied_likes - 1 WHERE server_id = 'fra-2'",
    first: { serverId: "fra-2", expected: "16", found: "15" },
  },
  {
    name: "a member with one event too many",
    path: LEDGER,
    sql: "UPDATE members SET applied_events = applied_events + 1 WHERE server_id = 'fra-2'",
    first: {
      what: "the member's applied events do not match its applied sequences",
      serverId: "fra-2",
      expected: "2",
      found: "3",
    },
  },
  {
    name: "a closed gap whose likes are counted",
    path: LEDGER,
    sql:
      "INSERT INTO decisions VALUES (1, 'resolve', 'gap', 1, '', " +
      `'${FIRST_INCARNATION}', 4, 4, 0, 0, '')`,
    first: { what: "the member's applied likes do not match its events" },
  },
  {
    name: "a closed gap beyond the applied sequence",
    path: LEDGER,
    sql:
      "INSERT INTO decisions VALUES (1, 'resolve', 'gap', 1, '', " +
      `'${SECOND_INCARNATION}', 2, 2, 0, 0, '')`,
    first: {
      what: "decision 1 closed a gap, but the applied sequence has not passed it",
      found: "1",
    },
  },
  {
    name: "a LikesServer retired without a decision",
    path: LEDGER,
    sql: "UPDATE members SET state = 'retired' WHERE server_id = 'fra-2'",
    first: { what: "a LikesServer is retired", serverId: "fra-2", found: "no decision" },
  },
  {
    name: "an incarnation retired without a decision",
    path: LEDGER,
    sql: `UPDATE incarnations SET state = 'retired' WHERE incarnation = '${SECOND_INCARNATION}'`,
    first: {
      what: "an incarnation is retired",
      incarnation: SECOND_INCARNATION,
      serverId: "fra-1",
    },
  },
  {
    name: "an invalid row",
    path: LEDGER,
    sql: `UPDATE incarnations SET digest = 'none' WHERE incarnation = '${FIRST_INCARNATION}'`,
    first: { what: "the store is damaged", found: "digest is a string" },
  },
];

for (const wrong of DEFECTS) {
  test(`auditLedger() names the first divergence when there is ${wrong.name}`, () =>
    expectFirst(wrong));
}

test("auditLedger() is inexact when no decision covers a retirement", async () => {
  for (const [kind, trouble, incarnation, outcome] of [
    ["resolve", "outbox_rolled_back", SECOND_INCARNATION, "exact"],
    ["resolve", "digest_differs", SECOND_INCARNATION, "exact"],
    ["resolve", "second_incarnation", FIRST_INCARNATION, "exact"],
    ["retire", "", "", "exact"],
    ["resolve", "outbox_rolled_back", FIRST_INCARNATION, "inexact"],
    ["resolve", "closed_incarnation", SECOND_INCARNATION, "inexact"],
    ["redelivered", "ledger_restored", "", "inexact"],
  ] as const) {
    await using folder = temporaryFolder();
    makeStores(folder.path);
    const ledger = join(folder.path, LEDGER);
    edit(
      ledger,
      "UPDATE incarnations SET state = 'retired' WHERE incarnation = ?",
      SECOND_INCARNATION,
    );
    edit(ledger, decisionSql(trouble, kind), SERVERS[0]?.outboxId, incarnation);
    const report = auditFolder(folder.path);
    assert.is(report.outcome, outcome, `${kind} ${trouble}`);
    assert.equal({ ...report.abandoned }, { events: 1, likes: 42n });
  }
});

test("auditLedger() counts events as abandoned when their LikesServer is retired", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ applied: 0 }));
  const ledger = join(folder.path, LEDGER);
  edit(ledger, "DELETE FROM incarnations WHERE incarnation = ?", FIRST_INCARNATION);
  edit(ledger, "UPDATE members SET state = 'retired' WHERE server_id = 'fra-1'");
  edit(ledger, decisionSql("", "retire"), SERVERS[0]?.outboxId, "");
  const report = auditFolder(folder.path);
  assert.equal([report.outcome, report.divergences.first], ["exact", []]);
  assert.is(report.abandoned.events, 4);
});

test("audit() is undecided when the second sum cannot be made", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  // The second event of a record has no likes, so the sum of the events stays right.
  const gap = "UPDATE decisions SET first_sequence = 2, last_sequence = 2";
  edit(join(folder.path, LEDGER), decisionSql("gap"), SERVERS[0]?.outboxId, FIRST_INCARNATION);
  edit(join(folder.path, LEDGER), gap);
  const fewer = "UPDATE members SET applied_events = applied_events - 1 WHERE server_id = 'fra-1'";
  edit(join(folder.path, LEDGER), fewer);
  const report = auditFolder(folder.path);
  assert.equal([report.outcome, report.sums.outboxes], ["undecided", undefined]);
  assert.match(report.missing.first[0]?.what ?? "", /^the outboxes' own sum is unknown/);
});

test("auditLedger() is exact when likes wait in the intake, in any number of runs", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  edit(join(folder.path, LEDGER), "INSERT INTO intake SELECT 1, item_id, likes - 1 FROM items");
  edit(join(folder.path, LEDGER), "INSERT INTO intake SELECT 7, item_id, 1 FROM items");
  edit(join(folder.path, LEDGER), "UPDATE items SET likes = 0");
  assert.is(auditFolder(folder.path).outcome, "exact");
  edit(join(folder.path, LEDGER), "DELETE FROM items");
  assert.is(auditFolder(folder.path).outcome, "exact");
});

test("auditLedger() is exact when the intake takes likes back", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  edit(join(folder.path, LEDGER), "INSERT INTO intake SELECT 1, item_id, -5 FROM items");
  edit(join(folder.path, LEDGER), "UPDATE items SET likes = likes + 5");
  assert.is(auditFolder(folder.path).outcome, "exact");
});

test("auditLedger() is inexact when trimmed events cannot explain a sum", async () => {
  for (const [path, sql, what] of [
    [LEDGER, "UPDATE items SET likes = likes + 1 WHERE item_id = 'ü'", /sum of the items/],
    [LEDGER, "UPDATE items SET likes = 0 WHERE item_id = 'film'", /the item's likes/],
    [LEDGER, "UPDATE items SET likes = 9999999 WHERE item_id = 'ü'", /the item's likes/],
    [LEDGER, "UPDATE members SET applied_likes = applied_likes + 1", /member's applied likes/],
  ] as const) {
    await using folder = temporaryFolder();
    makeStores(folder.path, withFirstIncarnation({ trimmed: 2 }));
    edit(join(folder.path, path), sql);
    assert.match(firstOf(auditFolder(folder.path)).what ?? "", what, sql);
  }
});

test("auditLedger() knows likes when an outbox has purged their events", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ isPurged: true }));
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  const { what, incarnation, events } = report.missing.first[0] ?? {};
  assert.equal([what, incarnation, events?.last], ["in no outbox", FIRST_INCARNATION, 4]);
  assert.is(report.sums.outboxes, TOTAL, "the outbox keeps the likes of purged events");
  edit(join(folder.path, OUTBOX), "UPDATE outbox SET purged_likes = purged_likes + 1");
  assert.match(firstOf(auditFolder(folder.path)).what ?? "", /member's applied likes/);
});

test("auditLedger() is inexact when purged events cannot have that many likes", async () => {
  for (const [server, events, likes] of [
    ["fra-1", 0, 1],
    ["fra-1", 2, 2_000_001],
  ] as const) {
    await using folder = temporaryFolder();
    makeStores(folder.path);
    const purged = "UPDATE outbox SET purged_events = ?, purged_likes = ?";
    edit(join(folder.path, OUTBOX), purged, events, likes);
    // Changed on both sides, so that every sum but that of the events agrees.
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
    assert.is(what, "the purged events cannot have that many likes");
  }
});

test("auditLedger() is undecided when an outbox purged more than the ledger knows", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  edit(join(folder.path, OUTBOX), "UPDATE outbox SET purged_events = 5, purged_likes = 50");
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  const what = "its outbox purged 5 events, of which the ledger knows 0";
  assert.equal(report.missing.first, [{ serverId: "fra-1", what }]);
});

test("auditLedger() is undecided when the outbox of a member was not read", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  rmSync(join(folder.path, "fra-2"), { recursive: true });
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  const missing = report.missing.first.map(({ what, serverId }) => [serverId, what]);
  assert.equal(missing, [
    ["fra-2", "in no outbox"],
    ["fra-2", "its outbox was not read"],
  ]);
});

test.run();
