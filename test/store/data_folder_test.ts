import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { storesIn } from "../../src/store/data_folder.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { faultOf } from "./faults.ts";

test("storesIn() returns the ledger first, then the outboxes by name", async () => {
  await using folder = temporaryFolder();
  for (const path of ["b/outbox", "primary/ledger", "a/outbox", "a/other", "primary/outbox"]) {
    mkdirSync(join(folder.path, path, ".."), { recursive: true });
    writeFileSync(join(folder.path, `${path}.sqlite`), "");
  }
  mkdirSync(join(folder.path, "c")); // neither a file nor a folder without a store counts
  const found = storesIn(folder.path).map(({ name, kind, folder: at }) => [name, kind.name, at]);
  assert.equal(found, [
    ["primary", "ledger", join(folder.path, "primary")],
    ["a", "outbox", join(folder.path, "a")],
    ["b", "outbox", join(folder.path, "b")],
  ]);
});

test("storesIn() includes a store that cannot be inspected", async () => {
  await using folder = temporaryFolder();
  symlinkSync("a", join(folder.path, "a")); // a loop, which fails like a folder without permission
  assert.equal(
    storesIn(folder.path).map(({ name }) => name),
    ["a"],
  );
});

test("storesIn() names the folder and the way out when it has no store", async () => {
  await using folder = temporaryFolder();
  const empty = await faultOf("store_unusable", () => storesIn(folder.path));
  assert.match(empty.message, `${JSON.stringify(folder.path)}: there is none; give the --data-dir`);
  const absent = await faultOf("store_unusable", () => storesIn(join(folder.path, "x")));
  assert.match(absent.message, "the folder does not exist");
  const file = join(folder.path, "file");
  writeFileSync(file, "");
  assert.match((await faultOf("store_unusable", () => storesIn(file))).message, "ENOTDIR");
});

test.run();
