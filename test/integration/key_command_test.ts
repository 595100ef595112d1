/** `likes key`: it prints keys and nothing else on stdout, and no error shows one. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../fixtures/spawned.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

const KEY = /^likes_[\w-]{43}\n$/;

test("key makes the first key of a site, and prints the same one from then on", async () => {
  await using folder = temporaryFolder();
  const made = await keyIn(folder.path, "blog");
  assert.equal([made.code, made.stderr], [0, "blog had no key: its first one is made\n"]);
  assert.match(made.stdout, KEY);
  assert.equal(await keyIn(folder.path, "blog"), { ...made, stderr: "" });
  const file = readFileSync(join(folder.path, "sites.keys"), "utf8");
  assert.is(file, `blog\t${made.stdout}`);
  const other = await keyIn(folder.path, "shop", "--json");
  const { site, key } = JSON.parse(other.stdout) as { site: string; key: string };
  assert.equal([site, other.stderr], ["shop", ""]);
  assert.match(`${key}\n`, KEY);
});

test("key changes a key: it adds one, and removes the old one", async () => {
  await using folder = temporaryFolder();
  const { stdout: old } = await keyIn(folder.path, "blog");
  const { stdout: recent, stderr } = await keyIn(folder.path, "blog", "--add");
  assert.match(recent, KEY);
  assert.is(stderr, "");
  assert.is((await keyIn(folder.path, "blog")).stdout, old + recent, "both count");
  const removed = await keyIn(folder.path, "blog", "--remove", old.trim());
  assert.equal([removed.code, removed.stdout], [0, ""]);
  assert.is(removed.stderr, "removed: blog has 1 key left\n");
  assert.is((await keyIn(folder.path, "blog")).stdout, recent);
  const last = await keyIn(folder.path, "blog", "--remove", recent.trim(), "--json");
  assert.equal(JSON.parse(last.stdout), { site: "blog", removed: true, keysLeft: 0 });
});

test("key removes nothing when it is not given a whole key of the site", async () => {
  await using folder = temporaryFolder();
  const key = (await keyIn(folder.path, "blog")).stdout.trim();
  for (const [site, wrong] of [
    ["blog", key.slice(0, 20)],
    ["shop", key],
  ] as const) {
    const { code, stdout, stderr } = await keyIn(folder.path, site, "--remove", wrong);
    assert.equal([code, stdout], [2, ""]);
    const found = "the site has no such one; give a whole key";
    assert.is(stderr, `Error: Cannot remove the key: ${found} of likes key ${site}\n`);
  }
  assert.is((await keyIn(folder.path, "blog")).stdout.trim(), key);
});

test("key shows no key when the file is damaged, or when stdout is full", async () => {
  await using folder = temporaryFolder();
  const key = (await keyIn(folder.path, "blog")).stdout.trim();
  const full = await run(["key", "blog", "--data-dir", folder.path], {
    through: ["sh", "-c", '"$@" > /dev/full', "sh"],
  });
  assert.is(full.code, 74);
  assert.not.match(full.stderr, key);
  writeFileSync(join(folder.path, "sites.keys"), `blog ${key}\n`);
  const damaged = await keyIn(folder.path, "blog");
  assert.equal([damaged.code, damaged.stdout], [1, ""]);
  assert.match(damaged.stderr, "line 1 is no site with a tab and a key");
  assert.not.match(damaged.stderr, key);
});

function keyIn(dataDir: string, ...args: readonly string[]) {
  return run(["key", ...args, "--data-dir", dataDir]);
}

test.run();
