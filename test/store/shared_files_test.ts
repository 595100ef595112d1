import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FORGOTTEN_FILE, SECRET_FILE, copySharedFiles } from "../../src/store/shared_files.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

test("copySharedFiles() copies what is there, for its owner alone", async () => {
  await using folder = temporaryFolder();
  await using other = temporaryFolder();
  const destination = join(other.path, "backup");
  assert.equal(copySharedFiles(folder.path, destination), []);
  writeFileSync(join(folder.path, SECRET_FILE), "secret", { mode: 0o644 });
  assert.equal(copySharedFiles(folder.path, destination), [SECRET_FILE]);
  writeFileSync(join(folder.path, FORGOTTEN_FILE), "forgotten");
  assert.equal(copySharedFiles(folder.path, destination), [SECRET_FILE, FORGOTTEN_FILE]);
  const copy = join(destination, SECRET_FILE);
  assert.equal([readFileSync(copy, "utf8"), statSync(copy).mode & 0o777], ["secret", 0o600]);
  assert.is(statSync(destination).mode & 0o777, 0o700);
});

test.run();
