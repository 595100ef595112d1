/** Times for people, in the local time zone of the reader. */

/**
 * Writes a time since 1970 as `2026-11-22 12:00:01.123`, local time. A time that no calendar holds,
 * which a peer may have sent, is written as the number that it is.
 */
export function localTime(unixMs: number): string {
  const time = new Date(unixMs);
  if (Number.isNaN(time.getTime())) return `${unixMs} ms`;
  const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()];
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()];
  const milliseconds = String(time.getMilliseconds()).padStart(3, "0");
  return `${date.map(twoDigits).join("-")} ${clock.map(twoDigits).join(":")}.${milliseconds}`;
}

/** As `localTime`, to the second: `2026-11-22 12:00:01`. */
export function localSecond(unixMs: number): string {
  return localTime(unixMs).replace(/\.\d{3}$/, "");
}

/** The time of day alone: `12:00:01`. */
export function localClock(unixMs: number): string {
  return localSecond(unixMs).replace(/^\S+ (?=\d\d:)/, "");
}

function twoDigits(part: number): string {
  return String(part).padStart(2, "0");
}
