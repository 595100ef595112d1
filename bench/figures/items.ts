/** How the number of items in the ledger changes the speed of the primary. */
import { deliver } from "../delivery.ts";
import type { Delivered } from "../delivery.ts";
import type { Figure, FigureOptions, FigureResult, Row } from "../figure.ts";

/** Items that the ledger holds before, and how the backlog chooses among them. */
interface Case {
  readonly name: string;
  readonly items: number;
  /** Returns the index of the item, for a random number in [0, 1). */
  readonly pick: (random: number, items: number) => number;
}

const uniform = (random: number, items: number): number => Math.floor(random * items);
/** Zipf's law with exponent 1: an item's share is proportional to 1 / its rank. */
const zipf = (random: number, items: number): number => Math.floor(items ** random) - 1;

const CASES: readonly Case[] = [
  { name: "1 item", items: 1, pick: uniform },
  { name: "1,000 items", items: 1_000, pick: uniform },
  { name: "100,000 items", items: 100_000, pick: uniform },
  { name: "1,000,000 items", items: 1_000_000, pick: uniform },
  { name: "1,000,000 items, Zipf", items: 1_000_000, pick: zipf },
];

/** `npm run bench -- items`. */
export const items: Figure = {
  name: "items",
  title: "events per second that the primary applies, by the items in its ledger",
  seconds: 150,
  run: measure,
};

async function measure({ brief, printProgress }: FigureOptions): Promise<FigureResult> {
  const runs = brief ? 1 : 3;
  const events = brief ? 5_000 : 300_000;
  const taken = new Map<Case, Delivered[]>(CASES.map((one) => [one, []]));
  for (let run = 1; run <= runs; run++) {
    for (const one of CASES) {
      const count = brief ? Math.min(one.items, 2_000) : one.items;
      taken.get(one)?.push(await measureCase({ ...one, items: count }, events));
      printProgress(`run ${run} of ${runs}: ${one.name}`);
    }
  }
  return {
    settings: { runs, "events per backlog": events, "events per record": "1,000", LikesServers: 1 },
    rows: CASES.flatMap((one) => rowsOf(one.name, taken.get(one) ?? [])),
    checked: [
      `every one of ${runs * CASES.length * events} events was applied once: 0 lost`,
      "the total and the outbox equal what was added, in each run",
    ],
  };
}

function measureCase({ items: count, pick }: Case, events: number): Promise<Delivered> {
  const filled = Array.from({ length: count }, (_, index) => nameOf(index));
  return deliver({ events, itemOf: (index) => nameOf(pick(randomOf(index), count)), filled });
}

/** Neighbouring indexes have names that are far apart. */
function nameOf(index: number): string {
  return `video-${(Math.imul(index, 0x9e3779b1) >>> 0).toString(36)}`;
}

/** Returns a number in [0, 1) that looks random. */
function randomOf(index: number): number {
  let mixed = Math.imul(index ^ (index >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

function rowsOf(name: string, taken: readonly Delivered[]): readonly Row[] {
  const perS = taken.map(({ events, appliedMs }) => (events * 1_000) / appliedMs);
  const processorUs = taken.map(
    ({ events, processorMs }) => (processorMs.primary * 1_000) / events,
  );
  return [
    { name: `${name}: applied`, unit: "events/s", values: perS },
    { name: `${name}: processor, primary`, unit: "µs", values: processorUs },
    {
      name: `${name}: longest stop of the primary's event loop`,
      unit: "ms",
      values: taken.map(({ longestStopMs }) => longestStopMs),
    },
  ];
}
