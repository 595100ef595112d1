/** The time from accepted to applied and to shown everywhere, at 1,000 likes per second in an open loop. */
import { BenchProcess } from "../bench_process.ts";
import { BenchCounter, longestRows } from "../counter.ts";
import type { Longest } from "../counter.ts";
import type { Aim, Figure, FigureOptions, FigureResult, Row } from "../figure.ts";
import type { Added } from "../processes/client.ts";
import { percentile } from "../../src/percentile.ts";
import { momentsBySequence, shownBySequence } from "../taps.ts";
import type { Moments } from "../taps.ts";

const RATE_PER_S = 1_000;
const SEED = 42;
/** Bounds of the medians and the 99th percentiles, from accepted on. */
const APPLIED_MAX_MS = { p50: 5, p99: 25 };
const SHOWN_MAX_MS = { p50: 15, p99: 60 };
const PERCENTS = [50, 95, 99, 100];

/** `npm run bench -- latency`. */
export const latency: Figure = {
  name: "latency",
  title: "from accepted to applied and shown, at 1,000 likes per second",
  seconds: 60,
  run: measure,
};

/** The latencies of one run, in milliseconds, one value per like. */
interface Latencies {
  readonly applied: readonly number[];
  readonly shown: readonly number[];
  readonly answered: readonly number[];
  readonly whole: readonly number[];
  readonly longest: Longest;
}

async function measure({ brief, printProgress }: FigureOptions): Promise<FigureResult> {
  const runs = brief ? 1 : 3;
  const seconds = brief ? 1 : 15;
  const warmUpS = brief ? 0 : 3;
  const events = seconds * RATE_PER_S;
  const found: Latencies[] = [];
  for (let run = 1; run <= runs; run++) {
    found.push(await measureOnce(events, warmUpS * RATE_PER_S));
    printProgress(`run ${run} of ${runs}`);
  }
  return {
    settings: {
      runs,
      "likes/s": RATE_PER_S,
      arrivals: `open loop, exponential gaps, seed ${SEED}`,
      "events per run": events,
      "warm-up events": warmUpS * RATE_PER_S,
      LikesServers: 1,
      processes: "client, LikesServer, primary",
    },
    rows: [
      ...rowsOf("accepted to applied", found, "applied", APPLIED_MAX_MS),
      ...rowsOf("accepted to shown at the LikesServer", found, "shown", SHOWN_MAX_MS),
      ...rowsOf("due to answered", found, "answered"),
      ...rowsOf("due to applied", found, "whole"),
      ...longestRows("1,000 likes/s", found),
    ],
    checked: [
      `every one of ${runs * events} likes was answered, synced once and applied once: 0 lost`,
      "the total and the outbox equal what was added",
    ],
  };
}

function rowsOf(
  name: string,
  found: readonly Latencies[],
  of: Exclude<keyof Latencies, "longest">,
  aims: { readonly p50?: number; readonly p99?: number } = {},
): Row[] {
  const bounds = new Map([
    [50, aims.p50],
    [99, aims.p99],
  ]);
  return PERCENTS.map((percent) => {
    const values = found.map((one) => percentile(one[of], percent));
    const row = { name: `${name}, ${percent === 100 ? "max" : `p${percent}`}`, values };
    const bound = bounds.get(percent);
    const aim: Aim | undefined = bound === undefined ? undefined : { is: "under", bound };
    return { ...row, unit: "ms", ...(aim === undefined ? {} : { aim }) };
  });
}

async function measureOnce(events: number, warmUp: number): Promise<Latencies> {
  await using counter = new BenchCounter();
  await using client = new BenchProcess("client");
  const address = await counter.start();
  await counter.longest(); // forgets the start
  const added = await client.ask<Added>("openLoop", { address, dueMs: arrivals(events) });
  await counter.expectExact({ events, likes: added.likes, before: 0n });
  const longest = await counter.longest();
  const synced = await counter.likesServer.ask<Moments>("synced");
  const { applied } = await counter.moments();
  const syncedMs = momentsBySequence("synced", synced, events);
  const appliedMs = momentsBySequence("applied", applied, events);
  const { dueMs, answeredMs, likesOf } = added;
  const shownMs = shownBySequence(await counter.likesServer.ask("shown"), likesOf);
  return {
    applied: differences(syncedMs, appliedMs, warmUp),
    shown: differences(syncedMs, shownMs, warmUp),
    answered: differences(dueMs, answeredMs, warmUp),
    whole: differences(dueMs, appliedMs, warmUp),
    longest,
  };
}

function differences(from: Float64Array, to: Float64Array, warmUp: number): readonly number[] {
  return Array.from(to.subarray(warmUp), (end, index) => end - (from[warmUp + index] ?? NaN));
}

/** Returns when likes are due: a Poisson process, as of independent people. */
function arrivals(events: number): Float64Array {
  const dueMs = new Float64Array(events);
  let state = SEED;
  let atMs = 0;
  for (let index = 0; index < events; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    atMs += (-Math.log((state + 1) / 2 ** 32) * 1_000) / RATE_PER_S;
    dueMs[index] = atMs;
  }
  return dueMs;
}
