/** Redis and PostgreSQL on the same work, in turn with likes: only the ratios count. */
import type { Aim, Figure, FigureOptions, FigureResult, Row } from "../figure.ts";
import { CASES } from "../item_cases.ts";
import type { ItemCase } from "../item_cases.ts";
import * as postgres from "../peers/postgres.ts";
import * as redis from "../peers/redis.ts";
import { measureCase } from "./items.ts";

/** A program, and the events per second that it counts; undefined for a case that it cannot run. */
interface Counter {
  readonly name: string;
  readonly missing: string | undefined;
  readonly perS: (one: ItemCase, events: number) => Promise<number | undefined>;
  /** The aim of the ratio of likes to it; undefined for a case without one. */
  readonly aim?: (one: ItemCase) => number | undefined;
}

/** From so many items on, a like lands on a page of its own. */
const MANY_ITEMS = 100_000;

/** Enough for PostgreSQL, whose rate does not change with the length of a run. */
const POSTGRES_EVENTS_MAX = 300_000;

const COUNTERS: readonly Counter[] = [
  { name: "likes", missing: undefined, perS: likesPerS },
  ...(["everysec", "always"] as const).map((sync) => ({
    name: `Redis, ${sync}`,
    missing: redis.missing,
    aim: ({ items }: ItemCase) => {
      if (items < MANY_ITEMS) return sync === "everysec" ? 1 : undefined;
      return sync === "always" ? 0.5 : undefined;
    },
    perS: async (one: ItemCase, events: number) => {
      return one.isZipf ? undefined : redis.incrementsPerS(one, events, sync);
    },
  })),
  ...[true, false].map((isRanked) => ({
    name: isRanked ? "PostgreSQL, ranked" : "PostgreSQL",
    missing: postgres.missing,
    aim: ({ items }: ItemCase) => (items < MANY_ITEMS ? undefined : 2),
    perS: (one: ItemCase, events: number) => {
      return postgres.eventsPerS(one, Math.min(events, POSTGRES_EVENTS_MAX), { isRanked });
    },
  })),
];

/** `npm run bench -- peers`. */
export const peers: Figure = {
  name: "peers",
  title: "events per second beside Redis and PostgreSQL",
  seconds: 700,
  run: measure,
};

async function measure({ brief, printProgress }: FigureOptions): Promise<FigureResult> {
  const runs = brief ? 1 : 3;
  const events = brief ? 2_000 : 1_000_000;
  const cases = brief ? CASES.slice(0, 2) : CASES;
  const present = COUNTERS.filter(({ missing }) => missing === undefined);
  for (const { name, missing } of COUNTERS) {
    if (missing !== undefined) printProgress(`left out: ${name}: ${missing}`);
  }
  const values = new Map<string, number[]>();
  for (let run = 1; run <= runs; run++) {
    for (const one of cases) {
      for (const { name, perS } of present) {
        const found = await perS(one, events);
        const row = `${one.name}: ${name}`;
        if (found !== undefined) values.set(row, [...(values.get(row) ?? []), found]);
        printProgress(`run ${run} of ${runs}: ${row}`);
      }
    }
  }
  const rows = cases.flatMap((one) => rowsOf(one, present, values));
  return {
    settings: {
      runs,
      "events per run": events,
      likes: "one LikesServer delivers a backlog",
      Redis: "INCRBY, 50 clients, pipelines of 100",
      PostgreSQL: "one client, 1,000 events per transaction, summed and sorted; at most 300,000",
    },
    rows,
    checked: ["the total of likes and its outbox equal what was added, in each run"],
  };
}

async function likesPerS(one: ItemCase, events: number): Promise<number> {
  const { appliedMs } = await measureCase(one, events);
  return (events * 1_000) / appliedMs;
}

/** Returns the rates of a case, and the ratio of likes to each peer, run by run. */
function rowsOf(
  one: ItemCase,
  counters: readonly Counter[],
  values: ReadonlyMap<string, readonly number[]>,
): readonly Row[] {
  const { name } = one;
  const own = values.get(`${name}: likes`) ?? [];
  return counters.flatMap((counter): Row[] => {
    const found = values.get(`${name}: ${counter.name}`);
    if (found === undefined) return [];
    const row: Row = { name: `${name}: ${counter.name}`, unit: "events/s", values: found };
    if (counter.name === "likes") return [row];
    const ratios = found.map((perS, run) => (own[run] ?? NaN) / perS);
    const bound = counter.aim?.(one);
    const aim: Aim | undefined = bound === undefined ? undefined : { is: "over", bound };
    const ratio = { name: `${name}: likes to ${counter.name}`, unit: "x", values: ratios } as const;
    return [row, { ...ratio, ...(aim === undefined ? {} : { aim }) }];
  });
}
