/** The list of figures. */
import type { Figure } from "./figure.ts";
import { backlogs } from "./figures/backlogs.ts";
import { beside } from "./figures/beside.ts";
import { events } from "./figures/events.ts";
import { http } from "./figures/http.ts";
import { items } from "./figures/items.ts";
import { latency } from "./figures/latency.ts";
import { memory } from "./figures/memory.ts";
import { sets } from "./figures/sets.ts";
import { peers } from "./figures/peers.ts";
import { start } from "./figures/start.ts";
import { version } from "./figures/version.ts";

/** The figures that are measured without a name, in order. */
export const FIGURES: readonly Figure[] = [
  version,
  start,
  memory,
  latency,
  events,
  items,
  sets,
  backlogs,
  http,
];

/** Returns the named figures, or FIGURES without names. Throws for an unknown name. */
export function figuresOf(names: readonly string[]): readonly Figure[] {
  if (names.length === 0) return FIGURES;
  const all = [...FIGURES, peers, beside];
  return names.map((name) => {
    const figure = all.find((one) => one.name === name);
    if (figure !== undefined) return figure;
    const known = all.map((one) => one.name).join(", ");
    throw new Error(`Cannot measure ${JSON.stringify(name)}: give one of ${known}`);
  });
}
