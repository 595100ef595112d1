import { test } from "uvu";
import * as assert from "uvu/assert";
import { Reopenings } from "../../../src/core/primary/reopenings.ts";
import {
  BACKOFF_FIRST_MS,
  BACKOFF_MAX_MS,
  OPENING_SOUND_MS,
  REOPENINGS_MAX,
} from "../../../src/limits.ts";

/** As good as 1: the longest pause. */
const LONGEST = 1 - Number.EPSILON;

test("pauses grow while openings end soon, and then the primary ends", () => {
  const reopenings = new Reopenings();
  const pauses = Array.from({ length: REOPENINGS_MAX }, () => reopenings.afterEnd(0, LONGEST));
  assert.is(pauses[0], BACKOFF_FIRST_MS);
  assert.is(pauses[1], 2 * BACKOFF_FIRST_MS);
  assert.is(pauses.at(-1), Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (REOPENINGS_MAX - 1)));
  assert.is(reopenings.afterEnd(0, LONGEST), undefined);
});

test("an opening that served long enough starts the count anew", () => {
  const reopenings = new Reopenings();
  for (let index = 0; index < REOPENINGS_MAX; index++) reopenings.afterEnd(0, 0);
  assert.is(reopenings.afterEnd(OPENING_SOUND_MS, LONGEST), BACKOFF_FIRST_MS);
  assert.is(reopenings.afterEnd(OPENING_SOUND_MS - 1, LONGEST), 2 * BACKOFF_FIRST_MS);
});

test("a fault that may pass is tried again without end, with growing pauses", () => {
  const reopenings = new Reopenings();
  reopenings.afterEnd(0, LONGEST);
  assert.is(reopenings.afterFailure("disk_full", LONGEST), 2 * BACKOFF_FIRST_MS);
  for (let index = 0; index < 1_000; index++) reopenings.afterFailure("store_busy", LONGEST);
  assert.is(reopenings.afterFailure("store_busy", LONGEST), BACKOFF_MAX_MS);
  assert.is(reopenings.afterEnd(0, LONGEST), 2 * BACKOFF_FIRST_MS);
});

test("a fault that does not pass ends the primary", () => {
  for (const code of ["store_unusable", "store_failed", "store_locked"] as const) {
    assert.is(new Reopenings().afterFailure(code, 0), undefined);
  }
});

test.run();
