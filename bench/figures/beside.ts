/**
 * The deliveries of the figure `items`, by this build and by that of another commit, in turn: only
 * the ratios count. Each build runs in processes of its own, from the folder of its checkout.
 */
import { join } from "node:path";
import { BenchProcess } from "../bench_process.ts";
import { DIST_VARIABLE } from "../built.ts";
import type { Delivered } from "../delivery.ts";
import type { Figure, FigureOptions, FigureResult, Row } from "../figure.ts";
import { CASES } from "../item_cases.ts";
import type { ItemCase } from "../item_cases.ts";

const BUILDS = ["this build", "the other"] as const;

/** `npm run bench -- beside --with FOLDER`. */
export const beside: Figure = {
  name: "beside",
  title: "events per second beside another commit",
  seconds: 300,
  run: measure,
};

async function measure({ brief, other, printProgress }: FigureOptions): Promise<FigureResult> {
  if (other === undefined) {
    throw new Error("Cannot compare: give --with FOLDER, a checkout of the other commit, built");
  }
  const runs = brief ? 1 : 3;
  const events = brief ? 2_000 : 1_000_000;
  const cases = brief ? CASES.slice(0, 2) : CASES;
  const taken = new Map<string, Delivered[]>();
  for (let run = 1; run <= runs; run++) {
    for (const one of cases) {
      for (const build of BUILDS) {
        const env = build === "this build" ? {} : { [DIST_VARIABLE]: join(other, "dist", "src") };
        await using process = new BenchProcess("case", env);
        const row = `${one.name}: ${build}`;
        const delivered = await process.ask<Delivered>("measure", { one, events });
        taken.set(row, [...(taken.get(row) ?? []), delivered]);
        printProgress(`run ${run} of ${runs}: ${row}`);
      }
    }
  }
  return {
    settings: { runs, "events per backlog": events, "events per record": "1,000", LikesServers: 1 },
    rows: cases.flatMap((one) => rowsOf(one, taken)),
    checked: ["the total of each build and its outbox equal what was added, in each run"],
  };
}

function rowsOf({ name }: ItemCase, taken: ReadonlyMap<string, readonly Delivered[]>): Row[] {
  const [own = [], others = []] = BUILDS.map((build) => taken.get(`${name}: ${build}`));
  const rate = ({ events, appliedMs }: Delivered): number => (events * 1_000) / appliedMs;
  const cost = ({ events, processorMs }: Delivered): number => {
    return (processorMs.primary * 1_000) / events;
  };
  return [
    { name: `${name}: this build`, unit: "events/s", values: own.map(rate) },
    { name: `${name}: the other`, unit: "events/s", values: others.map(rate) },
    { name: `${name}: this to the other`, unit: "x", values: ratios(own, others, rate) },
    { name: `${name}: processor of the primary`, unit: "x", values: ratios(own, others, cost) },
  ];
}

/** Returns the ratio of both builds, run by run. */
function ratios(
  own: readonly Delivered[],
  others: readonly Delivered[],
  valueOf: (one: Delivered) => number,
): readonly number[] {
  return own.map((one, run) => {
    const other = others[run];
    return other === undefined ? NaN : valueOf(one) / valueOf(other);
  });
}
