/**
 * A generator's progress, as text that the outbox stores with the event of each tick. A restarted
 * process therefore neither adds a tick twice nor leaves one out.
 */

/** The newest tick of a generator. */
export interface GeneratorMark {
  /** Start of the run on the machine's monotonic clock, in milliseconds. It identifies the run. */
  readonly startMs: number;
  /** The last tick added, from 1. */
  readonly tick: number;
  /** Events that generators added to this outbox in all runs. */
  readonly events: number;
}

/** Returns the text of a mark. */
export function encodeMark({ startMs, tick, events }: GeneratorMark): string {
  return JSON.stringify({ startMs, tick, events });
}

/** Returns the mark in `text`; undefined without a text, or when another client wrote it. */
export function decodeMark(text: string | undefined): GeneratorMark | undefined {
  const value = parse(text ?? "null");
  if (typeof value !== "object" || value === null) return undefined;
  const { startMs, tick, events } = value as Partial<Record<string, unknown>>;
  if (!isCount(startMs) || !isCount(tick) || !isCount(events)) return undefined;
  return { startMs, tick, events };
}

/** Returns the events that generators added to an outbox whose newest mark is `text`. */
export function generatedEvents(text: string | undefined): number {
  return decodeMark(text)?.events ?? 0;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // another client's mark
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
