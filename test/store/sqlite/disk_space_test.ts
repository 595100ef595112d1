import { readdirSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isFull } from "../../../src/store/sqlite/disk_space.ts";
import { SmallDisk } from "../../fixtures/small_disk.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";

const WRITE = { code: "SQLITE_IOERR_WRITE" };
const SYNC = { code: "SQLITE_IOERR_FSYNC" };
/** An exhausted quota, for which Node has no code. */
const QUOTA = { code: "Unknown system error -122", errno: -constants.errno.EDQUOT };

test("isFull() is true for the codes of a full disk, and false for any other error", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "outbox.sqlite");
  for (const error of [{ code: "ENOSPC" }, { code: "SQLITE_FULL" }, QUOTA]) {
    assert.ok(isFull(error, path), error.code);
  }
  for (const error of [WRITE, SYNC, { code: "EIO", errno: -5 }, { code: "EROFS" }, {}]) {
    assert.not.ok(isFull(error, path), JSON.stringify(error));
  }
  assert.equal(readdirSync(folder.path), []);
});

test("isFull() is true for a failed write on a full disk, and false for a failed sync", async () => {
  await using folder = temporaryFolder();
  await using disk = SmallDisk.mount(folder.path, 1);
  if (disk === undefined) return;
  const path = join(folder.path, "outbox.sqlite");
  disk.fill();
  assert.ok(isFull(WRITE, path));
  assert.not.ok(isFull(SYNC, path));
  disk.free();
  assert.not.ok(isFull(WRITE, path));
  assert.equal(readdirSync(folder.path), []);
});

test.run();
