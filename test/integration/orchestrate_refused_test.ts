/** Runs that cannot begin: a clear error, no change, and no process left running. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Orchestration } from "../fixtures/orchestration.ts";
import { typed } from "../fixtures/typed.ts";

const SHORT = ["--servers", "2", "--duration", "1s"];
const LONG = ["--servers", "2", "--duration", "5m"];

test("orchestrate names the port when it is taken", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  try {
    await using run = new Orchestration([...SHORT, "--json"], { port });
    const { code, stdout, stderr } = await run.result();
    assert.is(code, 1);
    const { error } = JSON.parse(stdout) as { error: { message: string; exit: number } };
    assert.match(error.message, `Cannot listen on 127.0.0.1:${port}`);
    assert.match(error.message, "--port");
    assert.is(error.exit, 1);
    assert.is(stderr, "");
    assert.not.ok(existsSync(run.dataDir), "it has not begun");
    await run.gone();
  } finally {
    taken.close();
  }
});

test("orchestrate rejects a log folder that another run uses", async () => {
  await using first = new Orchestration(LONG);
  await first.started();
  const lines = first.log().length;
  await using second = new Orchestration(SHORT, { logDir: first.logDir });
  const refused = await second.result();
  assert.is(refused.code, 1);
  assert.match(
    refused.stderr,
    /^Error: Cannot log in .*: another process logs there; .*--log-dir\n$/,
  );
  assert.is(refused.stdout, "");
  assert.not.ok(existsSync(second.dataDir), "it has not begun");
  assert.ok(first.log().length >= lines, "the logs of the first were not emptied");
  first.finish();
  const { code, stdout } = await first.result();
  assert.is(code, 0);
  assert.match(stdout, /^EXACT /);
});

test("orchestrate rejects a data folder that another run uses", async () => {
  await using first = new Orchestration(LONG);
  await first.started();
  await using second = new Orchestration(SHORT, { dataDir: first.dataDir });
  const { code, stderr } = await second.result();
  assert.is(code, 1);
  assert.match(stderr, /^Error: Cannot start primary: Cannot /m);
  assert.match(stderr, join(first.dataDir, "primary"));
  first.finish();
  const { code: codeOfFirst, stdout } = await first.result();
  assert.is(codeOfFirst, 0);
  assert.match(stdout, /^EXACT /);
});

test("orchestrate rejects wrong flags before any effect", async () => {
  for (const flags of [
    ["--servers", "0"],
    ["--servers", "101"],
    ["--interval-min", "5s", "--interval-max", "1s"],
    ["--duration", "soon"],
    ["--likes-max", "-1"],
    ["--item", ""],
    ["--seed", "4294967296"],
  ]) {
    const { code, stdout, stderr } = await typed(["orchestrate", ...flags]);
    assert.is(code, 2, flags.join(" "));
    assert.is(stdout, "");
    assert.match(stderr, /^Error: .*Cannot /);
  }
});

test.run();
