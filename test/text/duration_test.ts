import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatDuration, parseDuration, writeDuration } from "../../src/text/duration.ts";
import { LikesError } from "../../src/errors.ts";
import { DURATION_MAX_MS } from "../../src/limits.ts";

test("parseDuration() returns milliseconds when the text is a duration", () => {
  const durations = { "250ms": 250, "1s": 1_000, "1.5s": 1_500, "0.05s": 50, "5m": 300_000 };
  for (const [text, durationMs] of Object.entries(durations)) {
    assert.is(parseDuration(text), durationMs, text);
  }
  assert.is(parseDuration("1h"), 3_600_000);
  assert.is(parseDuration("1m30s"), 90_000);
  assert.is(parseDuration("1h2m3.004s5ms"), 3_723_009);
  assert.is(parseDuration("0s"), 0);
  assert.is(parseDuration("168h"), DURATION_MAX_MS);
});

test("writeDuration() is read back by parseDuration() when the duration is whole", () => {
  assert.is(writeDuration(300_000), "5m");
  assert.is(writeDuration(30_000), "30s");
  assert.is(writeDuration(1_500), "1500ms");
  assert.is(writeDuration(0), "0ms");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: DURATION_MAX_MS }), (durationMs) => {
      assert.is(parseDuration(writeDuration(durationMs)), durationMs);
    }),
  );
});

test("parseDuration() throws a usage error for any other text", () => {
  const wrong = ["", "5", "5x", "-5s", "+5s", " 5s", "5 s", "5s ", "s", ".5s", "5.s", "1e3s", "5S"];
  const more = ["30s1m", "1m1m", "1.5.5s", "0x5s", "1,5s", "NaNs", "٣s", "1.2345s", "5s\n", "m5"];
  for (const text of [...wrong, ...more]) {
    assert.throws(() => parseDuration(text), isUsage, JSON.stringify(text));
  }
});

test("parseDuration() names the text and a way out when it throws", () => {
  assert.throws(() => parseDuration("5x"), /^Cannot read the duration "5x": give .* 30s, 5m/);
  assert.throws(() => parseDuration("\u001b[2J"), /"\\u\{1b\}\[2J"/);
});

test("parseDuration() throws when the duration exceeds the bound", () => {
  for (const text of ["169h", "168h1ms", "999999999h", "9999999999h"]) {
    assert.throws(() => parseDuration(text), isUsage, text);
  }
  assert.throws(() => parseDuration("169h"), /at most 168h/);
});

test("parseDuration() throws only usage errors for any text", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[\d.hms]{0,12}$/));
  fc.assert(
    fc.property(text, (anything) => {
      try {
        const durationMs = parseDuration(anything);
        return Number.isSafeInteger(durationMs) && durationMs >= 0;
      } catch (error) {
        return isUsage(error);
      }
    }),
  );
});

test("formatDuration() writes the largest units first when the duration is long", () => {
  const texts = { 0: "0 s", 40: "0 s", 350: "0.4 s", 1_000: "1 s", 9_940: "9.9 s", 9_960: "10 s" };
  for (const [durationMs, text] of Object.entries(texts)) {
    assert.is(formatDuration(Number(durationMs)), text);
  }
  assert.is(formatDuration(30_000), "30 s");
  assert.is(formatDuration(59_600), "1 m");
  assert.is(formatDuration(252_000), "4 m 12 s");
  assert.is(formatDuration(3_605_000), "1 h 5 s");
  assert.is(formatDuration(DURATION_MAX_MS), "168 h");
});

test("formatDuration() is read back by parseDuration() when spaces are removed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: DURATION_MAX_MS - 1_000 }), (durationMs) => {
      const readMs = parseDuration(formatDuration(durationMs).replaceAll(" ", ""));
      return Math.abs(readMs - durationMs) <= (durationMs < 9_950 ? 50 : 500);
    }),
  );
});

function isUsage(error: unknown): boolean {
  return error instanceof LikesError && error.code === "usage";
}

test.run();
