/** Whole numbers as people write and read them. */
import { assert } from "../assert.ts";
import { LikesError } from "../errors.ts";
import { quote } from "./escape.ts";

/** Writes a whole number with thousands separators: `6,231`. Exact for every bigint. */
export function formatCount(count: bigint | number): string {
  assert(typeof count === "bigint" || Number.isSafeInteger(count), "a count is a whole number");
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Writes a whole number of things: `1 event`, `6,231 likes`. */
export function countOf(count: bigint | number, noun: string): string {
  return `${formatCount(count)} ${noun}${BigInt(count) === 1n ? "" : "s"}`;
}

/**
 * Parses a decimal whole number from `min` to `max`, both included; `what` names it in the error,
 * such as `--port`. Throws LikesError `usage` for any other text.
 */
export function parseWhole(text: string, min: number, max: number, what: string): number {
  assert(Number.isSafeInteger(min) && Number.isSafeInteger(max), "the bounds are whole numbers");
  assert(min <= max, "min is at most max");
  const value = /^(?:0|-?[1-9]\d*)$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  const bounds = `from ${formatCount(min)} to ${formatCount(max)}`;
  throw new LikesError(
    "usage",
    `Cannot read ${what} ${quote(text)}: give a whole number ${bounds}, in digits`,
  );
}
