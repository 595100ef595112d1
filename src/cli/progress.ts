/** Progress bars: for a run, and for reading or copying. */
import { formatDuration } from "../text/duration.ts";
import { fitText } from "../text/escape.ts";
import { countOf, formatCount } from "../text/numbers.ts";

/** A longer bar would show no more detail. */
const BAR_COLUMNS_MAX = 60;
const BAR_COLUMNS_MIN = 10;

/**
 * Draws how much of `totalMs` has passed: `[=====>      ] 1 m 12 s of 5 m`, at most `columns` wide.
 * Without room for a bar, returns only the times.
 */
export function progressBar(doneMs: number, totalMs: number, columns: number): string {
  const shownMs = Math.min(Math.max(doneMs, 0), totalMs);
  const times = `${formatDuration(shownMs)} of ${formatDuration(totalMs)}`;
  return bar(totalMs === 0 ? 1 : shownMs / totalMs, times, columns);
}

/** Draws the same for a count: `[=====>      ] 1,200 of 5,000 events`, for the noun `event`. */
export function countBar(done: number, all: number, noun: string, columns: number): string {
  const shown = Math.min(done, all);
  const counts = `${formatCount(shown)} of ${countOf(all, noun)}`;
  return bar(all === 0 ? 1 : shown / all, counts, columns);
}

function bar(part: number, text: string, columns: number): string {
  const room = Math.min(columns - text.length - "[] ".length, BAR_COLUMNS_MAX);
  if (room < BAR_COLUMNS_MIN) return fitText(text, columns);
  const filled = Math.floor(part * room);
  const drawn = filled === room ? "=".repeat(room) : `${"=".repeat(filled)}>`.padEnd(room);
  return `[${drawn}] ${text}`;
}
