import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UnreadableFileError } from "../../src/verify/audited_file.ts";
import { ClientFile } from "../../src/verify/client_lines.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

const ADD_TAG = {
  serverId: "fra-1",
  incarnation: "0".repeat(32),
  sequence: "9007199254740991",
  itemId: "video",
  likes: "18446744073709551615",
};

/** Returns the line of a file with one. */
async function readLine(text: string) {
  await using folder = temporaryFolder();
  const path = join(folder.path, "given.jsonl");
  writeFileSync(path, text);
  using file = new ClientFile(path);
  return [...file.lines()].map(([, line]) => line)[0];
}

function typesOf(path: string): readonly string[] {
  using file = new ClientFile(path);
  return [...file.lines()].map(([, { type }]) => type);
}

test("ClientFile reads 64-bit numbers from text when an add was acknowledged", async () => {
  assert.equal(await readLine(JSON.stringify(ADD_TAG)), {
    type: "add",
    add: { ...ADD_TAG, sequence: Number.MAX_SAFE_INTEGER, likes: 2n ** 64n - 1n },
  });
});

test("ClientFile reads a line when it starts with a byte order mark or ends in CRLF", async () => {
  const line = JSON.stringify(ADD_TAG);
  for (const text of [`\ufeff${line}`, `${line}\r\n`]) {
    assert.is((await readLine(text))?.type, "add", JSON.stringify(text));
  }
});

test("ClientFile distinguishes failed adds from other lines", async () => {
  const error = { code: "peer_unreachable", message: "Cannot reach", exit: 3 };
  assert.equal(await readLine(JSON.stringify({ error })), { type: "unacknowledged" });
  assert.equal(await readLine(JSON.stringify({ ...ADD_TAG, error })), { type: "other" });
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
    const text = JSON.stringify({ ...ADD_TAG, ...changed });
    assert.equal(await readLine(text), { type: "other" }, text);
  }
  for (const text of ["{", "null", "5", "[]", '"text"', "{}"]) {
    assert.equal(await readLine(text), { type: "other" }, text);
  }
});

test("ClientFile yields each line once when lines span chunks", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "given.jsonl");
  const lines = Array.from({ length: 2_000 }, (_, index) => {
    return JSON.stringify({ ...ADD_TAG, itemId: "x".repeat(1 + (index % 200)) });
  });
  writeFileSync(path, `\n${lines.join("\n")}\n\n`);
  assert.equal(typesOf(path), Array(2_000).fill("add"));
  writeFileSync(path, lines.join("\n"));
  assert.equal(typesOf(path), Array(2_000).fill("add"), "the last line needs no newline");
});

test("ClientFile yields `other` when a line is too long, even the last", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "given.jsonl");
  const long = JSON.stringify({ ...ADD_TAG, note: "x".repeat(1_000_000) });
  writeFileSync(path, `${long}\n${JSON.stringify(ADD_TAG)}\n${long}`);
  assert.equal(typesOf(path), ["other", "add", "other"]);
});

test("ClientFile stops at the size at opening when the file grows", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "given.jsonl");
  const line = `${JSON.stringify(ADD_TAG)}\n`;
  writeFileSync(path, line);
  using file = new ClientFile(path);
  writeFileSync(path, line.repeat(3));
  assert.is([...file.lines()].length, 1);
});

test("ClientFile throws UnreadableFileError when there is no regular file", async () => {
  await using folder = temporaryFolder();
  mkdirSync(join(folder.path, "folder"));
  execFileSync("mkfifo", [join(folder.path, "pipe")]); // without a writer
  for (const [name, why] of [
    ["none", /no such file.*; give the right one/],
    ["folder", /it is not a regular file; give the right one/],
    ["pipe", /it is not a regular file; give the right one/],
  ] as const) {
    const open = () => new ClientFile(join(folder.path, name));
    assert.throws(open, (error: unknown) => error instanceof UnreadableFileError);
    assert.throws(open, why);
  }
});

test.run();
