import { test } from "uvu";
import * as assert from "uvu/assert";
import { CRASHES_IN_A_ROW_MAX, UPTIME_MIN_MS, RESTART_FIRST_MS } from "../../src/limits.ts";
import { RestartPolicy } from "../../src/demo/restart_policy.ts";

test("died() doubles the wait each time, and gives up at the fifth death in a row", () => {
  const policy = new RestartPolicy();
  const waits = [0, 1, UPTIME_MIN_MS - 1, 500, 0].map((uptimeMs) => policy.died(uptimeMs));
  assert.is(waits.length, CRASHES_IN_A_ROW_MAX);
  assert.equal(
    waits,
    [1, 2, 4, 8, NaN].map((factor) => factor * RESTART_FIRST_MS || undefined),
  );
});

test("died() starts over after a long enough uptime", () => {
  const policy = new RestartPolicy();
  const uptimes = [0, 0, 0, 0, UPTIME_MIN_MS, 0, 0, 0, 0];
  const waits = uptimes.map((uptimeMs) => policy.died(uptimeMs));
  assert.equal(waits, [100, 200, 400, 800, 100, 200, 400, 800, undefined]);
});

test("died() never gives up when every uptime is long enough", () => {
  const policy = new RestartPolicy();
  for (let death = 0; death < 1_000; death++)
    assert.is(policy.died(UPTIME_MIN_MS), RESTART_FIRST_MS);
});

test.run();
