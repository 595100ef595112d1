// alone because it sets the time zone of its process
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { localClock, localSecond, localTime } from "../../src/text/local_time.ts";

// Each test file has its own process. India's zone is half an hour off most others.
process.env["TZ"] = "Asia/Kolkata";

test("localTime() writes date and time in the reader's zone", () => {
  assert.is(localTime(0), "1970-01-01 05:30:00.000");
  assert.is(localTime(Date.UTC(2026, 10, 22, 6, 30, 1, 7)), "2026-11-22 12:00:01.007");
});

test("localTime() returns the number when no Date can hold the time", () => {
  assert.is(localTime(9e15), "9000000000000000 ms");
  assert.is(localTime(NaN), "NaN ms");
});

test("localTime() is read back by Date when the year has four digits", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), (unixMs) => {
      return new Date(localTime(unixMs)).getTime() === unixMs;
    }),
  );
});

test("localSecond() leaves out the milliseconds", () => {
  assert.is(localSecond(999), "1970-01-01 05:30:00");
});

test("localClock() returns the time of day", () => {
  assert.is(localClock(999), "05:30:00");
  assert.is(localClock(9e15), "9000000000000000 ms");
});

test.run();
