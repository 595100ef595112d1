/**
 * Integers on their way to and from a store. SQLite's are 64-bit and signed, and a STRICT table
 * silently turns 2^63 into a floating-point number, so every value is checked before it is bound.
 * Memory stores check the same, so that a test on them finds what SQLite would refuse.
 */
import { assert } from "../../assert.ts";
import { TOTAL_LIKES_MAX } from "../../limits.ts";

/** Gives `likes` back, and asserts that a store can hold them. */
export function storedLikes(likes: bigint): bigint {
  assert(likes >= 0n && likes <= TOTAL_LIKES_MAX, `${likes} likes fit 63 bits`);
  return likes;
}

/** Gives a sequence, a version or milliseconds back, and asserts a whole number from 0 to 2^53-1. */
export function storedInteger(value: number): number {
  assert(Number.isSafeInteger(value) && value >= 0, `${value} is a whole number below 2^53`);
  return value;
}

/** The number of an integer that was read. Asserts that nothing rounds. */
export function integerOf(stored: bigint): number {
  return storedInteger(Number(stored));
}
