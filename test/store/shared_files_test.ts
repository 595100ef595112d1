import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  FORGOTTEN_FILE,
  SECRET_FILE,
  SITE_KEYS_FILE,
  copySharedFiles,
} from "../../src/store/shared_files.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

test("copySharedFiles() copies what is there, for its owner alone", async () => {
  await using folder = temporaryFolder();
  await using other = temporaryFolder();
  const destination = join(other.path, "backup");
  assert.equal(copySharedFiles(folder.path, destination), []);
  writeFileSync(join(folder.path, SECRET_FILE), "secret", { mode: 0o644 });
  assert.equal(copySharedFiles(folder.path, destination), [SECRET_FILE]);
  writeFileSync(join(folder.path, FORGOTTEN_FILE), "forgotten");
  writeFileSync(join(folder.path, SITE_KEYS_FILE), "keys", { mode: 0o644 });
  assert.equal(copySharedFiles(folder.path, destination), [
    SECRET_FILE,
    FORGOTTEN_FILE,
    SITE_KEYS_FILE,
  ]);
  for (const [name, text] of [
    [SECRET_FILE, "secret"],
    [SITE_KEYS_FILE, "keys"],
  ] as const) {
    const copy = join(destination, name);
    assert.equal([readFileSync(copy, "utf8"), statSync(copy).mode & 0o777], [text, 0o600]);
  }
  assert.is(statSync(destination).mode & 0o777, 0o700);
});

test.run();
