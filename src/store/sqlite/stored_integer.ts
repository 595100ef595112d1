/**
 * Checks integers on their way to and from a store. SQLite's are signed 64-bit, and even a STRICT
 * table silently turns 2^63 into a floating-point number. Every value is therefore checked before
 * it is bound. Memory stores check too: tests on them must fail where SQLite would.
 */
import { assert } from "../../assert.ts";
import { TOTAL_LIKES_MAX } from "../../limits.ts";

/** Returns `likes`. Asserts that a store can hold them. */
export function storedLikes(likes: bigint): bigint {
  assert(likes >= 0n && likes <= TOTAL_LIKES_MAX, `${likes} likes fit 63 bits`);
  return likes;
}

/** Returns a sequence, version or time. Asserts a whole number from 0 to 2^53-1. */
export function storedInteger(value: number): number {
  assert(Number.isSafeInteger(value) && value >= 0, `${value} is a whole number below 2^53`);
  return value;
}

/** Returns a stored integer as a number. Asserts that nothing is rounded. */
export function integerOf(stored: bigint): number {
  return storedInteger(Number(stored));
}
