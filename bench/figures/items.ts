/** How the number of items in the ledger changes the speed of the primary. */
import { longestRows } from "../counter.ts";
import { addsTo } from "../backlog.ts";
import { deliver, fillLedger } from "../delivery.ts";
import type { Delivered } from "../delivery.ts";
import type { Figure, FigureOptions, FigureResult, Row } from "../figure.ts";
import { CASES, LARGEST, itemOf, itemsOf } from "../item_cases.ts";
import type { ItemCase } from "../item_cases.ts";

/** `npm run bench -- items`. */
export const items: Figure = {
  name: "items",
  title: "events per second that the primary applies, by the items in its ledger",
  seconds: 240,
  run: measure,
};

async function measure({ brief, printProgress }: FigureOptions): Promise<FigureResult> {
  const runs = brief ? 1 : 3;
  const events = brief ? 5_000 : 1_000_000;
  const taken = new Map<ItemCase, Delivered[]>([...CASES, LARGEST].map((one) => [one, []]));
  for (let run = 1; run <= runs; run++) {
    for (const one of run === 1 ? [LARGEST, ...CASES] : CASES) {
      const count = brief ? Math.min(one.items, 2_000) : one.items;
      taken.get(one)?.push(await measureCase({ ...one, items: count }, events));
      printProgress(`run ${run} of ${runs}: ${one.name}`);
    }
  }
  return {
    settings: { runs, "events per backlog": events, "events per record": "1,000", LikesServers: 1 },
    rows: [...taken].flatMap(([one, found]) => rowsOf(one.name, found)),
    checked: [
      `every one of ${(runs * CASES.length + 1) * events} events was applied once: 0 lost`,
      "the total and the outbox equal what was added, in each run",
    ],
  };
}

/** Measures the delivery of a backlog to a ledger that has the items of a case. */
export function measureCase(one: ItemCase, events: number): Promise<Delivered> {
  return deliver({
    events,
    eventOf: addsTo((index) => itemOf(one, index)),
    fill: (dataDir) => fillLedger(dataDir, itemsOf(one)),
  });
}

function rowsOf(name: string, taken: readonly Delivered[]): readonly Row[] {
  const perS = taken.map(({ events, appliedMs }) => (events * 1_000) / appliedMs);
  const processorUs = taken.map(
    ({ events, processorMs }) => (processorMs.primary * 1_000) / events,
  );
  return [
    { name: `${name}: applied`, unit: "events/s", values: perS },
    { name: `${name}: processor, primary`, unit: "µs", values: processorUs },
    ...longestRows(name, taken),
  ];
}
