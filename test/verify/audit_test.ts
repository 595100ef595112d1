import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../src/errors.ts";
import { audit } from "../../src/verify/audit.ts";
import { FINGERPRINT } from "../fixtures/secret.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder } from "./audit_fixture.ts";
import {
  LEDGER,
  OUTBOX,
  SERVERS,
  TOTAL,
  edit,
  idOf,
  makeLedger,
  makeOutbox,
  makeStores,
  withFirstIncarnation,
} from "./stores_fixture.ts";

test("audit() is exact when every event is in its place, and sums what waits", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  const report = auditFolder(folder.path);
  assert.equal([report.divergences.first, report.missing.first], [[], []]);
  assert.is(report.outcome, "exact");
  const { registers, operations, ...read } = report.read;
  assert.equal(read, { outboxes: 2, incarnations: 3, records: 7, events: 8, items: 4 });
  assert.equal([registers, operations], [0, 0]);
  const all = { events: TOTAL, outboxes: TOTAL, items: TOTAL, members: TOTAL };
  const sums = { ...all, repeated: 0n, registers: 0n };
  assert.equal(report.sums, sums);
  assert.is(report.ledger.totalLikes, TOTAL);
  assert.equal({ ...report.waiting }, { events: 1, likes: 42n });
  assert.equal({ ...report.abandoned }, { events: 0, likes: 0n });
  assert.is(report.clients, undefined);
});

test("audit() throws undecided when the ledger cannot be read", async () => {
  await using folder = temporaryFolder();
  const outbox = makeOutbox(
    folder.path,
    SERVERS[1] ?? { serverId: "", outboxId: idOf("a", 2), incarnations: [] },
  );
  makeLedger(folder.path, SERVERS);
  edit(join(folder.path, LEDGER), "PRAGMA user_version = 2");
  for (const [ledger, why] of [
    [
      join(folder.path, LEDGER),
      /it has schema version 2, and this build reads only 1; use the build that wrote it/,
    ],
    [join(folder.path, "none"), /there is no such file/],
    [outbox, /it is not a likes ledger/],
  ] as const) {
    let thrown: unknown;
    try {
      audit({ ledger, outboxes: [outbox], clients: [] });
    } catch (error) {
      thrown = error;
    }
    assert.instance(thrown, LikesError);
    const { code, message } = thrown as LikesError;
    assert.is(code, "undecided");
    assert.match(message, /^Cannot verify the ledger "/);
    assert.match(message, why);
  }
});

test("audit() is undecided when an outbox belongs to another ledger", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  edit(join(folder.path, OUTBOX), "UPDATE outbox SET seen_ledger_id = ?", idOf("7", 7));
  const report = auditFolder(folder.path);
  assert.is(report.outcome, "undecided");
  assert.match(report.missing.first[0]?.what ?? "", /belongs to another ledger, 7777/);
});

test("audit() is inexact when an outbox was admitted with another secret than the ledger has", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  const path = join(folder.path, OUTBOX);
  edit(path, "UPDATE outbox SET fingerprint = NULL");
  assert.is(auditFolder(folder.path).outcome, "exact", "it was not admitted yet");
  edit(path, "UPDATE outbox SET fingerprint = ?", idOf("7", 7));
  const { outcome, divergences } = auditFolder(folder.path);
  assert.equal([outcome, divergences.count], ["inexact", 1]);
  const { serverId, ...found } = divergences.first[0] ?? {};
  const what = "the fingerprint of its persons.secret";
  assert.equal(found, { what, expected: FINGERPRINT, found: idOf("7", 7) });
  assert.is(serverId, SERVERS[0]?.serverId);
});

test("audit() reports progress when there is much to read", async () => {
  await using folder = temporaryFolder();
  const record = Array.from({ length: 1_000 }, () => ["video", 1] as const);
  const records = Array.from({ length: 25 }, () => record);
  makeStores(folder.path, withFirstIncarnation({ records }));
  const progress: (readonly [number, number])[] = [];
  const ledger = join(folder.path, LEDGER);
  const outboxes = [join(folder.path, OUTBOX), join(folder.path, "fra-2", "outbox.sqlite")];
  const report = audit({ ledger, outboxes, clients: [] }, (...one) => progress.push(one));
  assert.is(report.outcome, "exact");
  assert.equal(progress, [
    [10_000, 25_004],
    [20_000, 25_004],
  ]);
});

test("audit() rejects a ledger when no Date can hold a time in it", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  edit(join(folder.path, LEDGER), "UPDATE ledger SET copied_ms = ?", Number.MAX_SAFE_INTEGER);
  const damaged = /it is damaged: copied_ms is 9007199254740991; restore a backup/;
  assert.throws(() => auditFolder(folder.path), damaged);
});

test.run();
