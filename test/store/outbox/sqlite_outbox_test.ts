import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { recordDiskBytes } from "../../../src/store/outbox/disk_bytes.ts";
import { BUSY_WAIT_MAX_MS } from "../../../src/limits.ts";
import { openSqliteFile } from "../../../src/store/sqlite/sqlite_file.ts";
import { openSqliteOutbox } from "../../../src/store/outbox/sqlite_outbox.ts";
import { OUTBOX_KIND } from "../../../src/store/outbox/outbox_tables.ts";
import { Database } from "../../../src/store/sqlite/sqlite.ts";
import { execIn } from "../databases.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { faultOf, testId } from "../faults.ts";
import { holderProcess } from "../holder_process.ts";
import {
  LARGE_BYTES,
  OUTBOX_ID,
  SERVER_ID,
  acknowledge,
  append,
  positionAt,
} from "./outbox_fixture.ts";
import { acceptOutbox } from "./outbox_acceptance.ts";
import type { OutboxFixture } from "./outbox_fixture.ts";

const INCARNATION = testId(1);

acceptOutbox(test, makeFixture);

test("openSqliteOutbox() creates its folder for this user alone", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "a", "b");
  openSqliteOutbox(path, SERVER_ID, OUTBOX_ID).close();
  assert.is(statSync(path).mode & 0o777, 0o700);
});

test("openSqliteOutbox() keeps the id of the outbox when another is offered", async () => {
  await using folder = temporaryFolder();
  openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID).close();
  const again = openSqliteOutbox(folder.path, SERVER_ID, testId(0xb));
  assert.is((await again.load()).outboxId, OUTBOX_ID);
  again.close();
});

test("openSqliteOutbox() refuses when the outbox belongs to another LikesServer", async () => {
  await using folder = temporaryFolder();
  openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID).close();
  const error = await faultOf("store_unusable", () =>
    openSqliteOutbox(folder.path, "ams-1", OUTBOX_ID),
  );
  assert.match(error.message, '"fra-1" and not to "ams-1"');
  openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID).close();
});

test("openSqliteOutbox() refuses when this process has it open", async () => {
  await using folder = temporaryFolder();
  const outbox = openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID);
  await faultOf("store_locked", () => openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID));
  outbox.close();
  openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID).close();
});

test("openSqliteOutbox() refuses until the process that has it open is killed", async () => {
  await using folder = temporaryFolder();
  await using holder = await holderProcess(folder.path);
  const error = await faultOf("store_locked", () =>
    openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID),
  );
  const path = join(folder.path, "outbox.sqlite");
  assert.match(error.message, `Cannot open the outbox "${path}": another process holds it; stop`);
  await holder.kill();
  const outbox = openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID);
  assert.equal((await outbox.load()).incarnations[0]?.last, positionAt(2));
  outbox.close();
});

test("openSqliteOutbox() refuses and changes nothing in another program's file", async () => {
  await using folder = temporaryFolder();
  tamper(folder.path, "CREATE TABLE recipes (name TEXT)");
  const before = statSync(join(folder.path, "outbox.sqlite"));
  const error = await faultOf("store_unusable", () =>
    openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID),
  );
  assert.match(error.message, "another program");
  const after = statSync(join(folder.path, "outbox.sqlite"));
  assert.is(after.mtimeMs, before.mtimeMs);
});

test("openSqliteOutbox() refuses a file that is no database or no folder", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "outbox.sqlite");
  writeFileSync(path, "likes\n".repeat(1_000));
  const error = await faultOf("store_unusable", () =>
    openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID),
  );
  assert.match(error.message, "SQLITE_NOTADB");
  await faultOf("store_unusable", () => openSqliteOutbox(path, SERVER_ID, OUTBOX_ID));
});

test("openSqliteFile() syncs every commit when it opens a file again", async () => {
  await using folder = temporaryFolder();
  openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID).close();
  for (let opening = 0; opening < 3; opening += 1) {
    const file = openSqliteFile(folder.path, OUTBOX_KIND, { create: () => {}, options: {} });
    assert.is(file.database.pragma("synchronous"), 2n);
    file.transact(() => {
      file.database.exec(`UPDATE outbox SET purged_events = ${opening}`);
      return { value: undefined, changed: true };
    });
    assert.is(file.database.pragma("synchronous"), 2n);
    assert.is(file.database.pragma("journal_mode"), "wal");
    assert.is(file.database.pragma("foreign_keys"), 1n);
    assert.is(file.database.pragma("trusted_schema"), 0n);
    file.close();
  }
});

test("write() succeeds again when a trim made room on a full disk", async () => {
  await using folder = temporaryFolder();
  const options = { pagesMax: 40 };
  const outbox = openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID, options);
  const large = { bytes: LARGE_BYTES };
  const trim = { type: "trim", incarnation: INCARNATION, upTo: 1 } as const;
  await outbox.write([{ type: "mint", incarnation: INCARNATION }]);
  assert.is(await outbox.write([append(INCARNATION, [1, 1], large)]), "done");
  assert.is(await outbox.write([append(INCARNATION, [2, 2], large)]), "disk_full");
  assert.is(outbox.state.bytes, recordDiskBytes(LARGE_BYTES));
  assert.is(await outbox.write([acknowledge(INCARNATION, 1), trim]), "done");
  assert.is(await outbox.write([append(INCARNATION, [2, 2], large)]), "done");
  assert.is(outbox.state.bytes, recordDiskBytes(LARGE_BYTES));
  outbox.close();
});

test("openSqliteOutbox() throws disk_full when a new outbox does not fit", async () => {
  await using folder = temporaryFolder();
  await faultOf("disk_full", () =>
    openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID, { pagesMax: 2 }),
  );
  openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID).close();
});

test("write() is busy while another program has the write lock, and then continues", async () => {
  await using folder = temporaryFolder();
  const outbox = openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID);
  const other = new Database(join(folder.path, "outbox.sqlite"));
  other.exec("BEGIN IMMEDIATE");
  assert.is(await outbox.write([{ type: "mint", incarnation: INCARNATION }]), "store_busy");
  other.exec("ROLLBACK");
  other.close();
  assert.is(await outbox.write([{ type: "mint", incarnation: INCARNATION }]), "done");
  outbox.close();
});

test("openSqliteOutbox() limits how long its writes wait for another program", async () => {
  await using folder = temporaryFolder();
  const file = openSqliteFile(folder.path, OUTBOX_KIND, {
    create: (database) => {
      database.exec("INSERT INTO outbox VALUES (1, '', '', 'member', 0, 0, 0, '', 0, 0, 0, 0, 0)");
    },
    options: {},
  });
  const waitMs = () => Number(file.database.pragma("busy_timeout"));
  const opening = file.whileOpening(waitMs);
  assert.ok(opening > BUSY_WAIT_MAX_MS, `waits ${opening} ms before it serves`);
  assert.is(waitMs(), BUSY_WAIT_MAX_MS);
  file.close();
});

test.run();

function tamper(folder: string, sql: string): void {
  execIn(join(folder, "outbox.sqlite"), sql);
}

function makeFixture(): OutboxFixture {
  const folder = temporaryFolder();
  let close = (): void => {};
  function open(options = {}) {
    close();
    const outbox = openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID, options);
    close = () => outbox.close();
    return outbox;
  }
  return {
    open() {
      const outbox = open();
      tamper(folder.path, "DROP TRIGGER IF EXISTS break_disk");
      return outbox;
    },
    openFull: () => open({ pagesMax: 1 }),
    breakDisk() {
      tamper(
        folder.path,
        "CREATE TRIGGER break_disk BEFORE INSERT ON records " +
          "BEGIN SELECT RAISE(ABORT, 'the disk failed'); END",
      );
    },
    async [Symbol.asyncDispose]() {
      close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
