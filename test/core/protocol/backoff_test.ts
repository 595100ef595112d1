import { test } from "uvu";
import * as assert from "uvu/assert";
import { backoffMs } from "../../../src/core/protocol/backoff.ts";
import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS } from "../../../src/limits.ts";

test("backoffMs() doubles up to its bound after consecutive failures", () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 1e9].map((failures) => backoffMs(failures, 1 - 2 ** -40));
  assert.equal(longest, [50, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
});

test("backoffMs() stays between half and all of the delay for any random number", () => {
  for (const random of [0, 0.3, 0.999]) {
    assert.ok(backoffMs(1, random) >= BACKOFF_FIRST_MS / 2);
    assert.ok(backoffMs(1, random) <= BACKOFF_FIRST_MS);
    assert.ok(backoffMs(99, random) <= BACKOFF_MAX_MS);
  }
  assert.is(backoffMs(1, 0), 25);
  assert.is(backoffMs(0, 0), 25);
});

test.run();
