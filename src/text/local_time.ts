/** Times for people, in the reader's time zone. */

/**
 * Writes Unix ms as local time, `2026-11-22 12:00:01.123`. A time that no Date can hold, which a
 * peer may send, is written as a number.
 */
export function localTime(unixMs: number): string {
  const time = new Date(unixMs);
  if (Number.isNaN(time.getTime())) return `${unixMs} ms`;
  const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()];
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()];
  const milliseconds = String(time.getMilliseconds()).padStart(3, "0");
  return `${date.map(twoDigits).join("-")} ${clock.map(twoDigits).join(":")}.${milliseconds}`;
}

/** Writes local time to the second: `2026-11-22 12:00:01`. */
export function localSecond(unixMs: number): string {
  return localTime(unixMs).replace(/\.\d{3}$/, "");
}

/** Writes only the time of day: `12:00:01`. */
export function localClock(unixMs: number): string {
  return localSecond(unixMs).replace(/^\S+ (?=\d\d:)/, "");
}

function twoDigits(part: number): string {
  return String(part).padStart(2, "0");
}
