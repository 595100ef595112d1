/** Sizes in bytes as people write and read them. */
import { assert } from "../assert.ts";
import { LikesError } from "../errors.ts";
import { quote } from "./escape.ts";

const UNITS = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 } as const;

/** Twelve digits exceed every bound, and keep every product within bounds exact. */
const SIZE_PARTS = /^(0|[1-9]\d{0,11})(KiB|MiB|GiB)?$/;

/**
 * Parses `256MiB`, `1GiB` or bytes without a unit, up to `bytesMax`. Throws LikesError `usage` for
 * anything else: MB and M are unclear.
 */
export function parseSize(text: string, bytesMax: number): number {
  const parts = SIZE_PARTS.exec(text);
  if (parts === null) {
    const message = `Cannot read the size ${quote(text)}: give bytes, or KiB, MiB, GiB, e.g. 256MiB`;
    throw new LikesError("usage", message);
  }
  const [, digits, unit] = parts;
  const bytes = Number(digits) * (unit === undefined ? 1 : UNITS[unit as keyof typeof UNITS]);
  if (bytes <= bytesMax) return bytes;
  const message = `Cannot use the size ${quote(text)}: give at most ${writeSize(bytesMax)}`;
  throw new LikesError("usage", message);
}

/** Writes bytes in the format of flags, in the largest whole unit: `256MiB`, `1000`. */
export function writeSize(bytes: number): string {
  assert(Number.isSafeInteger(bytes) && bytes >= 0, "a flag's size is a whole number");
  for (const [unit, unitBytes] of Object.entries(UNITS)) {
    if (bytes >= unitBytes && bytes % unitBytes === 0) return `${bytes / unitBytes}${unit}`;
  }
  return `${bytes}`;
}
