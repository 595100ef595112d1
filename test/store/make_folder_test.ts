import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { makeFolder } from "../../src/store/make_folder.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

test("makeFolder() creates every missing folder for its owner only", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "a", "b");
  assert.equal(makeFolder(path), [join(folder.path, "a"), path]);
  assert.equal(makeFolder(path), []);
  for (const made of [path, join(folder.path, "a")]) assert.is(statSync(made).mode & 0o777, 0o700);
});

test("makeFolder() throws when the file system refuses new folders", () => {
  assert.throws(() => makeFolder("/proc/likes/nowhere"));
});

test.run();
