import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KEYS_PER_SITE_MAX, SITES_MAX, SITE_KEYS_AGE_MAX_MS } from "../../src/limits.ts";
import {
  SiteKeys,
  addSiteKey,
  firstSiteKey,
  readSiteKeys,
  removeSiteKey,
} from "../../src/store/site_keys.ts";
import { takeProcessLock } from "../../src/store/sqlite/process_lock.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { assertionOf, faultOf } from "./faults.ts";
import { together } from "./together.ts";

const NAME = "sites.keys";
const LOCK = "sites.lock";
const PROCESSES = 4;
const ADDER = new URL("site_key_adder.ts", import.meta.url);

/** What a process of site_key_adder.ts tells. */
interface Added {
  readonly first: string;
  readonly own: readonly string[];
  readonly added: string;
}

test("addSiteKey() adds a key that readSiteKeys() returns, the oldest first", async () => {
  await using folder = temporaryFolder();
  const dataDir = join(folder.path, "new", "data");
  assert.is(readSiteKeys(dataDir).size, 0);
  assert.not(existsSync(dataDir), "reading makes nothing");
  const old = addSiteKey(dataDir, "blog");
  const shop = addSiteKey(dataDir, "mon magasin");
  const recent = addSiteKey(dataDir, "blog");
  for (const key of [old, shop, recent]) assert.match(key, /^likes_[\w-]{43}$/);
  const keys = [...readSiteKeys(dataDir)];
  assert.equal(keys, [
    ["blog", [old, recent]],
    ["mon magasin", [shop]],
  ]);
  const text = `blog\t${old}\nblog\t${recent}\nmon magasin\t${shop}\n`;
  assert.is(readFileSync(join(dataDir, NAME), "utf8"), text);
});

test("addSiteKey() leaves a file for its owner alone, and no draft", async () => {
  await using folder = temporaryFolder();
  writeFileSync(join(folder.path, NAME), "", { mode: 0o644 });
  writeFileSync(join(folder.path, `${NAME}.new`), "half of a kill", { mode: 0o600 });
  const key = addSiteKey(folder.path, "blog");
  assert.equal(readdirSync(folder.path).toSorted(), [NAME, LOCK]);
  assert.is(statSync(join(folder.path, NAME)).mode & 0o777, 0o600);
  assert.is(readFileSync(join(folder.path, NAME), "utf8"), `blog\t${key}\n`);
});

test("firstSiteKey() makes a key only when the site has none", async () => {
  await using folder = temporaryFolder();
  const key = firstSiteKey(folder.path, "blog");
  addSiteKey(folder.path, "blog");
  assert.is(firstSiteKey(folder.path, "blog"), key);
  assert.is.not(firstSiteKey(folder.path, "shop"), key);
});

test("removeSiteKey() removes a whole key of the site, and nothing else", async () => {
  await using folder = temporaryFolder();
  const blog = addSiteKey(folder.path, "blog");
  const shop = addSiteKey(folder.path, "shop");
  const { mtimeMs, ino } = statSync(join(folder.path, NAME));
  for (const [site, key] of [
    ["blog", shop],
    ["blog", blog.slice(0, -1)],
    ["blog", ""],
    ["other", blog],
  ] as const) {
    assert.is(removeSiteKey(folder.path, site, key), false);
  }
  const after = statSync(join(folder.path, NAME));
  assert.equal([after.mtimeMs, after.ino], [mtimeMs, ino], "nothing is written");
  assert.is(removeSiteKey(folder.path, "blog", blog), true);
  assert.equal([...readSiteKeys(folder.path)], [["shop", [shop]]]);
  assert.is(removeSiteKey(folder.path, "shop", shop), true);
  assert.is(readSiteKeys(folder.path).size, 0);
});

test("addSiteKey() and firstSiteKey() lose no key when processes begin together", async () => {
  await using folder = temporaryFolder();
  const told = (await together(PROCESSES, ADDER, folder.path)) as readonly Added[];
  const keys = readSiteKeys(folder.path);
  const [first = ""] = keys.get("shared") ?? [];
  assert.equal(new Set(told.map((one) => one.first)), new Set([first]));
  const expected = [first, ...told.flatMap(({ own, added }) => [...own, added])];
  assert.equal([...keys.values()].flat().toSorted(), expected.toSorted());
  assert.equal(readdirSync(folder.path).toSorted(), [NAME, LOCK], "no draft is left");
});

test("addSiteKey() refuses when another process changes the keys for too long", async () => {
  await using folder = temporaryFolder();
  const lock = takeProcessLock(join(folder.path, LOCK));
  const { message } = await faultOf("store_busy", () => addSiteKey(folder.path, "blog", 1));
  assert.match(message, "another process is changing them; try again");
  lock?.release();
  addSiteKey(folder.path, "blog", 1);
});

test("addSiteKey() refuses at KEYS_PER_SITE_MAX and SITES_MAX", async () => {
  await using folder = temporaryFolder();
  for (let key = 0; key < KEYS_PER_SITE_MAX; key++) addSiteKey(folder.path, "blog");
  const many = await faultOf("too_many", () => addSiteKey(folder.path, "blog"));
  assert.is(many.message, "Cannot add a key: a site has at most 8 keys; remove an old one");
  const path = join(folder.path, NAME);
  const sites = Array.from({ length: SITES_MAX }, (_, site) => lineOf(`site-${site}`));
  writeFileSync(path, sites.join(""));
  const { message } = await faultOf("too_many", () => addSiteKey(folder.path, "blog"));
  assert.match(message, "at most 1000 sites have keys; remove those of another one");
  addSiteKey(folder.path, "site-0");
  writeFileSync(path, [...sites, lineOf("blog")].join(""));
  const damage = await faultOf("store_unusable", () => readSiteKeys(folder.path));
  assert.match(damage.message, "line 1001 is too many: at most 1000 sites");
});

test("addSiteKey() throws when the site has no name, or none that can be read again", async () => {
  await using folder = temporaryFolder();
  for (const site of ["", "a/b", "a\tb", "a\nb"]) {
    await assertionOf("a site with a key", () => addSiteKey(folder.path, site));
  }
});

test("readSiteKeys() reads lines of a person's editor", async () => {
  await using folder = temporaryFolder();
  writeFileSync(join(folder.path, NAME), `\r\n${lineOf("a").trim()}\r\n\n${lineOf("b").trim()}`);
  assert.equal([...readSiteKeys(folder.path).keys()], ["a", "b"]);
});

test("readSiteKeys() names a damaged line, and neither changes nor shows it", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, NAME);
  const key = `likes_${"k".repeat(43)}`;
  for (const line of [key, `\t${key}`, `blog ${key}`, `blog\t${key}k`, `blog\t${key.slice(1)}`]) {
    const text = `blog\t${key}\n${line}\n`;
    writeFileSync(path, text);
    for (const work of [
      () => readSiteKeys(folder.path),
      () => addSiteKey(folder.path, "blog"),
      () => new SiteKeys(folder.path),
    ]) {
      const { message } = await faultOf("store_unusable", work);
      assert.match(message, "line 2 is no site with a tab and a key; mend it, or restore the file");
      assert.not.match(message, "kkk");
    }
    assert.is(readFileSync(path, "utf8"), text);
  }
});

test("readSiteKeys() and addSiteKey() refuse a file or a folder that they cannot use", async () => {
  await using folder = temporaryFolder();
  mkdirSync(join(folder.path, NAME));
  const { message } = await faultOf("store_unusable", () => readSiteKeys(folder.path));
  assert.match(message, /^Cannot use the site keys in ".*sites\.keys": EISDIR.*; check the folder/);
  writeFileSync(join(folder.path, "file"), "");
  await faultOf("store_unusable", () => addSiteKey(join(folder.path, "file"), "blog"));
  await faultOf("store_unusable", () => new SiteKeys(join(folder.path, "file")));
});

test("SiteKeys.of() has what the file has, within SITE_KEYS_AGE_MAX_MS", async () => {
  await using folder = temporaryFolder();
  let nowMs = 5;
  const siteKeys = new SiteKeys(folder.path, () => nowMs);
  const later = () => (nowMs += SITE_KEYS_AGE_MAX_MS);
  assert.equal(siteKeys.of("blog"), []);
  const old = addSiteKey(folder.path, "blog");
  nowMs += SITE_KEYS_AGE_MAX_MS - 1;
  assert.equal(siteKeys.of("blog"), [], "it looks once a second");
  nowMs += 1;
  assert.equal(siteKeys.of("blog"), [old]);
  const recent = addSiteKey(folder.path, "blog");
  later();
  assert.equal(siteKeys.of("blog"), [old, recent]);
  assert.equal(siteKeys.of("shop"), []);
  removeSiteKey(folder.path, "blog", old);
  later();
  assert.equal(siteKeys.of("blog"), [recent]);
  rmSync(join(folder.path, NAME));
  later();
  assert.equal(siteKeys.of("blog"), [], "no file, no keys");
});

test("SiteKeys.of() keeps the last good keys while the file cannot be read", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, NAME);
  const key = addSiteKey(folder.path, "blog");
  let nowMs = 0;
  const siteKeys = new SiteKeys(folder.path, () => nowMs);
  const later = () => (nowMs += SITE_KEYS_AGE_MAX_MS);
  writeFileSync(path, "damaged\n");
  later();
  assert.equal(siteKeys.of("blog"), [key]);
  rmSync(path);
  mkdirSync(path);
  later();
  assert.equal(siteKeys.of("blog"), [key]);
  rmSync(path, { recursive: true });
  const other = addSiteKey(folder.path, "blog");
  later();
  assert.equal(siteKeys.of("blog"), [other], "it is mended");
});

/** Returns the line of a key of `site`. */
function lineOf(site: string): string {
  return `${site}\tlikes_${"k".repeat(43)}\n`;
}

test.run();
