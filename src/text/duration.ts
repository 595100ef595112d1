/** Durations as people write and read them. */
import { assert } from "../assert.ts";
import { LikesError } from "../errors.ts";
import { DURATION_MAX_MS } from "../limits.ts";
import { quote } from "./escape.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Nine digits exceed every bound, and keep every product a safe integer. */
const DURATION_PARTS =
  /^(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})(?:\.(\d{1,3}))?s)?(?:(\d{1,9})ms)?$/;

/**
 * Parses `250ms`, `1.5s`, `5m`, `1h` or a sum such as `1m30s`. Returns milliseconds. Throws
 * LikesError `usage` for anything else, and for more than DURATION_MAX_MS.
 */
export function parseDuration(text: string): number {
  const parts = text === "" ? null : DURATION_PARTS.exec(text);
  if (parts === null) {
    throw new LikesError(
      "usage",
      `Cannot read the duration ${quote(text)}: give a number with a unit, e.g. 30s, 5m, 1m30s`,
    );
  }
  const [, hours = "0", minutes = "0", seconds = "0", fraction = "", milliseconds = "0"] = parts;
  const durationMs =
    Number(hours) * HOUR_MS +
    Number(minutes) * MINUTE_MS +
    Number(seconds) * SECOND_MS +
    Number(fraction.padEnd(3, "0")) +
    Number(milliseconds);
  if (durationMs > DURATION_MAX_MS) {
    throw new LikesError(
      "usage",
      `Cannot use the duration ${quote(text)}: give at most ${DURATION_MAX_MS / HOUR_MS}h`,
    );
  }
  return durationMs;
}

/** Writes milliseconds in the format of flags, in the largest whole unit: `30s`, `5m`. */
export function writeDuration(durationMs: number): string {
  assert(
    Number.isSafeInteger(durationMs) && durationMs >= 0,
    "a flag's duration is a whole number",
  );
  const units = { h: HOUR_MS, m: MINUTE_MS, s: SECOND_MS };
  for (const [unit, unitMs] of Object.entries(units)) {
    if (durationMs >= unitMs && durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`;
  }
  return `${durationMs}ms`;
}

/** Writes milliseconds for people: `0.4 s`, `30 s`, `4 m 12 s`. Tenths are shown below 10 s. */
export function formatDuration(durationMs: number): string {
  assert(Number.isFinite(durationMs) && durationMs >= 0, "a duration is a number from 0");
  const tenths = Math.round(durationMs / 100);
  if (tenths < 100) return `${tenths / 10} s`;
  const seconds = Math.round(durationMs / SECOND_MS);
  const parts = [
    { count: Math.floor(seconds / 3_600), unit: "h" },
    { count: Math.floor(seconds / 60) % 60, unit: "m" },
    { count: seconds % 60, unit: "s" },
  ];
  return parts
    .filter(({ count }) => count > 0)
    .map(({ count, unit }) => `${count} ${unit}`)
    .join(" ");
}
