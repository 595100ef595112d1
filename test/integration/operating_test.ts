/** The backup steps of docs/OPERATING.md, run as written. */
import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { codeUnder, pageText } from "../docs/page_text.ts";
import { Counter } from "../fixtures/roles.ts";

const LIMIT_MS = 300_000;
/** The folder of the `likes` command. */
const BIN = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));
const OPERATING = pageText("docs/OPERATING.md");

test("a ledger is backed up and restored as OPERATING.md says, and nothing is lost", async () => {
  await using counter = new Counter();
  symlinkSync(counter.dataDir, join(counter.folder, "likes")); // the page's path
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("likes-server-0");
  await counter.add(a, 5);
  await expectWait(counter, primary.address);
  typed(counter, codeUnder(OPERATING, "Back up", "sh"));
  await counter.add(a, 7);
  await expectWait(counter, primary.address);
  await primary.end("SIGTERM");

  typed(counter, codeUnder(OPERATING, "Restore", "sh"));
  const restored = await counter.startPrimary();
  await expectWait(counter, restored.address);
  assert.is((await counter.status()).totalLikes, 12n);
});

/** Runs lines in a shell with the state of `counter`. */
function typed(counter: Counter, lines: string): void {
  const { status, stderr } = spawnSync("bash", ["-euc", lines], {
    cwd: counter.folder,
    env: { ...process.env, XDG_STATE_HOME: counter.folder, PATH: `${BIN}:${process.env["PATH"]}` },
    encoding: "utf8",
    timeout: LIMIT_MS,
  });
  assert.is(status, 0, stderr);
}

async function expectWait(counter: Counter, address: string): Promise<void> {
  const wait = ["status", "--wait", "--timeout", "20s", "--primary", address];
  const { code, stdout, stderr } = await counter.likes(wait);
  assert.is(code, 0, stdout + stderr);
}

test.run();
