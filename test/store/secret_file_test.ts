import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { secretIn } from "../../src/store/secret_file.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { faultOf } from "./faults.ts";
import { together } from "./together.ts";

const NAME = "persons.secret";
const PROCESSES = 4;
const MAKER = new URL("secret_maker.ts", import.meta.url);

test("secretIn() makes a secret once, for its owner alone", async () => {
  await using folder = temporaryFolder();
  const dataDir = join(folder.path, "new", "data");
  const secret = secretIn(dataDir);
  assert.is(secret.length, 32);
  assert.equal(readdirSync(dataDir), [NAME], "no draft is left");
  assert.is(statSync(join(dataDir, NAME)).mode & 0o777, 0o600);
  const { mtimeMs } = statSync(join(dataDir, NAME));
  assert.equal(secretIn(dataDir), secret);
  assert.is(statSync(join(dataDir, NAME)).mtimeMs, mtimeMs);
});

test("secretIn() makes another secret in another folder", async () => {
  await using folder = temporaryFolder();
  await using other = temporaryFolder();
  assert.not.equal(secretIn(folder.path), secretIn(other.path));
});

test("secretIn() reads 64 hexadecimal digits, with or without an end of line", async () => {
  await using folder = temporaryFolder();
  const digits = "0123456789abcdef".repeat(4);
  for (const text of [digits, `${digits}\n`, `${digits}\r\n`]) {
    writeFileSync(join(folder.path, NAME), text);
    assert.is(Buffer.from(secretIn(folder.path)).toString("hex"), digits);
  }
});

test("secretIn() gives processes that start together the same secret", async () => {
  await using folder = temporaryFolder();
  const secrets = await together(PROCESSES, MAKER, folder.path);
  assert.equal(new Set(secrets), new Set([readFileSync(join(folder.path, NAME), "utf8").trim()]));
  assert.equal(readdirSync(folder.path), [NAME], "no draft is left");
});

test("secretIn() overwrites the draft of a process that was killed", async () => {
  await using folder = temporaryFolder();
  const draft = join(folder.path, `${NAME}.${process.pid}`);
  writeFileSync(draft, "half", { mode: 0o600 });
  const secret = Buffer.from(secretIn(folder.path)).toString("hex");
  assert.is(readFileSync(join(folder.path, NAME), "utf8"), `${secret}\n`);
  assert.equal(readdirSync(folder.path), [NAME]);
});

test("secretIn() refuses a damaged file, and neither changes nor shows it", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, NAME);
  for (const text of ["", "\n", "0".repeat(63), "0".repeat(65), "G".repeat(64), "A".repeat(64)]) {
    writeFileSync(path, text);
    const { message } = await faultOf("store_unusable", () => secretIn(folder.path));
    assert.match(message, "it is not 64 hexadecimal digits; restore it from a backup");
    assert.not.match(message, /0{63}|[GA]{64}/);
    assert.is(readFileSync(path, "utf8"), text);
  }
});

test("secretIn() refuses a file or a folder that it cannot read", async () => {
  await using folder = temporaryFolder();
  mkdirSync(join(folder.path, NAME));
  const { message } = await faultOf("store_unusable", () => secretIn(folder.path));
  assert.match(message, `Cannot use the secret in ${JSON.stringify(join(folder.path, NAME))}`);
  rmSync(join(folder.path, NAME), { recursive: true });
  writeFileSync(join(folder.path, "file"), "");
  await faultOf("store_unusable", () => secretIn(join(folder.path, "file")));
  await faultOf("store_unusable", () => secretIn(join("/dev/null", "nowhere")));
});

test.run();
