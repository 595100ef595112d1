import { test } from "uvu";
import * as assert from "uvu/assert";
import { hasPassed, totalsOf, trialTable } from "../../tools/trial_table.ts";
import type { NodeTrial } from "../../tools/trial_table.ts";

const GOOD: NodeTrial = {
  wanted: "26",
  version: "v26.10.0",
  totals: { passed: 540, failed: 0, skipped: 1 },
  problem: undefined,
  installMs: 98_000,
  suiteMs: 210_000,
};
const LOST: NodeTrial = {
  ...GOOD,
  wanted: "22",
  version: "",
  totals: undefined,
  problem: "npm ci ended with 1",
};

test("totalsOf() reads the last closing line when there are several", () => {
  const lines = [
    "ok a 3 passed",
    "1 passed, 0 failed, 0 skipped",
    "540 passed, 2 failed, 1 skipped",
  ];
  assert.equal(totalsOf(lines), { passed: 540, failed: 2, skipped: 1 });
  assert.equal(totalsOf([...lines, "", "npm error code 1"])?.failed, 2);
});

test("totalsOf() gives nothing when no line is one", () => {
  assert.is(totalsOf([]), undefined);
  assert.is(totalsOf(["Total: 3", "  540 passed, 0 failed, 0 skipped"]), undefined);
});

test("hasPassed() is false when a test failed, the suite ended early, or its exit says so", () => {
  assert.is(hasPassed(GOOD), true);
  assert.is(hasPassed({ ...GOOD, totals: { passed: 539, failed: 1, skipped: 0 } }), false);
  assert.is(hasPassed({ ...GOOD, problem: "npm test ended with 1" }), false);
  assert.is(hasPassed(LOST), false);
});

test("trialTable() has a line a Node when some never ran", () => {
  assert.equal(trialTable([GOOD, LOST]), [
    "Node      passed  failed  skipped    npm ci  npm test",
    "v26.10.0     540       0        1  1 m 38 s  3 m 30 s",
    "22             -       -        -  1 m 38 s  3 m 30 s  npm ci ended with 1",
  ]);
});

test.run();
