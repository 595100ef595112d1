import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isAlive, isGroupAlive, killGroup } from "./process_group.ts";

test("isAlive() is true when the process runs", () => {
  assert.ok(isAlive(process.pid));
});

test("killGroup() ends every process of the group when there is one", async () => {
  const script = "require('node:child_process').spawn('sleep', ['60']); process.stdout.write('up')";
  const child = spawn(process.execPath, ["-e", script], { detached: true });
  const { pid } = child;
  assert.ok(pid);
  await once(child.stdout, "data");
  assert.ok(isGroupAlive(pid));
  killGroup(pid);
  await once(child, "exit");
  while (isGroupAlive(pid)) await new Promise(setImmediate);
  assert.not.ok(isAlive(pid));
  killGroup(pid);
});

test.run();
