/** An audit of ledgers that the roles' own rule and store have written. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { LedgerCommand } from "../../src/core/ledger/ledger_command.ts";
import { openSqliteLedger } from "../../src/store/ledger/sqlite_ledger.ts";
import { audit } from "../../src/verify/audit.ts";
import { report } from "../core/core_fixture.ts";
import { extent } from "../fixtures/extent.ts";
import { FINGERPRINT } from "../fixtures/secret.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { Random } from "../simulator/random.ts";
import { commitCommands } from "../store/ledger/ledger_fixture.ts";
import {
  GENERATION,
  LEDGER_ID,
  addNamed,
  idOf,
  makeOutbox,
  placesOf,
  setBy,
} from "./stores_fixture.ts";
import type { TestEvent, TestServer } from "./stores_fixture.ts";

const NOW_MS = 1_700_000_000_000;
const SERVERS = 3;
const RECORDS = 12;
const SEEDS = extent(8, 100);

function eventOf(random: Random): TestEvent {
  const itemId = `item ${random.whole(1, 5)}`;
  if (random.chance(0.3)) return [itemId, random.whole(0, 1_000)];
  if (random.chance(0.4)) {
    const number = random.whole(50, 80);
    return [`item ${number % 5}`, addNamed(number, number, number % 2)];
  }
  const reaction = random.whole(0, 4);
  const likes = reaction === 0 ? 0 : random.whole(1, 50);
  return [itemId, setBy(random.whole(1, 4), [random.whole(1, 6), reaction, likes])];
}

function serverOf(index: number, random: Random): TestServer {
  const records = Array.from({ length: RECORDS }, () => {
    return Array.from({ length: random.whole(1, 8) }, () => eventOf(random));
  });
  const incarnations = [{ incarnation: idOf("b", index), records, applied: 0 }];
  return { serverId: `s${index}`, outboxId: idOf("a", index), incarnations };
}

/** Returns the commands that admit a LikesServer and apply one of its records. */
function commandsOf({ serverId, outboxId, incarnations }: TestServer, at: number): LedgerCommand[] {
  const [spec] = incarnations;
  const places = spec === undefined ? [] : placesOf(spec);
  const [before, after] = [places[at], places[at + 1]];
  if (spec === undefined || before === undefined || after === undefined) return [];
  const { incarnation } = spec;
  const events = { first: before.sequence + 1, last: after.sequence };
  const records = [{ events, bytes: after.bytes }];
  const batch = { type: "batch", incarnation, events, records, digest: after.digest } as const;
  const from = { outboxId, serverId, address: "127.0.0.1:1", fingerprint: FINGERPRINT };
  const sent = { ...from, highestReported: undefined };
  return [
    { type: "report", streamId: 1, report: { ...sent, report: report({ incarnation }) } },
    { type: "batch", streamId: 1, outboxId, batch },
  ];
}

test("audit() is exact for a ledger of the roles at any commit, however far it is folded", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await using folder = temporaryFolder();
    const random = new Random(seed);
    const servers = Array.from({ length: SERVERS }, (_, index) => serverOf(index, random));
    const outboxes = servers.map((server) => makeOutbox(folder.path, server));
    const ids = { ledgerIdIfNew: LEDGER_ID, generation: GENERATION };
    const store = openSqliteLedger(join(folder.path, "primary"), ids, NOW_MS);
    const ledger = join(folder.path, "primary", "ledger.sqlite");
    const applied = new Map(servers.map((server) => [server, 0]));
    for (let turn = 1; turn <= SERVERS * RECORDS; turn++) {
      const behind = servers.filter((one) => (applied.get(one) ?? 0) < RECORDS);
      const server = random.pick(behind);
      const at = applied.get(server) ?? 0;
      applied.set(server, at + 1);
      const outcome = await commitCommands(store, commandsOf(server, at), NOW_MS);
      assert.is(outcome.type, "done");
      if (random.chance(0.5)) store.fold(random.whole(1, 20));
      if (turn < SERVERS * RECORDS && !random.chance(0.2)) continue;
      const found = audit({ ledger, outboxes, clients: [] });
      const name = `seed ${seed}, turn ${turn}: ${JSON.stringify(found.divergences.first)}`;
      assert.is(found.outcome, "exact", name);
      const { events, outboxes: own = -1n, repeated, items, members, registers } = found.sums;
      const sums = [events, items, members + registers, own - repeated + registers];
      assert.equal(sums, Array(4).fill(found.ledger.totalLikes), name);
    }
    await store.close();
    const { read } = audit({ ledger, outboxes, clients: [] });
    assert.ok(read.registers > 10 && read.operations > 10);
  }
});

test.run();
