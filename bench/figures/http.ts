/**
 * Single likes over HTTP, each synced before its answer, beside a bare node:http server that stores
 * nothing and beside unary gRPC; and what a thousand watchers cost.
 */
import { BenchProcess } from "../bench_process.ts";
import { BenchCounter } from "../counter.ts";
import { expectSame } from "../figure.ts";
import type { Figure, FigureOptions, FigureResult } from "../figure.ts";
import type { Added } from "../processes/client.ts";
import type { Given } from "../processes/web_client.ts";
import { percentile } from "../../src/percentile.ts";
import { ownMb } from "../resident.ts";

const SITE = "blog";
const ITEMS = 100;
const CONNECTIONS = 64;
/** A page's likes come one at a time: a full server would hide what watchers add. */
const CONNECTIONS_WATCHED = 4;
const BARE_RATIO_MIN = 0.6;
const GRPC_RATIO_MIN = 3;
const WATCHERS_MB_MAX = 40;
const WATCHERS_DELAY_MAX_MS = 5;

/** `npm run bench -- http`. */
export const http: Figure = {
  name: "http",
  title: "single likes over HTTP, and a thousand watchers",
  seconds: 120,
  run: measure,
};

interface Run {
  readonly bare: number;
  readonly web: number;
  readonly grpc: number;
  readonly processorUs: number;
  readonly watchersMb: number;
  readonly aloneMs: number;
  readonly watchedMs: number;
}

async function measure({ brief, printProgress }: FigureOptions): Promise<FigureResult> {
  const runs = brief ? 1 : 5;
  const likes = brief ? 500 : 30_000;
  const watchers = brief ? 20 : 1_000;
  const found: Run[] = [];
  for (let run = 1; run <= runs; run++) {
    found.push(await measureOnce(likes, watchers));
    printProgress(`run ${run} of ${runs}`);
  }
  const values = (of: (run: Run) => number): number[] => found.map(of);
  return {
    settings: { runs, likes, connections: CONNECTIONS, watchers, items: ITEMS },
    rows: [
      {
        name: "node:http that stores nothing",
        unit: "calls/s",
        values: values(({ bare }) => bare),
      },
      { name: "likes over HTTP", unit: "calls/s", values: values(({ web }) => web) },
      { name: "likes over unary gRPC", unit: "calls/s", values: values(({ grpc }) => grpc) },
      {
        name: "HTTP to node:http",
        unit: "x",
        values: values(({ web, bare }) => web / bare),
        aim: { is: "over", bound: BARE_RATIO_MIN },
      },
      {
        name: "HTTP to unary gRPC",
        unit: "x",
        values: values(({ web, grpc }) => web / grpc),
        aim: { is: "over", bound: GRPC_RATIO_MIN },
      },
      { name: "a like over HTTP, processor", unit: "µs", values: values((run) => run.processorUs) },
      {
        name: `${watchers} watchers, memory`,
        unit: "MB",
        values: values(({ watchersMb }) => watchersMb),
        aim: { is: "under", bound: WATCHERS_MB_MAX },
      },
      { name: "answer of a like, median, alone", unit: "ms", values: values((run) => run.aloneMs) },
      {
        name: `what ${watchers} watchers add to it`,
        unit: "ms",
        values: values(({ watchedMs, aloneMs }) => watchedMs - aloneMs),
        aim: { is: "under", bound: WATCHERS_DELAY_MAX_MS },
      },
    ],
    checked: [
      "every like over HTTP was answered as stored, after its sync",
      "the outbox has every like of every run once",
    ],
  };
}

async function measureOnce(likes: number, watchers: number): Promise<Run> {
  const bare = await bareRate(likes);
  await using counter = new BenchCounter();
  await using client = new BenchProcess("web_client");
  await using grpcClient = new BenchProcess("client");
  const grpcAddress = await counter.start(SITE);
  const address = await counter.likesServer.ask<string>("http");
  const give = async (count: number, connections: number): Promise<Given> => {
    const persons = Math.ceil(count / ITEMS);
    const tokens = await counter.likesServer.ask("mint", { site: SITE, count: persons });
    return client.ask<Given>("give", { address, site: SITE, tokens, likes: count, connections });
  };
  await give(likes / 10, CONNECTIONS);
  const before = await counter.processorMs();
  const web = await give(likes, CONNECTIONS);
  const after = await counter.processorMs();
  const grpc = await grpcClient.ask<Added>("closedLoop", {
    address: grpcAddress,
    events: likes,
    atOnce: CONNECTIONS,
    perCall: 1,
  });
  const pid = await counter.likesServer.ask<number>("pid");
  const alone = await give(likes / 10, CONNECTIONS_WATCHED);
  const emptyMb = ownMb(pid);
  await client.ask("watch", { address, site: SITE, count: watchers });
  const watched = await give(likes / 10, CONNECTIONS_WATCHED);
  const watchersMb = ownMb(pid) - emptyMb;
  await client.ask("unwatch");
  const accepted = await counter.likesServer.ask<number>("acceptedEvents");
  expectSame("the number of events", accepted, likes * 2 + (likes / 10) * 3);
  const perS = (count: number, elapsedMs: number): number => (count * 1_000) / elapsedMs;
  return {
    bare,
    web: perS(likes, web.elapsedMs),
    grpc: perS(likes, grpc.endMs - grpc.startMs),
    processorUs: ((after.likesServer - before.likesServer) * 1_000) / likes,
    watchersMb,
    aloneMs: percentile([...alone.answerMs], 50),
    watchedMs: percentile([...watched.answerMs], 50),
  };
}

/** Returns the calls per second of a server that stores nothing. */
async function bareRate(likes: number): Promise<number> {
  await using server = new BenchProcess("bare_http");
  await using client = new BenchProcess("web_client");
  const address = await server.ask<string>("start");
  const options = { address, site: SITE, tokens: ["none"], connections: CONNECTIONS };
  await client.ask("give", { ...options, likes: likes / 10 });
  const { elapsedMs } = await client.ask<Given>("give", { ...options, likes });
  return (likes * 1_000) / elapsedMs;
}
