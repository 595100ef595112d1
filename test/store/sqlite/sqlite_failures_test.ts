import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../../src/errors.ts";
import { SqliteError } from "../../../src/store/sqlite/sqlite.ts";
import { OUTBOX_KIND } from "../../../src/store/outbox/outbox_tables.ts";
import { LockError } from "../../../src/store/sqlite/process_lock.ts";
import { openFailure } from "../../../src/store/sqlite/sqlite_failures.ts";

const PATH = "outbox.sqlite";

test("openFailure() names the way out when the system or SQLite fails", () => {
  const told = {
    SQLITE_FULL: ["disk_full", "the disk is full; free some space"],
    SQLITE_BUSY_RECOVERY: ["store_busy", "another program is writing to it; end that program"],
    SQLITE_CORRUPT: ["store_unusable", "it is damaged: found (SQLITE_CORRUPT); restore a copy"],
    SQLITE_READONLY_DBMOVED: ["store_unusable", "its disk is read-only (SQLITE_READONLY_DBMOVED)"],
    SQLITE_CANTOPEN: ["store_unusable", "found (SQLITE_CANTOPEN); name another folder"],
  } as const;
  for (const [sqliteCode, [code, text]] of Object.entries(told)) {
    const failure = openFailure(new SqliteError("found", sqliteCode), PATH, OUTBOX_KIND);
    assert.ok(failure instanceof LikesError, sqliteCode);
    assert.is(failure.code, code);
    assert.match(failure.message, text);
  }
  const noFolder = Object.assign(new Error("found"), { code: "ENOTDIR", syscall: "mkdir" });
  const refused = openFailure(noFolder, "/dev/null/likes", OUTBOX_KIND);
  assert.ok(refused instanceof LikesError);
  assert.match(
    refused.message,
    "a part of that path is not a folder (ENOTDIR); name another folder",
  );
  const locked = openFailure(new LockError("a pipe"), PATH, OUTBOX_KIND);
  assert.ok(locked instanceof LikesError && locked.message.includes("a pipe (ENOTSUP)"));
});

test("openFailure() returns a bug or a LikesError unchanged", () => {
  const fault = new LikesError("store_busy", "Cannot open it");
  for (const error of [fault, new Error("a bug"), "a text"]) {
    assert.is(openFailure(error, PATH, OUTBOX_KIND), error);
  }
});

test.run();
