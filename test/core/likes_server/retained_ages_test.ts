import { test } from "uvu";
import * as assert from "uvu/assert";
import { RetainedAges } from "../../../src/core/likes_server/retained_ages.ts";
import { RETAIN_SLICES_MAX } from "../../../src/limits.ts";
import { FIRST, SECOND } from "../core_fixture.ts";

test("take() returns what was acknowledged longer ago than its age, oldest first", () => {
  const ages = new RetainedAges(1_000);
  ages.note(FIRST, 3, 0);
  ages.note(SECOND, 1, 500);
  assert.equal(ages.take(999), []);
  assert.equal(ages.take(1_000), [{ incarnation: FIRST, upTo: 3 }]);
  assert.equal(ages.take(1_500), [{ incarnation: SECOND, upTo: 1 }]);
  assert.equal(ages.take(9_000), []);
});

test("note() gives acknowledgements that share a slice the age of the youngest", () => {
  const ages = new RetainedAges(64_000);
  ages.note(FIRST, 1, 0);
  ages.note(FIRST, 2, 999);
  assert.equal(ages.take(64_000), []);
  assert.equal(ages.take(64_999), [{ incarnation: FIRST, upTo: 2 }]);
});

test("note() keeps at most RETAIN_SLICES_MAX marks", () => {
  const ages = new RetainedAges(1_000);
  for (let nowMs = 0; nowMs < 1_000; nowMs++) ages.note(FIRST, nowMs + 1, nowMs);
  const taken = ages.take(2_000);
  assert.ok(taken.length <= RETAIN_SLICES_MAX, `${taken.length} slices`);
  assert.is(taken.at(-1)?.upTo, 1_000);
});

test("take() returns everything at once when the age is 0", () => {
  const ages = new RetainedAges(0);
  ages.note(FIRST, 3, 7);
  assert.equal(ages.take(7), [{ incarnation: FIRST, upTo: 3 }]);
});

test("clear() forgets all acknowledgements", () => {
  const ages = new RetainedAges(10);
  ages.note(FIRST, 3, 0);
  ages.clear();
  assert.equal(ages.take(100), []);
});

test.run();
