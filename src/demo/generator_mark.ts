/**
 * How far a generator has come, as the text that an outbox stores with the event of each tick. So a
 * process that was killed and started again neither adds a tick twice nor leaves one out.
 */

/** The newest tick of a generator. */
export interface GeneratorMark {
  /** Start of the run by the machine's monotonic clock, in milliseconds: names the run. */
  readonly startMs: number;
  /** The last tick that was added, from 1. */
  readonly tick: number;
  /** Events that generators added to this outbox in all runs. */
  readonly events: number;
}

/** Returns the text of a mark. */
export function encodeMark({ startMs, tick, events }: GeneratorMark): string {
  return JSON.stringify({ startMs, tick, events });
}

/** Returns the mark of a text; undefined when there is none, or it is not a generator's. */
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
    return undefined; // a text of another client
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
