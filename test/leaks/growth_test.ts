import { test } from "uvu";
import * as assert from "uvu/assert";
import { leastFootprint } from "./footprint.ts";
import type { Footprint } from "./footprint.ts";
import { TOLERANCES, growthOf } from "./growth.ts";

const FOOTPRINT: Footprint = { heapBytes: 20_000_000, descriptors: 30, handles: 5 };
const RESPECTS = ["heapBytes", "descriptors", "handles"] as const;

function series(of: keyof Footprint, more: readonly number[]): Footprint[] {
  return more.map((by) => ({ ...FOOTPRINT, [of]: FOOTPRINT[of] + by }));
}

test("growthOf() finds nothing when footprints stay, shrink or fluctuate", () => {
  for (const of of RESPECTS) {
    const much = TOLERANCES[of] * 10;
    assert.equal(growthOf(series(of, [0, 0, 0, 0])), []);
    assert.equal(growthOf(series(of, [much, 0, 0, 0])), []);
    assert.equal(growthOf(series(of, [0, much, 0, 0, much, 0])), []);
    assert.equal(growthOf(series(of, [0, 0, 0, 0, 0, much])), [], "one is an accident");
  }
});

test("growthOf() finds what grows in every phase", () => {
  for (const of of RESPECTS) {
    const step = TOLERANCES[of];
    const growing = series(of, [0, step, 2 * step, 3 * step]);
    assert.equal(growthOf(growing), [{ of, by: 2 * step, tolerance: step }]);
  }
});

test("growthOf() finds what grows slowly when there are enough phases", () => {
  for (const of of RESPECTS) {
    const slow = Array.from({ length: 10 }, (_, phase) => (phase * TOLERANCES[of]) / 4);
    assert.is(growthOf(series(of, slow)).length, 1);
  }
});

test("growthOf() tolerates no more than its tolerance", () => {
  for (const of of RESPECTS) {
    const most = TOLERANCES[of];
    assert.equal(growthOf(series(of, [0, 0, most, most])), []);
    assert.is(growthOf(series(of, [0, 0, most + 1, most + 1])).length, 1);
  }
});

test("leastFootprint() takes the minimum in each respect", () => {
  const footprints = [
    { heapBytes: 3, descriptors: 1, handles: 2 },
    { heapBytes: 1, descriptors: 2, handles: 2 },
    { heapBytes: 2, descriptors: 2, handles: 1 },
  ];
  assert.equal(leastFootprint(footprints), { heapBytes: 1, descriptors: 1, handles: 1 });
});

test.run();
