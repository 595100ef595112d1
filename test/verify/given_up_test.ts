import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder } from "./audit_fixture.ts";
import {
  FIRST_INCARNATION,
  LEDGER,
  SECOND_INCARNATION,
  SERVERS,
  decisionSql,
  edit,
  makeStores,
  troubleSql,
  withFirstIncarnation,
} from "./stores_fixture.ts";
import type { TestServer } from "./stores_fixture.ts";

const OUTBOX_ID = SERVERS[0]?.outboxId;

/** Audits `servers` after `change`. */
async function audited(
  servers: readonly TestServer[],
  change: (folder: string) => void = () => {},
) {
  await using folder = temporaryFolder();
  makeStores(folder.path, servers);
  change(folder.path);
  return auditFolder(folder.path);
}

test("sumGivenUp() is 0 when nothing was given up", async () => {
  const { outcome, givenUp } = await audited(SERVERS);
  assert.equal([outcome, givenUp], ["exact", { events: 0, unknownIncarnations: 0 }]);
});

test("sumGivenUp() counts events in closed gaps and retired incarnations", async () => {
  const closed = await audited(withFirstIncarnation({ gap: [1, 2] }));
  assert.equal([closed.outcome, closed.givenUp.events], ["exact", 1]);
  const retired = await audited(withFirstIncarnation({ applied: 1, state: "retired" }));
  assert.equal([retired.outcome, retired.givenUp.events], ["exact", 2]);
});

test("sumGivenUp() counts each event once when rollbacks of an outbox overlap", async () => {
  const { outcome, givenUp, lost } = await audited(
    withFirstIncarnation({ state: "retired" }),
    (folder) => {
      const ledger = join(folder, LEDGER);
      for (const [first, last] of [
        [4, 6],
        [5, 7],
      ]) {
        edit(ledger, troubleSql("outbox_rolled_back"), OUTBOX_ID, FIRST_INCARNATION);
        const range = `first_sequence = ${first}, last_sequence = ${last}, decided = 1`;
        edit(ledger, `UPDATE troubles SET ${range} WHERE decided = 0`);
      }
      edit(ledger, decisionSql("outbox_rolled_back"), OUTBOX_ID, FIRST_INCARNATION);
      edit(ledger, "UPDATE decisions SET trouble_number = number");
    },
  );
  assert.equal([outcome, givenUp], ["exact", { events: 3, unknownIncarnations: 0 }]);
  const about = { serverId: "fra-1", incarnation: FIRST_INCARNATION };
  assert.equal(lost.first, [
    { ...about, events: { first: 5, last: 6 }, decision: 1 },
    { ...about, events: { first: 7, last: 7 }, decision: 2 },
  ]);
});

test("sumGivenUp() counts a retired incarnation as unknown when no outbox stores it", async () => {
  const { outcome, givenUp } = await audited(SERVERS, (folder) => {
    const ledger = join(folder, LEDGER);
    const insert =
      "INSERT INTO incarnations (incarnation, outbox_id, applied_sequence, digest, state) ";
    const gone = "c".repeat(32);
    edit(ledger, `${insert} VALUES (?, ?, 0, ?, 'retired')`, gone, OUTBOX_ID, gone);
    edit(ledger, decisionSql("second_incarnation"), OUTBOX_ID, SECOND_INCARNATION);
  });
  assert.equal([outcome, givenUp], ["exact", { events: 0, unknownIncarnations: 1 }]);
});

test.run();
