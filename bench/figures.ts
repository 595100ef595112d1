/** The list of figures. */
import type { Figure } from "./figure.ts";
import { events } from "./figures/events.ts";
import { items } from "./figures/items.ts";
import { latency } from "./figures/latency.ts";
import { memory } from "./figures/memory.ts";
import { start } from "./figures/start.ts";
import { version } from "./figures/version.ts";

/** All figures, in the order in which they are measured. Each has an aim. */
export const FIGURES: readonly Figure[] = [version, start, memory, latency, events, items];

/** Returns the named figures, or all without names. Throws for an unknown name. */
export function figuresOf(names: readonly string[]): readonly Figure[] {
  if (names.length === 0) return FIGURES;
  return names.map((name) => {
    const figure = FIGURES.find((one) => one.name === name);
    if (figure !== undefined) return figure;
    const known = FIGURES.map((one) => one.name).join(", ");
    throw new Error(`Cannot measure ${JSON.stringify(name)}: give one of ${known}`);
  });
}
