/**
 * Assertions for programmer errors. They are always on. A process that detects a wrong state stops
 * before it can acknowledge anything; the next start resumes from the disk.
 */

/** Throws when `condition` is false. `message` says what should have been true. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`);
}

/** Ends a `switch` over a union: the compiler proves that no case was forgotten. */
export function unreachable(value: never): never {
  throw new Error(`Assertion failed: unexpected ${JSON.stringify(value)}`);
}
