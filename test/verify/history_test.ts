import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder, firstOf } from "./audit_fixture.ts";
import { FIRST_LIFE, makeOutbox, makeStores, withFirstLife } from "./stores_fixture.ts";

test("historyOf() names the first event that differs when two copies have one name", async () => {
  await using folder = temporaryFolder();
  await using copies = temporaryFolder();
  makeStores(folder.path);
  const others = [
    [
      ["video", 5],
      ["song", 1],
    ],
    [["ü", 1]],
  ] as const;
  const [server] = withFirstLife({ records: others });
  const copy = server && makeOutbox(copies.path, { ...server, lives: server.lives.slice(0, 1) });
  for (const outboxes of [[copy ?? ""]]) {
    const report = auditFolder(folder.path, { outboxes });
    const { what, ...told } = firstOf(report);
    assert.match(what, /^a copy, ".*outbox.sqlite", holds other events under one name$/);
    const place = { serverId: "fra-1", incarnation: FIRST_LIFE, sequence: 2, itemId: "song" };
    assert.equal(told, { ...place, expected: '"song" +0', found: '"song" +1' });
    assert.is(report.divergences.count, 1, "the one that the ledger applied is counted");
  }
});

test.run();
