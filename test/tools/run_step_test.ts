import { test } from "uvu";
import * as assert from "uvu/assert";
import { runStep } from "../../tools/run_step.ts";

const LIMIT_MS = 10_000;
const HERE = { cwd: ".", env: process.env, limitMs: LIMIT_MS };
/** One that holds the output when the command is gone. */
const HOLDING = "echo begun; sleep 60 & sleep 61";

test("runStep() gives code and lines when the command ends", async () => {
  const { signal } = new AbortController();
  const printed: string[] = [];
  const print = (line: string): void => void printed.push(line);
  const step = await runStep("sh", ["-c", "echo a; exit 3"], { ...HERE, signal, print });
  assert.is(step.code, 3);
  assert.equal(step.lines, ["a"]);
  assert.equal(printed, ["a"]);
});

test("runStep() ends all that a command started when it takes too long or is aborted", async () => {
  const abort = new AbortController();
  const late = { ...HERE, signal: abort.signal, limitMs: 200 };
  assert.is((await runStep("sh", ["-c", HOLDING], late)).code, null);
  const aborted = runStep("sh", ["-c", HOLDING], {
    ...HERE,
    signal: abort.signal,
    print: () => abort.abort(),
  });
  const { code, ms } = await aborted;
  assert.is(code, null);
  assert.ok(ms < LIMIT_MS, `${ms}`);
});

test.run();
