import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { spreadOf } from "../../bench/spread.ts";
import { percentile } from "../../src/percentile.ts";

const HUNDRED = Array.from({ length: 100 }, (_, index) => 100 - index);

test("percentile() returns one of the values", () => {
  assert.is(percentile(HUNDRED, 50), 50);
  assert.is(percentile(HUNDRED, 99), 99);
  assert.is(percentile(HUNDRED, 99.5), 100);
  assert.is(percentile(HUNDRED, 100), 100);
  assert.is(percentile(HUNDRED, 0), 1);
  assert.is(percentile([7], 1), 7);
});

test("percentile() is not exceeded by the given share of any values", () => {
  const values = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 100 }), (all, percent) => {
      const found = percentile(all, percent);
      const upTo = all.filter((value) => value <= found).length;
      const below = all.filter((value) => value < found).length;
      assert.ok(upTo * 100 >= percent * all.length, "enough do not exceed it");
      assert.ok(below * 100 < percent * all.length, "no smaller value would do");
    }),
  );
});

test("spreadOf() returns median, minimum and maximum of odd and even numbers of runs", () => {
  assert.equal(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3, runs: 3 });
  assert.equal(spreadOf([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4, runs: 4 });
  assert.equal(spreadOf([10]), { median: 10, min: 10, max: 10, runs: 1 });
  assert.is(spreadOf([2, 10, 1]).median, 2, "sorted as numbers");
});

test("spreadOf() and percentile() throw when there are no values", () => {
  assert.throws(() => spreadOf([]), /Cannot rank no values/);
  assert.throws(() => percentile([], 50), /Cannot rank no values/);
});

test.run();
