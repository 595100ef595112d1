import { test } from "uvu";
import * as assert from "uvu/assert";
import { dueTick, intervalMs, likesAt, likesBetween, tickMs } from "../../src/demo/generator.ts";
import type { GeneratorPlan } from "../../src/demo/generator.ts";

const PLAN: GeneratorPlan = {
  seed: 7,
  serverId: "likes-server-0",
  intervalMinMs: 10,
  intervalMaxMs: 14,
  likesMax: 42,
  persons: 0,
};
const IDS = Array.from({ length: 300 }, (_, index) => `likes-server-${index}`);
const TICKS = { startMs: 1_000, intervalMs: 100, durationMs: 1_000 };

test("intervalMs() returns every value from minimum to maximum when ids vary", () => {
  const found = new Set(IDS.map((serverId) => intervalMs({ ...PLAN, serverId })));
  assert.equal(
    [...found].toSorted((a, b) => a - b),
    [10, 11, 12, 13, 14],
  );
  assert.is(intervalMs({ ...PLAN, intervalMaxMs: 10 }), 10);
});

test("intervalMs() depends only on its arguments, and varies with the seed", () => {
  const all = (seed: number) => IDS.map((serverId) => intervalMs({ ...PLAN, seed, serverId }));
  assert.equal(all(7), all(7));
  assert.not.equal(all(7), all(8));
});

test("intervalMs() throws when the minimum is above the maximum", () => {
  assert.throws(() => intervalMs({ ...PLAN, intervalMinMs: 15 }), /shortest interval/);
});

test("likesAt() returns every number from 0 to the maximum as events follow", () => {
  const found = new Set(Array.from({ length: 2_000 }, (_, events) => likesAt(PLAN, events)));
  assert.equal(
    [...found].toSorted((a, b) => a - b),
    Array.from({ length: 43 }, (_, n) => n),
  );
  assert.is(likesAt({ ...PLAN, likesMax: 0, persons: 0 }, 5), 0);
});

test("likesBetween() is the sum of likesAt() from the first event on", () => {
  const sum = [0, 1, 2].reduce((likes, events) => likes + likesAt(PLAN, events), 0);
  assert.is(likesBetween(PLAN, 0, 3), BigInt(sum));
  assert.is(likesBetween(PLAN, 0, 0), 0n);
});

test("dueTick() returns undefined before the first tick", () => {
  assert.is(dueTick(TICKS, 0, 1_000), undefined);
  assert.is(dueTick(TICKS, 0, 1_099.9), undefined);
  assert.is(dueTick(TICKS, 0, 900), undefined);
});

test("dueTick() does not drift when ticks are added late", () => {
  assert.is(dueTick(TICKS, 0, 1_100), 1);
  assert.is(dueTick(TICKS, 1, 1_199), undefined);
  assert.is(dueTick(TICKS, 0, 1_199), 1, "a late tick is still due");
  assert.is(dueTick(TICKS, 1, 1_200), 2);
  assert.is(tickMs(TICKS, 2), 1_200);
});

test("dueTick() skips ticks that are late by a whole interval", () => {
  assert.is(dueTick(TICKS, 2, 1_750), 7);
});

test("dueTick() returns the tick exactly at the end of the run, and none after it", () => {
  assert.is(dueTick(TICKS, 9, 2_000), 10);
  assert.is(dueTick(TICKS, 9, 2_099), 10, "the last tick may be late too");
  assert.is(dueTick(TICKS, 10, 2_050), undefined);
  assert.is(dueTick(TICKS, 9, 2_100), undefined, "it is late by a whole interval");
  assert.is(dueTick({ ...TICKS, durationMs: 999 }, 9, 2_000), undefined);
});

test("dueTick() continues forever when the run has no end", () => {
  assert.is(dueTick({ ...TICKS, durationMs: Infinity }, 3, 1_000_000), 9_990);
});

test("dueTick() repeats no tick after a restart that knows the last one", () => {
  assert.is(dueTick(TICKS, 5, 1_550), undefined);
  assert.is(dueTick(TICKS, 5, 1_600), 6);
});

test.run();
