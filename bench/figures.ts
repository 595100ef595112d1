/** All figures, in the order in which they are measured. */
import type { Figure } from "./figure.ts";
import { events } from "./figures/events.ts";
import { latency } from "./figures/latency.ts";
import { memory } from "./figures/memory.ts";
import { start } from "./figures/start.ts";
import { version } from "./figures/version.ts";

/** Each has an aim. */
export const FIGURES: readonly Figure[] = [version, start, memory, latency, events];

/** The named figures, or all when none is named. Throws for a name that there is not. */
export function figuresOf(names: readonly string[]): readonly Figure[] {
  if (names.length === 0) return FIGURES;
  return names.map((name) => {
    const figure = FIGURES.find((one) => one.name === name);
    if (figure !== undefined) return figure;
    const known = FIGURES.map((one) => one.name).join(", ");
    throw new Error(`Cannot measure ${JSON.stringify(name)}: give one of ${known}`);
  });
}
