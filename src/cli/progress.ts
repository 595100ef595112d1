/** A bar for the time of a run. */
import { formatDuration } from "./duration.ts";
import { fitText } from "./escape.ts";

/** A longer bar shows nothing more. */
const BAR_COLUMNS_MAX = 60;
const BAR_COLUMNS_MIN = 10;

/**
 * Draws how much of `totalMs` has passed: `[=====>      ] 1 m 12 s of 5 m`, at most `columns` wide.
 * Where there is no room for a bar, the times alone.
 */
export function progressBar(doneMs: number, totalMs: number, columns: number): string {
  const shownMs = Math.min(Math.max(doneMs, 0), totalMs);
  const times = `${formatDuration(shownMs)} of ${formatDuration(totalMs)}`;
  const room = Math.min(columns - times.length - "[] ".length, BAR_COLUMNS_MAX);
  if (room < BAR_COLUMNS_MIN) return fitText(times, columns);
  const filled = totalMs === 0 ? room : Math.floor((shownMs / totalMs) * room);
  const bar = filled === room ? "=".repeat(room) : `${"=".repeat(filled)}>`.padEnd(room);
  return `[${bar}] ${times}`;
}
