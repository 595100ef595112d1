import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UnreadableFileError } from "../../src/verify/audited_file.ts";
import { GiverFile } from "../../src/verify/giver_lines.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

const GIVE = {
  serverId: "fra-1",
  incarnation: "0".repeat(32),
  sequence: "9007199254740991",
  itemId: "video",
  likes: "18446744073709551615",
};

/** What a file of one line says. */
async function readLine(text: string) {
  await using folder = temporaryFolder();
  const path = join(folder.path, "given.jsonl");
  writeFileSync(path, text);
  using file = new GiverFile(path);
  return [...file.lines()].map(([, line]) => line)[0];
}

function typesOf(path: string): readonly string[] {
  using file = new GiverFile(path);
  return [...file.lines()].map(([, { type }]) => type);
}

test("GiverFile reads 64-bit numbers that are text when a give was acknowledged", async () => {
  assert.equal(await readLine(JSON.stringify(GIVE)), {
    type: "give",
    give: { ...GIVE, sequence: Number.MAX_SAFE_INTEGER, likes: 2n ** 64n - 1n },
  });
});

test("GiverFile reads a line behind a byte order mark, and one that ends as on Windows", async () => {
  const line = JSON.stringify(GIVE);
  for (const text of [`\ufeff${line}`, `${line}\r\n`]) {
    assert.is((await readLine(text))?.type, "give", JSON.stringify(text));
  }
});

test("GiverFile tells what is no give from one that was not acknowledged", async () => {
  const error = { code: "peer_unreachable", message: "Cannot reach", exit: 3 };
  assert.equal(await readLine(JSON.stringify({ error })), { type: "unacknowledged" });
  assert.equal(await readLine(JSON.stringify({ ...GIVE, error })), { type: "other" });
  for (const changed of [
    { sequence: 1 },
    { sequence: "0" },
    { sequence: "9007199254740992" },
    { likes: "-1" },
    { likes: 5 },
    { incarnation: "x" },
    { itemId: "" },
    { itemId: undefined },
    { serverId: null },
  ]) {
    const text = JSON.stringify({ ...GIVE, ...changed });
    assert.equal(await readLine(text), { type: "other" }, text);
  }
  for (const text of ["{", "null", "5", "[]", '"text"', "{}"]) {
    assert.equal(await readLine(text), { type: "other" }, text);
  }
});

test("GiverFile gives each line once when lines are split over what is read at a time", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "given.jsonl");
  const lines = Array.from({ length: 2_000 }, (_, index) => {
    return JSON.stringify({ ...GIVE, itemId: "x".repeat(1 + (index % 200)) });
  });
  writeFileSync(path, `\n${lines.join("\n")}\n\n`);
  assert.equal(typesOf(path), Array(2_000).fill("give"));
  writeFileSync(path, lines.join("\n"));
  assert.equal(typesOf(path), Array(2_000).fill("give"), "the last line needs no end");
});

test("GiverFile takes a line that is too long for none when it is as long as the file", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "given.jsonl");
  const long = JSON.stringify({ ...GIVE, note: "x".repeat(1_000_000) });
  writeFileSync(path, `${long}\n${JSON.stringify(GIVE)}\n${long}`);
  assert.equal(typesOf(path), ["other", "give", "other"]);
});

test("GiverFile reads no further than the file was long when it was opened", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "given.jsonl");
  const line = `${JSON.stringify(GIVE)}\n`;
  writeFileSync(path, line);
  using file = new GiverFile(path);
  writeFileSync(path, line.repeat(3));
  assert.is([...file.lines()].length, 1);
});

test("GiverFile throws what can be told when there is no file", async () => {
  await using folder = temporaryFolder();
  mkdirSync(join(folder.path, "folder"));
  execFileSync("mkfifo", [join(folder.path, "pipe")]); // which nobody writes to
  for (const [name, why] of [
    ["none", /no such file.*; give the right one/],
    ["folder", /it is not a file; give the right one/],
    ["pipe", /it is not a file; give the right one/],
  ] as const) {
    const open = () => new GiverFile(join(folder.path, name));
    assert.throws(open, (error: unknown) => error instanceof UnreadableFileError);
    assert.throws(open, why);
  }
});

test.run();
