import { test } from "uvu";
import * as assert from "uvu/assert";
import { LogicalClock } from "../../../src/core/primary/logical_clock.ts";

test("tick() follows the monotonic clock, from the wall clock at the start", () => {
  const clock = new LogicalClock(1_000_000, 50.5, 0);
  assert.equal(
    [50.5, 51.4, 51.6, 150.5].map((ms) => clock.tick(ms)),
    [1_000_000, 1_000_001, 1_000_002, 1_000_100],
  );
});

test("tick() is strictly increasing when time stands still or goes back", () => {
  const clock = new LogicalClock(1_000, 10, 0);
  assert.equal(
    [10, 10, 10, 5, 12].map((ms) => clock.tick(ms)),
    [1_000, 1_001, 1_002, 1_003, 1_004],
  );
});

test("tick() stays above the committed as_of when the wall clock went back", () => {
  const clock = new LogicalClock(500, 7, 2_000);
  assert.equal([clock.tick(7), clock.tick(8), clock.tick(107)], [2_001, 2_002, 2_101]);
});

test("tick() starts from the wall clock when that is later than the committed as_of", () => {
  assert.is(new LogicalClock(3_000, 7, 2_000).tick(7), 3_000);
});

test("startMs is the first pulse time whether or not the wall clock is behind as_of", () => {
  for (const wallMs of [0, 500, 3_000]) {
    const clock = new LogicalClock(wallMs, 7, 2_000);
    assert.is(clock.tick(7), clock.startMs, `${wallMs}`);
  }
});

test("peek() consumes nothing", () => {
  const clock = new LogicalClock(1_000, 0, 0);
  const last = clock.tick(0);
  for (let call = 0; call < 100; call++) assert.is(clock.peek(0), last + 1);
  assert.is(clock.peek(50), 1_050);
  assert.is(clock.tick(50), 1_050);
});

test.run();
