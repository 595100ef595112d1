/** What docs/OPERATING.md says about backups, done as it is written there. */
import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { codeUnder, pageText } from "../docs/page_text.ts";
import { becomes } from "../fixtures/eventually.ts";
import { Counter } from "../fixtures/roles.ts";

const LIMIT_MS = 20_000;
const OPERATING = pageText("docs/OPERATING.md");

test("a ledger is backed up and restored as OPERATING.md says, and the loss is named", async () => {
  if (spawnSync("sqlite3", ["--version"]).error !== undefined) {
    console.log("sqlite3 is not installed: the backup of docs/OPERATING.md is not tried here");
    return;
  }
  await using counter = new Counter();
  symlinkSync(counter.dataDir, join(counter.folder, "likes")); // where the page looks for it
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("likes-server-0");
  await counter.add(a, 5);
  await expectWait(counter, primary.address, 0);
  typed(counter, codeUnder(OPERATING, "Back up", "sh"));
  await counter.add(a, 7);
  await expectWait(counter, primary.address, 0);
  await primary.end("SIGTERM");

  typed(counter, codeUnder(OPERATING, "Restore", "sh"));
  const restored = await counter.startPrimary();
  await becomes("the loss named", LIMIT_MS, async () => {
    const { stdout } = await counter.likes([
      "status",
      "--once",
      "--json",
      "--primary",
      restored.address,
    ]);
    return stdout.includes("ledger_restored") && stdout.includes("gap");
  });
  await expectWait(counter, restored.address, 4);
  await counter.add(a, 1);
  await becomes("the count goes on", LIMIT_MS, async () => {
    const { stdout } = await counter.likes(["count", "--primary", restored.address]);
    return /^video +6$/m.test(stdout);
  });
});

/** Types lines into a shell whose state is that of `counter`. */
function typed(counter: Counter, lines: string): void {
  const { status, stderr } = spawnSync("bash", ["-euc", lines], {
    cwd: counter.folder,
    env: { ...process.env, XDG_STATE_HOME: counter.folder },
    encoding: "utf8",
    timeout: LIMIT_MS,
  });
  assert.is(status, 0, stderr);
}

async function expectWait(counter: Counter, address: string, exit: number): Promise<void> {
  const timeout = exit === 0 ? "20s" : "3s";
  const wait = ["status", "--wait", "--timeout", timeout, "--primary", address];
  const { code, stdout, stderr } = await counter.likes(wait);
  assert.is(code, exit, stdout + stderr);
}

test.run();
