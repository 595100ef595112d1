/** The keys of sites: `sites.keys` in the data folder, with a line `site<TAB>key` for each key. */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../assert.ts";
import { checkSite } from "../core/protocol/subject.ts";
import { LikesError } from "../errors.ts";
import {
  KEYS_PER_SITE_MAX,
  SITES_MAX,
  SITE_KEYS_AGE_MAX_MS,
  SITE_KEYS_WAIT_MAX_MS,
} from "../limits.ts";
import { monotonicMs } from "../monotonic.ts";
import { makeFolder, syncFolder } from "./make_folder.ts";
import { SITE_KEYS_FILE } from "./shared_files.ts";
import { isFull } from "./sqlite/disk_space.ts";
import { FILE_MODE } from "./sqlite/own_file.ts";
import { takeProcessLock } from "./sqlite/process_lock.ts";
import { isOutside } from "./sqlite/sqlite_failures.ts";

/** Whoever changes the file holds this lock. */
const LOCK_FILE = "sites.lock";
/** Begins each key, so that people and scanners of secrets recognise one. */
const KEY_PREFIX = "likes_";
const KEY_BYTES = 32;
const LINE = /^(.+)\t(likes_[\w-]{43})$/;

/** Keys by site, the oldest first. */
type Keys = ReadonlyMap<string, readonly string[]>;

/**
 * Returns the keys by site, the oldest first; none when there is no file. Throws LikesError
 * `store_unusable`.
 */
export function readSiteKeys(dataDir: string): Keys {
  const path = join(dataDir, SITE_KEYS_FILE);
  return attempt(path, () => parse(path, textOf(path)));
}

/** Returns a new key, which is on the disk. Throws LikesError. */
export function addSiteKey(dataDir: string, site: string, waitMs = SITE_KEYS_WAIT_MAX_MS): string {
  return change(dataDir, waitMs, (keys) => append(dataDir, keys, site));
}

/**
 * Returns the oldest key of `site`, and makes it if there is none: several processes get the same
 * one. Throws LikesError.
 */
export function firstSiteKey(dataDir: string, site: string): string {
  return change(dataDir, SITE_KEYS_WAIT_MAX_MS, (keys) => {
    return keys.get(site)?.[0] ?? append(dataDir, keys, site);
  });
}

/** Removes a key. Returns false when `site` has no such key. Throws LikesError. */
export function removeSiteKey(dataDir: string, site: string, key: string): boolean {
  return change(dataDir, SITE_KEYS_WAIT_MAX_MS, (keys) => {
    const before = keys.get(site) ?? [];
    const left = before.filter((one) => one !== key);
    if (left.length === before.length) return false;
    write(dataDir, new Map(keys).set(site, left));
    return true;
  });
}

/** The keys of sites as the file has them now, without a read for each question. */
export class SiteKeys {
  readonly #dataDir: string;
  readonly #nowMs: () => number;
  #keys: Keys = new Map();
  /** The file that `#keys` were read from. */
  #version = "";
  #lookedMs: number;

  /** Throws LikesError `store_unusable`. */
  constructor(dataDir: string, nowMs = monotonicMs) {
    this.#dataDir = dataDir;
    this.#nowMs = nowMs;
    this.#lookedMs = nowMs();
    attempt(this.#path, () => this.#look());
  }

  /** Returns the keys of `site`, the oldest first. An unreadable file changes nothing. */
  of(site: string): readonly string[] {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedMs >= SITE_KEYS_AGE_MAX_MS) {
      this.#lookedMs = nowMs;
      try {
        this.#look();
      } catch {
        // The last good keys hold: a slip in the file must not stop every site.
      }
    }
    return this.#keys.get(site) ?? [];
  }

  get #path(): string {
    return join(this.#dataDir, SITE_KEYS_FILE);
  }

  /** Reads the file if it has changed. One that changes after its version was taken is read again. */
  #look(): void {
    const version = versionOf(this.#path);
    if (version === this.#version) return;
    this.#keys = readSiteKeys(this.#dataDir);
    this.#version = version;
  }
}

/** Returns what changes when the file does; empty without a file. */
function versionOf(path: string): string {
  // Not `throwIfNoEntry`: newer versions of Node also ignore a folder that is a file.
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch (error) {
    if (isAbsent(error)) return "";
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isAbsent(error)) return "";
    throw error;
  }
}

/** An error names the line, and never shows it. */
function parse(path: string, text: string): Keys {
  const keys = new Map<string, string[]>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === "") continue;
    const [, site = "", key = ""] = LINE.exec(line) ?? [];
    if (!isSite(site)) throw damaged(path, index, "is no site with a tab and a key; mend it");
    const noRoom = noRoomFor(keys, site);
    if (noRoom !== undefined) throw damaged(path, index, `is too many: ${noRoom}`);
    keys.set(site, [...(keys.get(site) ?? []), key]);
  }
  return keys;
}

function damaged(path: string, index: number, found: string): LikesError {
  const message =
    `Cannot use the site keys in ${JSON.stringify(path)}: line ${index + 1} ${found}, ` +
    "or restore the file from a backup";
  return new LikesError("store_unusable", message);
}

/** The empty site has no backend of its own. */
function isSite(site: string): boolean {
  return site !== "" && checkSite(site) === undefined;
}

/** Returns why `site` can have no further key; undefined when it can. */
function noRoomFor(keys: Keys, site: string): string | undefined {
  const known = keys.get(site);
  if (known === undefined && keys.size >= SITES_MAX) {
    return `at most ${SITES_MAX} sites have keys; remove those of another one`;
  }
  if (known === undefined || known.length < KEYS_PER_SITE_MAX) return undefined;
  return `a site has at most ${KEYS_PER_SITE_MAX} keys; remove an old one`;
}

/** Runs `work` on the keys while no other process changes them. */
function change<T>(dataDir: string, waitMs: number, work: (keys: Keys) => T): T {
  const path = join(dataDir, SITE_KEYS_FILE);
  return attempt(path, () => {
    makeFolder(dataDir);
    const lock = takeProcessLock(join(dataDir, LOCK_FILE), waitMs);
    if (lock === undefined) {
      const found = "another process is changing them; try again";
      const message = `Cannot change the site keys in ${JSON.stringify(path)}: ${found}`;
      throw new LikesError("store_busy", message);
    }
    try {
      return work(readSiteKeys(dataDir));
    } finally {
      lock.release();
    }
  });
}

function append(dataDir: string, keys: Keys, site: string): string {
  assert(isSite(site), "a site with a key has a name");
  const noRoom = noRoomFor(keys, site);
  if (noRoom !== undefined) throw new LikesError("too_many", `Cannot add a key: ${noRoom}`);
  const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString("base64url");
  write(dataDir, new Map(keys).set(site, [...(keys.get(site) ?? []), key]));
  return key;
}

/** Writes a whole file before it gets its name: a reader finds all keys, old or new. */
function write(dataDir: string, keys: Keys): void {
  const path = join(dataDir, SITE_KEYS_FILE);
  const draft = `${path}.new`;
  const lines = [...keys].flatMap(([site, ofSite]) => ofSite.map((key) => `${site}\t${key}\n`));
  try {
    writeFileSync(draft, lines.join(""), { mode: FILE_MODE, flush: true });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(dataDir);
}

/** Runs `work`, and makes a LikesError of an error from outside. */
function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isOutside(error)) throw error;
    const code = isFull(error, path) ? "disk_full" : "store_unusable";
    const found = `${error.message}; check the folder and its disk`;
    const message = `Cannot use the site keys in ${JSON.stringify(path)}: ${found}`;
    throw new LikesError(code, message, { cause: error });
  }
}
