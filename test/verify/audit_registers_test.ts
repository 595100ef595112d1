import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder, expectFirst, firstOf } from "./audit_fixture.ts";
import type { Defect } from "./audit_fixture.ts";
import { LEDGER, edit, idOf, makeStores, setBy } from "./stores_fixture.ts";
import type { TestServer } from "./stores_fixture.ts";

/** Two persons who set, and change, what they give to two items, through two LikesServers. */
const SERVERS: readonly TestServer[] = [
  {
    serverId: "fra-1",
    outboxId: idOf("a", 1),
    incarnations: [
      {
        incarnation: idOf("b", 1),
        records: [
          [
            ["video", 5],
            ["video", setBy(1, [1, 1, 1])],
            ["song", setBy(1, [1, 2, 7])],
          ],
          [["video", setBy(1, [3, 0, 0])]],
        ],
      },
    ],
  },
  {
    serverId: "fra-2",
    outboxId: idOf("a", 2),
    incarnations: [
      {
        incarnation: idOf("b", 2),
        records: [
          [
            ["video", setBy(1, [2, 3, 50])],
            ["video", setBy(2, [1, 3, 4])],
            ["song", setBy(2, [1, 1, 1])],
          ],
        ],
      },
    ],
  },
];
const PERSON = idOf("7", 1);
const ONE = `person = x'${PERSON}' AND item_id`;

const DEFECTS: readonly Defect[] = [
  {
    name: "a register with a state below the greatest one",
    path: LEDGER,
    sql: `UPDATE registers SET rank = rank - 1 WHERE ${ONE} = 'song'`,
    first: {
      what: "a person's register is below an applied state",
      itemId: "song",
      expected: "revision 1 with 7 likes of reaction 2",
      found: "revision 1 with 6 likes of reaction 2",
    },
  },
  {
    name: "a register that is missing",
    path: LEDGER,
    sql: `DELETE FROM registers WHERE ${ONE} = 'video'`,
    first: { what: "a person's register is below an applied state", found: "no such state" },
  },
  {
    name: "a register above every state",
    path: LEDGER,
    sql: `UPDATE registers SET rank = rank + 4096 WHERE ${ONE} = 'video'`,
    first: {
      what: "a person's register is above every applied state",
      itemId: "video",
      expected: "revision 3 with 0 likes of reaction 0",
      found: "revision 4 with 0 likes of reaction 0",
    },
  },
  {
    name: "a register that waits, above every state",
    path: LEDGER,
    sql: `INSERT INTO registers_intake VALUES (1, x'${PERSON}', 'video', 16384)`,
    first: { what: "a person's register is above every applied state" },
  },
  {
    name: "a register that no event names",
    path: LEDGER,
    sql: `INSERT INTO registers VALUES (x'${idOf("7", 3)}', 'video', 4096)`,
    first: { what: "a person's register is above every applied state", expected: "no such state" },
  },
  {
    name: "a register with likes of no reaction",
    path: LEDGER,
    sql: `UPDATE registers SET rank = 12289 WHERE ${ONE} = 'video'`,
    first: { what: "a person's register has no possible state", itemId: "video" },
  },
  {
    name: "a register of a person with too many bytes",
    path: LEDGER,
    sql: `UPDATE registers SET person = x'${PERSON}00' WHERE ${ONE} = 'video'`,
    first: { what: "the store is damaged", found: "person is not 16 bytes" },
  },
  {
    name: "an item that lacks what a register gives",
    path: LEDGER,
    sql: "UPDATE items SET likes = likes - 1 WHERE item_id = 'song'",
    first: { what: "the item's likes do not match its events", expected: "8", found: "7" },
  },
  {
    name: "a reaction with one like too many",
    path: LEDGER,
    sql: "UPDATE reactions SET likes = likes + 1 WHERE item_id = 'video'",
    first: {
      what: "the likes of reaction 3 do not match the registers",
      itemId: "video",
      expected: "4",
      found: "5",
    },
  },
  {
    name: "a reaction that is missing",
    path: LEDGER,
    sql: "DELETE FROM reactions WHERE item_id = 'song'",
    first: { itemId: "song", expected: "7", found: "no such reaction" },
  },
  {
    name: "a reaction without likes that nobody had",
    path: LEDGER,
    sql: "INSERT INTO reactions VALUES ('song', 9, 0)",
    first: { itemId: "song", expected: "no such reaction", found: "0" },
  },
  {
    name: "the plain like among the reactions",
    path: LEDGER,
    sql: "INSERT INTO reactions VALUES ('song', 1, 0)",
    first: { what: "the store is damaged", found: "reaction is 1" },
  },
];

for (const wrong of DEFECTS) {
  test(`auditRegisters() names the first divergence when there is ${wrong.name}`, () =>
    expectFirst({ ...wrong, servers: SERVERS }));
}

test("auditRegisters() adds up the greatest states, in whatever order they came", async () => {
  for (const applied of [SERVERS, SERVERS.toReversed()]) {
    await using folder = temporaryFolder();
    makeStores(folder.path, applied);
    const report = auditFolder(folder.path);
    assert.equal([report.outcome, report.divergences.first], ["exact", []]);
    const { registers, operations, items } = report.read;
    assert.equal([registers, operations, items], [4, 0, 2]);
    const sums = { outboxes: 5n, repeated: 0n, members: 5n, registers: 12n };
    assert.equal(report.sums, { ...sums, events: 17n, items: 17n });
  }
});

test("auditRegisters() is exact when states and likes wait in the intakes", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, SERVERS);
  const ledger = join(folder.path, LEDGER);
  // A lower state in the table, and one in another run.
  edit(ledger, "INSERT INTO registers_intake SELECT 7, person, item_id, rank FROM registers");
  edit(ledger, "INSERT INTO registers_intake SELECT 9, person, item_id, 4096 FROM registers");
  edit(ledger, "UPDATE registers SET rank = 4096 WHERE item_id = 'video'");
  edit(ledger, "DELETE FROM registers WHERE item_id = 'song'");
  edit(ledger, "INSERT INTO reactions_intake SELECT 3, item_id, reaction, -2 FROM reactions");
  edit(ledger, "INSERT INTO reactions_intake SELECT 5, item_id, reaction, 1 FROM reactions");
  edit(ledger, "UPDATE reactions SET likes = likes + 1");
  const report = auditFolder(folder.path);
  assert.equal([report.outcome, report.divergences.first], ["exact", []]);
  assert.is(report.read.registers, 4);
});

/** SERVERS whose first LikesServer has trimmed all events. */
const TRIMMED = SERVERS.map((server, index) => {
  const trimmed = index === 0 ? 2 : 0;
  return { ...server, incarnations: server.incarnations.map((one) => ({ ...one, trimmed })) };
});

test("auditRegisters() is undecided when trimmed events can explain the registers", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, TRIMMED);
  const report = auditFolder(folder.path);
  assert.equal([report.outcome, report.divergences.first], ["undecided", []]);
});

test("auditRegisters() is inexact when trimmed events cannot explain the registers", async () => {
  for (const [sql, what] of [
    [`UPDATE registers SET rank = 4096 WHERE ${ONE} = 'video'`, /below an applied state/],
    [`UPDATE registers SET rank = rank - 1 WHERE ${ONE} = 'song'`, /reaction 2 do not match/],
    ["UPDATE reactions SET likes = 8 WHERE item_id = 'song'", /reaction 2 do not match/],
    [
      `UPDATE registers SET rank = rank + 1 WHERE person = x'${idOf("7", 2)}' AND item_id = 'song'`,
      /the item's likes do not match/,
    ],
    [`INSERT INTO items VALUES ('film', -1)`, /damaged/],
    [
      "INSERT INTO registers SELECT CAST(x'7070707070707070707070707070' || CAST(10 + value AS TEXT) " +
        "AS BLOB), 'video', 4096 FROM json_each('[0, 1, 2, 3, 4]')",
      /more operations and registers than events explain/,
    ],
  ] as const) {
    await using folder = temporaryFolder();
    makeStores(folder.path, TRIMMED);
    edit(join(folder.path, LEDGER), sql);
    assert.match(firstOf(auditFolder(folder.path)).what, what, sql);
  }
});

test("auditRegisters() names no person in any finding", async () => {
  for (const { sql } of DEFECTS) {
    await using folder = temporaryFolder();
    makeStores(folder.path, SERVERS);
    edit(join(folder.path, LEDGER), sql);
    const text = JSON.stringify(auditFolder(folder.path), (_, value: unknown) => {
      return typeof value === "bigint" ? String(value) : value;
    });
    assert.not.match(text, "7777");
  }
});

test.run();
