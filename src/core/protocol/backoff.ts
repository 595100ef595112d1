/** Exponential backoff with jitter: peers that fail together do not retry together. */
import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS } from "../../limits.ts";

/** Failures beyond this number do not lengthen the pause. Bounds the exponent. */
const FAILURES_COUNTED_MAX = 16;

/**
 * Returns the milliseconds to wait after `failures` failures in a row (from 1): half to all of the
 * exponential pause, at most BACKOFF_MAX_MS. `random` is in [0, 1).
 */
export function backoffMs(failures: number, random: number): number {
  const exponent = Math.min(Math.max(failures - 1, 0), FAILURES_COUNTED_MAX);
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** exponent);
  return Math.ceil(ceiling * (0.5 + random / 2));
}
