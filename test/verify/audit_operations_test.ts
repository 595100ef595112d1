import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AuditReport } from "../../src/verify/report.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder, expectFirst, firstOf } from "./audit_fixture.ts";
import type { Defect } from "./audit_fixture.ts";
import {
  LEDGER,
  addNamed,
  edit,
  idOf,
  makeLedger,
  makeOutbox,
  makeStores,
} from "./stores_fixture.ts";
import type { TestEvent, TestServer } from "./stores_fixture.ts";

/** Returns LikesServers that each have accepted some records in one incarnation. */
function serversOf(...servers: readonly (readonly (readonly TestEvent[])[])[]): TestServer[] {
  return servers.map((records, index) => ({
    serverId: `s${index}`,
    outboxId: idOf("a", index),
    incarnations: [{ incarnation: idOf("b", index), records }],
  }));
}

/** An operation that came once, one that came twice through one, and one through both. */
const SERVERS = serversOf(
  [
    [
      ["video", 5],
      ["video", addNamed(1, 7)],
    ],
    [
      ["song", addNamed(62, 20)],
      ["song", addNamed(62, 20)],
      ["song", addNamed(63, 100)],
    ],
  ],
  [[["song", addNamed(63, 100)]], [["video", addNamed(1, 3, 2)]]],
);

const DEFECTS: readonly Defect[] = [
  {
    name: "an operation that has not counted",
    path: LEDGER,
    sql: "UPDATE operations SET counted = counted - 1 WHERE counted > 1",
    first: { what: "an applied operation has not counted", itemId: "video" },
  },
  {
    name: "an operation that no event names",
    path: LEDGER,
    sql: "UPDATE operations SET counted = counted + 2 WHERE block = 1",
    first: {
      what: "the ledger has more operations and registers than events explain",
      expected: "at most 0 by events that were not read",
      found: "1",
    },
  },
  {
    name: "a block without operations",
    path: LEDGER,
    sql: "UPDATE operations SET counted = 0 WHERE block = 1",
    first: { what: "the store is damaged", found: "counted is 0" },
  },
  {
    name: "a block that no operation has",
    path: LEDGER,
    sql: `UPDATE operations SET block = ${2 ** 53} / 62 + 1 WHERE block = 1`,
    first: { what: "the store is damaged" },
  },
  {
    name: "an operation that counted twice",
    path: LEDGER,
    sql: "UPDATE items SET likes = likes + 20 WHERE item_id = 'song'",
    first: { what: "the item's likes do not match its events", expected: "120", found: "140" },
  },
  {
    name: "a member that counted an operation twice",
    path: LEDGER,
    sql: "UPDATE members SET applied_likes = applied_likes + 20 WHERE server_id = 's0'",
    first: {
      what: "the member's applied likes do not match its events",
      expected: "32 to 132",
      found: "152",
    },
  },
  {
    name: "a member that counted nothing of an operation that came once",
    path: LEDGER,
    sql: "UPDATE members SET applied_likes = applied_likes - 101 WHERE server_id = 's0'",
    first: { expected: "32 to 132", found: "31" },
  },
  {
    name: "two members that both counted an operation",
    path: LEDGER,
    sql: "UPDATE members SET applied_likes = applied_likes + 100 WHERE server_id = 's1'",
    first: {
      what: "the total is not the sum of the members and of what persons give",
      expected: "235",
    },
  },
];

for (const wrong of DEFECTS) {
  test(`auditOperations() names the first divergence when there is ${wrong.name}`, () =>
    expectFirst({ ...wrong, servers: SERVERS }));
}

test("auditOperations() is exact whichever copy of an operation counted", async () => {
  for (const applied of [SERVERS, SERVERS.toReversed()]) {
    await using folder = temporaryFolder();
    makeLedger(folder.path, applied);
    for (const server of SERVERS) makeOutbox(folder.path, server);
    const report = auditFolder(folder.path);
    assert.equal([report.outcome, report.divergences.first], ["exact", []]);
    assert.is(report.read.operations, 4);
    const all = { events: 135n, items: 135n, members: 135n };
    assert.equal(report.sums, { ...all, outboxes: 255n, repeated: 120n, registers: 0n });
  }
});

/** Audits the outboxes of `servers` with a ledger that applied them in the order of `applied`. */
async function auditApplied(
  servers: readonly TestServer[],
  applied: readonly TestServer[],
  ...sql: readonly string[]
): Promise<AuditReport> {
  await using folder = temporaryFolder();
  makeLedger(folder.path, applied);
  for (const server of servers) makeOutbox(folder.path, server);
  for (const one of sql) edit(join(folder.path, LEDGER), one);
  return auditFolder(folder.path);
}

test("an operation that adds different likes is named, and either may have counted", async () => {
  const others: readonly (readonly [TestEvent, string])[] = [
    [["video", addNamed(1, 9)], 'an operation adds 9 here, and 5 to "video" elsewhere'],
    [["film", addNamed(1, 5)], 'an operation adds 5 here, and 5 to "video" elsewhere'],
    [["film", addNamed(1, 0)], 'an operation adds 0 here, and 5 to "video" elsewhere'],
  ];
  for (const [other, what] of others) {
    const servers = serversOf([[["video", addNamed(1, 5)]]], [[["song", 1], other]]);
    for (const applied of [servers, servers.toReversed()]) {
      const report = await auditApplied(servers, applied);
      assert.equal([report.outcome, report.divergences.first], ["undecided", []]);
      const place = { serverId: "s1", incarnation: idOf("b", 1), sequence: 2, itemId: other[0] };
      assert.equal(report.unclear.first, [{ ...place, what }]);
      assert.is(report.missing.count, 0);
    }
  }
});

test("an operation that adds different likes explains no more than they are", async () => {
  const servers = serversOf([[["video", addNamed(1, 5)]]], [[["film", addNamed(1, 9)]]]);
  const up = "UPDATE items SET likes = likes + 1";
  const report = await auditApplied(servers, servers, up, up, up, up, up, up);
  assert.is(firstOf(report).what, "the item's likes do not match its events");
  assert.equal([firstOf(report).expected, firstOf(report).found], ["0 to 5", "11"]);
  const total = await auditApplied(servers, servers, "UPDATE ledger SET total_likes = 3");
  const sums = total.divergences.first.filter(({ what }) => what.includes("sum of the events"));
  assert.equal(
    sums.map(({ expected, found }) => [expected, found]),
    [["5 to 9", "3"]],
  );
});

/** SERVERS whose second LikesServer has trimmed its first record. */
const TRIMMED = SERVERS.map((server, index) => {
  const incarnations = server.incarnations.map((one) => ({ ...one, trimmed: index }));
  return { ...server, incarnations };
});

test("auditOperations() is undecided when a trimmed event may repeat an operation", async () => {
  for (const applied of [TRIMMED, TRIMMED.toReversed()]) {
    const report = await auditApplied(TRIMMED, applied);
    assert.equal([report.outcome, report.divergences.first], ["undecided", []]);
    assert.equal(report.unclear.first, []);
  }
});

test("auditOperations() is inexact when a trimmed event cannot explain a sum", async () => {
  for (const [sql, what] of [
    ["UPDATE operations SET counted = counted - 1 WHERE counted > 1", /has not counted/],
    ["UPDATE operations SET counted = counted | 6 WHERE block = 1", /than events explain/],
    ["UPDATE items SET likes = likes + 1 WHERE item_id = 'song'", /sum of the items/],
    ["UPDATE members SET applied_likes = 4 WHERE server_id = 's0'", /member's applied likes/],
    ["UPDATE members SET applied_likes = 104 WHERE server_id = 's1'", /member's applied likes/],
    ["UPDATE members SET applied_likes = 33 WHERE server_id = 's0'", /of what persons give/],
  ] as const) {
    assert.match(firstOf(await auditApplied(TRIMMED, TRIMMED, sql)).what, what, sql);
  }
});

test("auditOperations() names no client in any finding", async () => {
  for (const { sql } of DEFECTS) {
    await using folder = temporaryFolder();
    makeStores(folder.path, SERVERS);
    edit(join(folder.path, LEDGER), sql);
    const { divergences } = auditFolder(folder.path);
    assert.not.match(JSON.stringify(divergences.first), "cccc");
  }
});

test.run();
