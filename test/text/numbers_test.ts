import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { countOf, formatCount, parseWhole } from "../../src/text/numbers.ts";
import { LikesError } from "../../src/errors.ts";

test("formatCount() separates thousands when there are any", () => {
  assert.is(formatCount(0), "0");
  assert.is(formatCount(999), "999");
  assert.is(formatCount(6_231), "6,231");
  assert.is(formatCount(-1_234_567), "-1,234,567");
  assert.is(formatCount(-123), "-123");
  assert.is(formatCount(18_446_744_073_709_551_615n), "18,446,744,073,709,551,615");
});

test("countOf() uses the plural when the count is not 1", () => {
  assert.is(countOf(1, "event"), "1 event");
  assert.is(countOf(0n, "like"), "0 likes");
  assert.is(countOf(6_231n, "like"), "6,231 likes");
});

test("formatCount() keeps every digit when the count is any bigint", () => {
  fc.assert(
    fc.property(fc.bigInt(), (count) => BigInt(formatCount(count).replaceAll(",", "")) === count),
  );
});

test("formatCount() throws when a number is not a safe whole number", () => {
  for (const count of [1.5, NaN, Infinity, 2 ** 53]) assert.throws(() => formatCount(count));
});

test("parseWhole() returns the number when it is decimal and within bounds", () => {
  assert.is(parseWhole("0", 0, 10, "LIKES"), 0);
  assert.is(parseWhole("10", 0, 10, "LIKES"), 10);
  assert.is(parseWhole("-3", -5, 5, "LIKES"), -3);
});

test("parseWhole() throws and names the bounds for any other text", () => {
  const wrong = ["", " 1", "1 ", "+1", "1e3", "0x10", "1.0", "1_000", "1,000", "01", "-0", "٣"];
  for (const text of [...wrong, "NaN", "Infinity", "1\n", "-1", "1000001", "9".repeat(400)]) {
    assert.throws(() => parseWhole(text, 0, 1_000_000, "LIKES"), isUsage, JSON.stringify(text));
  }
  const expected = /^Cannot read LIKES "1e3": give a whole number from 0 to 1,000,000/;
  assert.throws(() => parseWhole("1e3", 0, 1_000_000, "LIKES"), expected);
});

test("parseWhole() reads back String() for any number within bounds", () => {
  const { MIN_SAFE_INTEGER: min, MAX_SAFE_INTEGER: max } = Number;
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      return Object.is(parseWhole(String(value), min, max, "N"), value === 0 ? 0 : value);
    }),
  );
  assert.throws(() => parseWhole("9007199254740993", 0, max, "N"), isUsage);
});

function isUsage(error: unknown): boolean {
  return error instanceof LikesError && error.code === "usage";
}

test.run();
