/** Events per second from one LikesServer, synced on both sides. */
import { fillOutbox } from "../backlog.ts";
import { BenchProcess } from "../bench_process.ts";
import { BenchCounter, SERVER_ID } from "../counter.ts";
import type { ProcessorMs } from "../counter.ts";
import type { Figure, FigureOptions, FigureResult, Row } from "../figure.ts";
import type { Added } from "../processes/client.ts";
import { momentsBySequence } from "../taps.ts";

const EVENTS_PER_S_MIN = 200_000;
const AT_ONCE = 500;

/** `npm run bench -- events`. */
export const events: Figure = {
  name: "events",
  title: "events per second from one LikesServer, synced on both sides",
  seconds: 60,
  run: measure,
};

async function measure({ brief, printProgress }: FigureOptions): Promise<FigureResult> {
  const runs = brief ? 1 : 5;
  const backlog = brief ? 20_000 : 1_000_000;
  const calls = brief ? 2_000 : 40_000;
  const delivered: Taken[] = [];
  const live: Taken[] = [];
  for (let run = 1; run <= runs; run++) {
    delivered.push(await deliver(backlog));
    live.push(await add(calls));
    printProgress(`run ${run} of ${runs}`);
  }
  const aim = { is: "over", bound: EVENTS_PER_S_MIN } as const;
  const unit = "events/s";
  return {
    settings: {
      runs,
      "events per backlog": backlog,
      "events per record": "1,000, one sync each",
      items: 100,
      "AddLikes calls": calls,
      "concurrent calls": AT_ONCE,
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
      { name: "AddLikes one by one: accepted", unit, values: perS(live, "acceptedMs") },
      { name: "AddLikes one by one: applied", unit, values: perS(live, "appliedMs") },
      ...processorRows("AddLikes one by one", live),
    ],
    checked: [
      `every one of ${runs * (backlog + calls)} events was applied once: 0 lost`,
      "the total and the outbox equal what was added, in each run",
    ],
  };
}

/** The times until the last of `events` was accepted and applied. */
interface Taken {
  readonly events: number;
  readonly acceptedMs: number;
  readonly appliedMs: number;
  /** Processor time of the roles for these events, from before they opened their stores. */
  readonly processorMs: ProcessorMs;
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

async function processorSince(before: ProcessorMs, counter: BenchCounter): Promise<ProcessorMs> {
  const { likesServer, primary } = await counter.processorMs();
  return { likesServer: likesServer - before.likesServer, primary: primary - before.primary };
}

/**
 * Measures a backlog: it is accepted here, and then delivered by a LikesServer started on it. The
 * delivery is measured from the Hello that the primary accepted to the last commit.
 */
async function deliver(backlog: number): Promise<Taken> {
  await using counter = new BenchCounter();
  const { likes, tookMs } = await fillOutbox(counter.dataDir, SERVER_ID, backlog);
  const before = await counter.processorMs();
  await counter.start();
  await counter.expectExact({ events: backlog, likes });
  const processorMs = await processorSince(before, counter);
  const { connectedMs, applied } = await counter.moments();
  const appliedMs = lastOf(momentsBySequence("applied", applied, backlog));
  const [startMs = NaN] = connectedMs;
  return {
    events: backlog,
    acceptedMs: tookMs,
    appliedMs: appliedMs - startMs,
    processorMs,
  };
}

/** Measures likes added one per call, as fast as they are answered. */
async function add(calls: number): Promise<Taken> {
  await using counter = new BenchCounter();
  await using client = new BenchProcess("client");
  const address = await counter.start();
  const options = { address, events: calls, atOnce: AT_ONCE };
  const before = await counter.processorMs();
  const { likes, startMs, endMs } = await client.ask<Added>("closedLoop", options);
  await counter.expectExact({ events: calls, likes });
  const processorMs = await processorSince(before, counter);
  const { applied } = await counter.moments();
  const appliedMs = lastOf(momentsBySequence("applied", applied, calls));
  return {
    events: calls,
    acceptedMs: endMs - startMs,
    appliedMs: appliedMs - startMs,
    processorMs,
  };
}

function lastOf(momentsMs: Float64Array): number {
  return momentsMs.reduce((last, atMs) => Math.max(last, atMs));
}
