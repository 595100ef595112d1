import { test } from "uvu";
import * as assert from "uvu/assert";
import { isSupervised, runSupervised } from "../../src/demo/supervised.ts";

test("isSupervised() is true when a parent starts a role", () => {
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

test("runSupervised() rejects before any effect when no parent forked it", async () => {
  const output = { print: () => assert.unreachable(), fail: () => assert.unreachable() };
  const rejected: unknown = await runSupervised(["start-primary", "--supervised"], output).catch(
    (error: Error) => error.message,
  );
  assert.match(String(rejected), "Cannot use --supervised: this process has no parent; ");
  assert.is(process.listenerCount("SIGTERM"), 0);
});

test.run();
