import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder, firstOf } from "./audit_fixture.ts";
import {
  FIRST_INCARNATION,
  LEDGER,
  OUTBOX,
  SERVERS,
  decisionSql,
  edit,
  idOf,
  makeLedger,
  makeStores,
  troubleSql,
  withFirstIncarnation,
} from "./stores_fixture.ts";

const ROLLED_BACK = "the ledger was rolled back, or copied before this outbox";
const OUTBOX_ID = SERVERS[0]?.outboxId ?? "";

/** Checks stores whose ledger is restored from before the last record of the first incarnation. */
async function withOldLedger(check: (folder: string, ledger: string) => void): Promise<void> {
  await using folder = temporaryFolder();
  await using old = temporaryFolder();
  makeStores(folder.path);
  copyFileSync(
    makeLedger(old.path, withFirstIncarnation({ applied: 2 })),
    join(folder.path, LEDGER),
  );
  check(folder.path, join(folder.path, LEDGER));
}

test("auditRollback() finds the loss when a ledger adds up but lacks acknowledged events", () =>
  withOldLedger((folder) => {
    const report = auditFolder(folder);
    assert.equal(firstOf(report), {
      serverId: "fra-1",
      incarnation: FIRST_INCARNATION,
      sequence: 4,
      what: ROLLED_BACK,
      expected: "#4 applied, as acknowledged",
      found: "#3",
    });
    assert.is(report.divergences.count, 1);
  }));

test("auditRollback() expects all of an incarnation when it is closed", () =>
  withOldLedger((folder) => {
    const less = "UPDATE incarnations SET acknowledged_sequence = 3, closed = 1";
    const position = "acknowledged_digest = trimmed_digest, trimmed_sequence = 0";
    edit(join(folder, OUTBOX), `${less}, ${position} WHERE incarnation = ?`, FIRST_INCARNATION);
    const { divergences } = auditFolder(folder);
    assert.ok(divergences.first.some(({ what }) => what === ROLLED_BACK));
  }));

test("auditRollback() finds the loss of a version that an outbox saw", async () => {
  for (const sql of [
    "UPDATE outbox SET seen_version = 8",
    `UPDATE outbox SET seen_generation = '${idOf("f", 2)}'`,
  ]) {
    await using folder = temporaryFolder();
    makeStores(folder.path);
    edit(join(folder.path, OUTBOX), sql);
    const { serverId, what, found } = firstOf(auditFolder(folder.path));
    assert.equal([serverId, what, found], ["fra-1", ROLLED_BACK, "version 7"]);
    edit(join(folder.path, LEDGER), decisionSql("ledger_restored"), "", "");
    assert.is(auditFolder(folder.path).outcome, "exact", "the restore is decided");
  }
});

test("auditRollback() knows the last version of a generation when another followed", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  const next = "INSERT INTO generations VALUES (2, ?, 5, 0)";
  edit(join(folder.path, LEDGER), next, idOf("f", 2));
  edit(join(folder.path, OUTBOX), "UPDATE outbox SET seen_version = 4");
  assert.is(auditFolder(folder.path).outcome, "exact");
  edit(join(folder.path, OUTBOX), "UPDATE outbox SET seen_version = 5");
  assert.is(firstOf(auditFolder(folder.path)).what, ROLLED_BACK);
});

test("auditRollback() accepts a loss when the ledger itself declares it", async () => {
  await withOldLedger((folder, ledger) => {
    edit(ledger, "UPDATE ledger SET copied_ms = 1795849200000");
    const report = auditFolder(folder);
    assert.equal([report.outcome, report.ledger.copiedMs], ["exact", 1_795_849_200_000]);
    assert.is(report.waiting.events, 2);
  });
  await withOldLedger((folder, ledger) => {
    edit(ledger, troubleSql("ledger_restored"), OUTBOX_ID, "");
    const report = auditFolder(folder);
    assert.equal([report.outcome, report.missing.count], ["undecided", 0]);
    const { serverId, kind } = report.troubles.first[0] ?? {};
    assert.equal([serverId, kind], ["fra-1", "ledger_restored"]);
  });
  await withOldLedger((folder, ledger) => {
    edit(
      ledger,
      "UPDATE incarnations SET state = 'retired' WHERE incarnation = ?",
      FIRST_INCARNATION,
    );
    edit(ledger, decisionSql("outbox_rolled_back"), OUTBOX_ID, FIRST_INCARNATION);
    const what = "acknowledged events are not given up";
    assert.is(firstOf(auditFolder(folder)).what, ROLLED_BACK, what);
    const close = "UPDATE incarnations SET closed = 1 WHERE incarnation = ?";
    edit(join(folder, OUTBOX), close, FIRST_INCARNATION);
    const report = auditFolder(folder);
    assert.equal([report.outcome, report.abandoned.events], ["exact", 1]);
  });
});

test("auditRollback() finds the loss when the LikesServer was retired afterwards", () =>
  withOldLedger((folder, ledger) => {
    edit(ledger, "UPDATE members SET state = 'retired' WHERE server_id = 'fra-1'");
    edit(ledger, decisionSql("", "retire"), OUTBOX_ID, "");
    assert.is(firstOf(auditFolder(folder)).what, ROLLED_BACK);
  }));

test("auditRollback() is undecided when only the outbox knows of a redelivery", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  edit(join(folder.path, OUTBOX), "UPDATE outbox SET redelivering = 1");
  const report = auditFolder(folder.path);
  const what = "its outbox is redelivering, and the ledger does not know";
  assert.equal(
    [report.outcome, report.missing.first],
    ["undecided", [{ serverId: "fra-1", what }]],
  );
  edit(join(folder.path, LEDGER), decisionSql("ledger_restored"), OUTBOX_ID, "");
  assert.is(
    auditFolder(folder.path).outcome,
    "undecided",
    "an earlier decision does not cover this redelivery",
  );
  edit(join(folder.path, OUTBOX), "UPDATE outbox SET copied_ms = 1");
  assert.is(auditFolder(folder.path).outcome, "exact", "a copy may predate the decision");
});

test("auditRollback() is undecided when only the outbox knows of a parked incarnation", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  const park = "UPDATE incarnations SET parked_kind = 'gap' WHERE incarnation = ?";
  edit(join(folder.path, OUTBOX), park, FIRST_INCARNATION);
  const report = auditFolder(folder.path);
  const what = "it is parked, and the ledger does not know";
  const place = { serverId: "fra-1", incarnation: FIRST_INCARNATION };
  assert.equal([report.outcome, report.missing.first], ["undecided", [{ ...place, what }]]);
  edit(join(folder.path, LEDGER), troubleSql("gap"), OUTBOX_ID, FIRST_INCARNATION);
  const named = auditFolder(folder.path);
  assert.equal([named.outcome, named.missing.count, named.troubles.count], ["undecided", 0, 1]);
});

test.run();
