import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { appendFileSync, chmodSync, readdirSync, renameSync, rmSync } from "node:fs";
import { symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LOG_BYTES_MAX } from "../../src/limits.ts";
import { likesServerLogName, openLogFile } from "../../src/log/log_file.ts";
import type { LogFile } from "../../src/log/log_file.ts";
import { becomes } from "../fixtures/eventually.ts";
import { SmallDisk } from "../fixtures/small_disk.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { faultOf } from "../store/faults.ts";
import { following } from "./following.ts";

const NAME = "PrimaryLikesServer";
const OTHER_UID = 12_345;
const ROOT = 0;

test("openLogFile() makes a folder that only its user can read, and appends lines", async () => {
  await using folder = temporaryFolder();
  const log = openLogFile(join(folder.path, "deep", "er"), NAME);
  log.line("first");
  log.line("second");
  log.close();
  const again = openLogFile(join(folder.path, "deep", "er"), NAME);
  again.line("third");
  again.close();
  assert.is(log.path, join(folder.path, "deep", "er", NAME, "log.txt"));
  assert.is(modeOf(join(log.path, "..")), 0o700);
  assert.is(modeOf(log.path), 0o600);
  const lines = readFileSync(log.path, "utf8").trimEnd().split("\n");
  assert.is(lines.length, 3);
  for (const [index, text] of ["first", "second", "third"].entries()) {
    assert.match(lines[index] ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} /);
    assert.ok(lines[index]?.endsWith(` ${text}`));
  }
});

test("line() starts over at the bound, keeps the old lines, and tail -f follows", async () => {
  await using folder = temporaryFolder();
  const old = join(folder.path, NAME, "log.old.txt");
  const log = fullLog(folder.path);
  await using tail = following(log.path);
  log.line("the next");
  await becomes("the next line", () => tail.text.includes("the next"));
  assert.match(readFileSync(log.path, "utf8"), /^\S+ \S+ the next\n$/);
  assert.is(lstatSync(old).size, LOG_BYTES_MAX);
  assert.ok(readFileSync(old).includes("the first"));
  assert.is(modeOf(old), 0o600);
  log.close();
});

test("line() continues when a person truncated a log at its bound", async () => {
  await using folder = temporaryFolder();
  const log = fullLog(folder.path);
  truncateSync(log.path, 0);
  log.line("the next");
  log.close();
  assert.match(readFileSync(log.path, "utf8"), /^\S+ \S+ the next\n$/);
  assert.not(existsSync(join(folder.path, NAME, "log.old.txt")));
});

test("line() starts over at the bound when the old lines cannot be kept", async () => {
  await using folder = temporaryFolder();
  await using disk = SmallDisk.mount(folder.path, 1);
  if (disk === undefined) return;
  const log = fullLog(folder.path); // mostly a hole, which a copy fills
  log.line("the next");
  assert.match(readFileSync(log.path, "utf8"), /^\S+ \S+ the next\n$/);
  assert.not(existsSync(join(folder.path, NAME, "log.old.txt")));
  log.close();
});

test("line() continues in a new file when the log, its lock or folder was removed", async () => {
  await using folder = temporaryFolder();
  const own = join(folder.path, "logs", NAME);
  const log = openLogFile(join(folder.path, "logs"), NAME);
  for (const removed of [log.path, join(own, "log.lock"), own, join(folder.path, "logs")]) {
    log.line("before");
    rmSync(removed, { recursive: true });
    log.line("after it");
    const lines = readFileSync(log.path, "utf8").trimEnd().split("\n").slice(-2);
    assert.match(
      lines[0] ?? "",
      / this log or its lock was removed; the log continues here$/,
      removed,
    );
    assert.match(lines[1] ?? "", / after it$/, removed);
    assert.is(modeOf(own), 0o700);
    assert.is(modeOf(log.path), 0o600);
    await expectUnusable(join(folder.path, "logs"), NAME, "another process logs there");
  }
  log.close();
});

test("line() writes to a new file of that name when a log rotator made it", async () => {
  await using folder = temporaryFolder();
  const log = openLogFile(folder.path, NAME);
  log.line("the first");
  renameSync(log.path, `${log.path}.1`);
  writeFileSync(log.path, "", { mode: 0o600 });
  log.line("the next");
  log.close();
  assert.match(readFileSync(log.path, "utf8"), / the next\n$/);
  assert.match(readFileSync(`${log.path}.1`, "utf8"), / the first\n$/);
});

test("line() counts lost lines while another process has the removed log", async () => {
  await using folder = temporaryFolder();
  const log = openLogFile(folder.path, NAME);
  rmSync(folder.path, { recursive: true });
  const other = openLogFile(folder.path, NAME);
  log.line("lost");
  other.line("of the other");
  other.close();
  log.line("ours again");
  log.close();
  const written = readFileSync(log.path, "utf8");
  assert.match(
    written,
    / of the other\n.* was removed; .*\n.* 1 line before this could not .*\n.* ours again\n$/,
  );
});

test("line() checks a new folder as strictly as the first one", async () => {
  await using folder = temporaryFolder();
  await using elsewhere = temporaryFolder();
  const log = openLogFile(folder.path, NAME);
  rmSync(join(folder.path, NAME), { recursive: true });
  symlinkSync(elsewhere.path, join(folder.path, NAME));
  log.line("into the void");
  log.close();
  assert.equal(readdirSync(elsewhere.path), []);
});

test("openLogFile() restricts the mode of a folder when others could read it", async () => {
  await using folder = temporaryFolder();
  mkdirSync(join(folder.path, NAME));
  chmodSync(join(folder.path, NAME), 0o777);
  openLogFile(folder.path, NAME).close();
  assert.is(modeOf(join(folder.path, NAME)), 0o700);
});

test("openLogFile() throws when the folder is a link or a file, or holds a link", async () => {
  await using folder = temporaryFolder();
  await using elsewhere = temporaryFolder();
  symlinkSync(elsewhere.path, join(folder.path, "link"));
  await expectUnusable(folder.path, "link", "it is a symbolic link");
  symlinkSync(join(elsewhere.path, "nowhere"), join(folder.path, "dangling"));
  await expectUnusable(folder.path, "dangling", "it is a symbolic link");
  writeFileSync(join(folder.path, "file"), "");
  await expectUnusable(folder.path, "file", "it is not a folder");
  mkdirSync(join(folder.path, "folder"), { mode: 0o700 });
  symlinkSync(join(elsewhere.path, "victim"), join(folder.path, "folder", "log.txt"));
  await expectUnusable(folder.path, "folder", "ELOOP");
  assert.not(existsSync(join(elsewhere.path, "victim")));
});

test("openLogFile() throws when the folder belongs to another user", async () => {
  if (process.getuid?.() !== ROOT) return; // only root can give a folder away
  await using folder = temporaryFolder();
  mkdirSync(join(folder.path, NAME), { mode: 0o700 });
  chownSync(join(folder.path, NAME), OTHER_UID, OTHER_UID);
  await expectUnusable(folder.path, NAME, "it belongs to another user");
});

test("openLogFile() throws while another process logs there", async () => {
  await using folder = temporaryFolder();
  const log = openLogFile(folder.path, NAME);
  await expectUnusable(folder.path, NAME, "another process logs there");
  log.close();
  openLogFile(folder.path, NAME).close();
});

test("openLogFile() throws when the folder cannot be made", async () => {
  await using folder = temporaryFolder();
  writeFileSync(join(folder.path, "file"), "");
  await expectUnusable(join(folder.path, "file"), NAME, "");
});

test("truncate() empties the file in place while a reader follows", async () => {
  await using folder = temporaryFolder();
  const log = openLogFile(folder.path, NAME);
  log.line("of an older run");
  await using tail = following(log.path);
  await becomes("the old line", () => tail.text.includes("of an older run"));
  const before = lstatSync(log.path).ino;
  log.truncate();
  log.line("of this run");
  await becomes("the new line", () => tail.text.includes("of this run"));
  assert.is(lstatSync(log.path).ino, before);
  assert.is(readFileSync(log.path, "utf8").split("\n").length, 2);
  log.close();
});

test("line() appends after lines and truncations by others", async () => {
  await using folder = temporaryFolder();
  const log = openLogFile(folder.path, NAME);
  log.line("ours");
  appendFileSync(log.path, "theirs\n");
  log.line("ours again");
  assert.match(readFileSync(log.path, "utf8"), /ours\ntheirs\n.* ours again\n$/);
  writeFileSync(log.path, "");
  log.line("after it");
  assert.match(readFileSync(log.path, "utf8"), /^\d.* after it\n$/);
  log.close();
});

test("line() writes one plain line when the text has control characters", async () => {
  await using folder = temporaryFolder();
  const log = openLogFile(folder.path, NAME);
  log.line("a\nb\tc\u001b[2J\u007f\u0085d");
  log.close();
  const written = readFileSync(log.path, "utf8");
  assert.is(written.trimEnd().split("\n").length, 1);
  assert.not.match(written.trimEnd(), /\p{Cc}/u);
  assert.ok(written.endsWith("a\\u{0a}b\\u{09}c\\u{1b}[2J\\u{7f}\\u{85}d\n"));
});

test("line() does not throw when the log cannot be written", async () => {
  await using folder = temporaryFolder();
  const log = openLogFile(folder.path, NAME);
  log.close();
  log.line("into the void");
});

test("likesServerLogName() is the number for likes-server-N, and the whole of any other id", () => {
  assert.is(likesServerLogName("likes-server-0"), "LikesServer0");
  assert.is(likesServerLogName("likes-server-12"), "LikesServer12");
  for (const id of ["likes-server-01", "likes-server-", "fra-1", "LikesServer0"]) {
    assert.is(likesServerLogName(id), `LikesServer-${id}`);
  }
});

async function expectUnusable(logDir: string, name: string, why: string): Promise<void> {
  const { message } = await faultOf("log_unusable", () => openLogFile(logDir, name));
  assert.match(message, JSON.stringify(join(logDir, name)));
  assert.match(message, why);
  assert.match(message, "choose another --log-dir");
}

/** Returns a log that has grown to its bound. */
function fullLog(folder: string): LogFile {
  const log = openLogFile(folder, NAME);
  log.line("the first");
  log.close();
  truncateSync(log.path, LOG_BYTES_MAX);
  return openLogFile(folder, NAME);
}

function modeOf(path: string): number {
  return lstatSync(path).mode & 0o777;
}

test.run();
