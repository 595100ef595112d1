import { test } from "uvu";
import * as assert from "uvu/assert";
import { isSupervised, runSupervised } from "../../src/demo/supervised.ts";

test("isSupervised() is true when a role is to be started for a parent", () => {
  assert.is(isSupervised(["start-primary", "--port", "0", "--supervised"]), true);
  assert.is(isSupervised(["start-likes", "--generate", "--supervised"]), true);
});

test("isSupervised() is false when a person types", () => {
  for (const argv of [
    [],
    ["--supervised"],
    ["start-primary"],
    ["start-primary", "--supervised", "--json"],
    ["add", "--", "--supervised"],
    ["toString", "--supervised"],
  ]) {
    assert.is(isSupervised(argv), false, argv.join(" "));
  }
});

test("runSupervised() refuses before it does anything when nobody forked it", async () => {
  const output = { say: () => assert.unreachable(), fail: () => assert.unreachable() };
  const refused = await runSupervised(["start-primary", "--supervised"], output).catch(
    (error: Error) => error.message,
  );
  assert.is(refused, "Cannot obey a parent: --supervised is for likes orchestrate");
  assert.is(process.listenerCount("SIGTERM"), 0);
});

test.run();
