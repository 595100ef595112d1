/** Events per second from one LikesServer, synced on both sides. */
import { ADDS_MAX } from "../../src/limits.ts";
import { BenchProcess } from "../bench_process.ts";
import { BenchCounter, longestRows } from "../counter.ts";
import type { ProcessorMs } from "../counter.ts";
import { addsTo } from "../backlog.ts";
import { deliver, lastOf, processorSince } from "../delivery.ts";
import type { Delivered, Taken } from "../delivery.ts";
import type { Figure, FigureOptions, FigureResult, Row } from "../figure.ts";
import type { Added } from "../processes/client.ts";
import { momentsBySequence } from "../taps.ts";

const EVENTS_PER_S_MIN = 200_000;
/** Concurrent calls of AddLikes, and the aim of their cost: a ratio to a service that stores nothing. */
const CALLS = [
  { atOnce: 500, ratioMax: 1.2 },
  { atOnce: 50, ratioMax: 1.5 },
];
const BATCHES_AT_ONCE = 4;
const ITEMS = 100;

/** `npm run bench -- events`. */
export const events: Figure = {
  name: "events",
  title: "events per second from one LikesServer, synced on both sides",
  seconds: 60,
  run: measure,
};

async function measure({ brief, printProgress }: FigureOptions): Promise<FigureResult> {
  const runs = brief ? 1 : 3;
  const backlog = brief ? 20_000 : 1_000_000;
  const calls = brief ? 2_000 : 40_000;
  const delivered: Delivered[] = [];
  const live = CALLS.map((): Delivered[] => []);
  const empty = CALLS.map((): number[] => []);
  const batched: Delivered[] = [];
  for (let run = 1; run <= runs; run++) {
    delivered.push(
      await deliver({ events: backlog, eventOf: addsTo(itemOf), fill: async () => 0n }),
    );
    for (const [index, { atOnce }] of CALLS.entries()) {
      live[index]?.push(await measureAdds(calls, { atOnce, perCall: 1 }));
      empty[index]?.push(await callEmpty(calls, atOnce));
    }
    batched.push(await measureAdds(backlog, { atOnce: BATCHES_AT_ONCE, perCall: ADDS_MAX }));
    printProgress(`run ${run} of ${runs}`);
  }
  const aim = { is: "over", bound: EVENTS_PER_S_MIN } as const;
  const unit = "events/s";
  return {
    settings: {
      runs,
      "events per backlog": backlog,
      "events per record": "1,000, one sync each",
      items: ITEMS,
      "AddLikes calls": calls,
      "concurrent calls": CALLS.map(({ atOnce }) => atOnce).join(" and "),
      AddLikesBatch: `${ADDS_MAX} adds per call, ${BATCHES_AT_ONCE} concurrent calls`,
      processes: "LikesServer, primary; with AddLikes a client beside them",
    },
    rows: [
      {
        name: "batches: accepted (group commit)",
        unit,
        values: perS(delivered, "acceptedMs"),
        aim,
      },
      { name: "batches: delivered and applied", unit, values: perS(delivered, "appliedMs"), aim },
      ...processorRows("batches", delivered),
      ...longestRows("batches", delivered),
      ...CALLS.flatMap((one, index) => addRows(one, live[index] ?? [], empty[index] ?? [])),
      { name: "AddLikesBatch: accepted", unit, values: perS(batched, "acceptedMs") },
      { name: "AddLikesBatch: applied", unit, values: perS(batched, "appliedMs") },
      ...processorRows("AddLikesBatch", batched),
      ...longestRows("AddLikesBatch", batched),
    ],
    checked: [
      `every one of ${runs * (2 * backlog + CALLS.length * calls)} events was applied once: 0 lost`,
      "the total and the outbox equal what was added, in each run",
    ],
  };
}

function itemOf(index: number): string {
  return `video-${index % ITEMS}`;
}

function perS(taken: readonly Taken[], of: "acceptedMs" | "appliedMs"): number[] {
  return taken.map((one) => (one.events * 1_000) / one[of]);
}

/** Processor time per event, in microseconds. Other load on the machine hardly changes it. */
function processorRows(name: string, taken: readonly Taken[]): Row[] {
  const of = (role: keyof ProcessorMs): number[] => {
    return taken.map(({ events, processorMs }) => (processorMs[role] * 1_000) / events);
  };
  return [
    { name: `${name}: processor, LikesServer`, unit: "µs", values: of("likesServer") },
    { name: `${name}: processor, primary`, unit: "µs", values: of("primary") },
  ];
}

/** Rows of unary calls. `emptyMs` is the processor time of the service that stores nothing. */
function addRows(
  { atOnce, ratioMax }: (typeof CALLS)[number],
  live: readonly Delivered[],
  emptyMs: readonly number[],
): Row[] {
  const name = `AddLikes, ${atOnce} at once`;
  const ratios = live.map(
    ({ processorMs }, run) => processorMs.likesServer / (emptyMs[run] ?? NaN),
  );
  return [
    { name: `${name}: accepted`, unit: "events/s", values: perS(live, "acceptedMs") },
    ...processorRows(name, live),
    ...longestRows(name, live),
    {
      name: `${name}: LikesServer to a service that stores nothing`,
      unit: "x",
      values: ratios,
      aim: { is: "under", bound: ratioMax },
    },
  ];
}

/** Returns the processor time in which a service that stores nothing answers as many calls. */
async function callEmpty(calls: number, atOnce: number): Promise<number> {
  await using service = new BenchProcess("empty_service");
  await using client = new BenchProcess("client");
  const address = await service.ask<string>("start");
  const before = await service.ask<number>("processorMs");
  await client.ask<Added>("closedLoop", { address, events: calls, atOnce, perCall: 1 });
  return (await service.ask<number>("processorMs")) - before;
}

/** Measures likes added as fast as they are answered, with `perCall` likes per call. */
export async function measureAdds(
  calls: number,
  { atOnce, perCall }: { readonly atOnce: number; readonly perCall: number },
): Promise<Delivered> {
  await using counter = new BenchCounter();
  await using client = new BenchProcess("client");
  const address = await counter.start();
  const options = { address, events: calls, atOnce, perCall };
  const before = await counter.processorMs();
  await counter.longest(); // forgets the start
  const { likes, startMs, endMs } = await client.ask<Added>("closedLoop", options);
  await counter.expectExact({ events: calls, likes, before: 0n });
  const processorMs = await processorSince(before, counter);
  const longest = await counter.longest();
  const { applied } = await counter.moments();
  const appliedMs = lastOf(momentsBySequence("applied", applied, calls));
  return {
    events: calls,
    acceptedMs: endMs - startMs,
    appliedMs: appliedMs - startMs,
    processorMs,
    longest,
  };
}
