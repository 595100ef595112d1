/** Calls, streams, and data held for peers that read nothing, all at their bounds. */
import type { ClientHttp2Stream } from "node:http2";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError, STATUS } from "../../src/errors.ts";
import {
  ADDRESS_CALLS_MAX,
  ANSWER_BYTES_PER_S_MIN,
  ANSWER_WAIT_MAX_MS,
  CALLS_MAX,
  CONNECTION_STREAMS_MAX,
  COUNTS_MAX,
  ITEM_ID_BYTES_MAX,
  MEMBERS_MAX,
  MESSAGE_BYTES_MAX,
  SESSION_MEMORY_MAX_MB,
  STATUS_INTERVAL_MIN_MS,
  UNREAD_BYTES_MAX,
  WATCHED_BYTES_MAX,
  WATCHERS_MAX,
} from "../../src/limits.ts";
import { monotonicMs } from "../../src/monotonic.ts";
import { PrimaryClient } from "../../src/rpc/client/primary_client.ts";
import { primaryService } from "../../src/rpc/server/primary_service.ts";
import { protos } from "../../src/rpc/protos.ts";
import {
  CallFlood,
  EMPTY_REQUEST,
  HEALTH_CHECK,
  LIST_SERVICES,
  REFLECTION_INFO,
  callBytes,
} from "../fixtures/call_flood.ts";
import { becomes, within } from "../fixtures/eventually.ts";
import { extent } from "../fixtures/extent.ts";
import { healthOf } from "../fixtures/health.ts";
import { RawCall } from "../fixtures/raw_call.ts";
import type { RawEnd } from "../fixtures/raw_call.ts";
import { Counter } from "../fixtures/roles.ts";
import {
  NO_COUNTS,
  answering,
  NO_PRIMARY,
  emptyStatus,
  serve,
  serverStatus,
} from "../rpc/serving.ts";
import type { Serving } from "../rpc/serving.ts";
import { StreamFlood, frame } from "../rpc/stream_flood.ts";

const LIMIT_MS = 60_000;
/** Pause before the next attempt. */
const SHORT_MS = 1_000;
/** Extra time allowed for the longest answer. */
const LONGEST_READ_MS = (MESSAGE_BYTES_MAX / ANSWER_BYTES_PER_S_MIN) * 1_000;
const MB = 1_000_000;
const MIB = 1024 * 1024;
const { GetCounts, Status, StreamLikes } = protos.PrimaryService.service;
const COUNT = GetCounts.requestSerialize({ itemIds: ["video"] });
const { AddLikes } = protos.LikesService.service;
const FLOOD_CONNECTIONS = 20;
const FLOOD_CALLS = 1_000;
const HONEST_CALLS = 200;
const ROUNDS = extent(3, 10);
/**
 * The ratio is 1 to 2 on an idle machine. If the flood were processed, it would be in the hundreds.
 */
const RATIO_MAX = 20;
const RESETS = extent(5_000, 20_000);
const NO_ERROR = 0;
const CANCEL = 8;
const ENHANCE_YOUR_CALM = 11;

test("a thousand watchers that read nothing hold a bounded amount, and delay no one", async () => {
  const servers = Array.from({ length: MEMBERS_MAX }, (_, index) => serverStatus(index));
  const status = () => ({ ...emptyStatus(1), servers });
  const count = answering(NO_COUNTS);
  await using serving = await serve(primaryService({ ...NO_PRIMARY, status, count }).add);
  const before = process.memoryUsage.rss();
  const watch = Status.requestSerialize({ intervalMs: STATUS_INTERVAL_MIN_MS });
  const client = new PrimaryClient(serving.address);
  let flood = new StreamFlood(serving.address);
  // Repeated: too early, not all watchers have had their turn; too late, some were dropped.
  await becomes("another refused", async () => {
    await flood[Symbol.asyncDispose]();
    await becomes("none watching", () => serving.server.load.calls === 0);
    flood = new StreamFlood(serving.address);
    await flood.open(WATCHERS_MAX, Status.path, watch);
    await becomes("all watching", () => serving.server.load.calls === WATCHERS_MAX);
    await becomes("the bound of held data", () => {
      return serving.server.load.unreadBytes >= WATCHED_BYTES_MAX;
    });
    const refused: unknown = await client.status(SHORT_MS).catch((error: unknown) => error);
    return refused instanceof LikesError && refused.code === "too_many";
  });
  let peak = 0;
  for (let asked = 0; asked < 50; asked++) {
    await client.counts({ itemIds: ["video"] }, LIMIT_MS); // no call waits for a watcher
    const { unreadBytes } = serving.server.load;
    assert.ok(unreadBytes < WATCHED_BYTES_MAX + MIB, `${unreadBytes} bytes are held`);
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  assert.ok(peak - before < 4 * WATCHED_BYTES_MAX, `${before} bytes grew to ${peak}`);
  await becomes("all cut", () => {
    // Now some get a state.
    serving.server.sweep(monotonicMs() + ANSWER_WAIT_MAX_MS + LONGEST_READ_MS);
    return serving.server.load.calls === 0;
  });
  client.close(); // it was idle all that time
  const another = new PrimaryClient(serving.address);
  assert.is((await another.status(LIMIT_MS)).servers.length, MEMBERS_MAX);
  another.close();
  await flood[Symbol.asyncDispose]();
});

test("a call is rejected when its address, or all together, have too many; open streams continue", async () => {
  await using serving = await serve(primaryService(NO_PRIMARY).add);
  await using flood = new StreamFlood(serving.address);
  await flood.open(ADDRESS_CALLS_MAX, StreamLikes.path);
  const open = (calls: number) => () => serving.server.load.calls === calls;
  await becomes("all of one address open", open(ADDRESS_CALLS_MAX));
  expectRefused(await counting(serving.address));
  await using elsewhere = new StreamFlood(serving.address, "127.0.0.2");
  await elsewhere.open(CALLS_MAX - ADDRESS_CALLS_MAX, StreamLikes.path);
  await becomes("all open", open(CALLS_MAX));
  expectRefused(await counting(serving.address));
  assert.is(serving.server.load.calls, CALLS_MAX);
  for (const stream of flood.streams.slice(0, 100)) stream.close(NO_ERROR);
  await becomes("room", () => serving.server.load.calls < CALLS_MAX);
  assert.is(await healthOf(serving.address), "NOT_SERVING");
});

test("a connection carries a bounded number of streams, and one more when one ends", async () => {
  let answered = 0;
  const status = () => {
    answered++;
    return NO_PRIMARY.status();
  };
  await using serving = await serve(primaryService({ ...NO_PRIMARY, status }).add);
  await using flood = new StreamFlood(serving.address);
  await flood.open(CONNECTION_STREAMS_MAX, StreamLikes.path, undefined, CONNECTION_STREAMS_MAX);
  await becomes("all open", () => serving.server.load.calls === CONNECTION_STREAMS_MAX);
  const ask = (): void => {
    flood.request(Status.path).end(frame(Status.requestSerialize({ intervalMs: 60_000 })));
  };
  ask();
  assert.is(await healthOf(serving.address), "NOT_SERVING", "another connection is served");
  assert.is(answered, 0);
  // Since Node 22, a waiting stream is refused if it arrives at the moment when another one ends.
  for (const stream of flood.streams.slice(0, 2)) stream.close(NO_ERROR);
  await becomes("two gone", () => {
    return serving.server.load.calls <= CONNECTION_STREAMS_MAX - 1;
  });
  ask();
  await becomes("a turn", () => answered > 0);
});

test("a session that holds too much takes no new stream, while another session does", async () => {
  await using serving = await serveCounts();
  await using flood = new StreamFlood(serving.address);
  const calls = Math.ceil((SESSION_MEMORY_MAX_MB * MB) / ANSWER_BYTES) + 1;
  await flood.open(calls, GetCounts.path, COUNT, CONNECTION_STREAMS_MAX);
  const held = () => serving.server.load.unreadBytes > SESSION_MEMORY_MAX_MB * MB;
  await becomes("too much held", held);
  const refused = flood.request(GetCounts.path);
  await within("the refusal", closed(refused));
  assert.is(refused.rstCode, ENHANCE_YOUR_CALM);
  assert.is((await counting(serving.address)).code, 0);
  await flood[Symbol.asyncDispose]();
  await becomes("nothing held", () => serving.server.load.unreadBytes === 0);
});

test("no call is answered while too much is unread, and all are once that is cut", async () => {
  await using serving = await serveCounts();
  const perSession = Math.floor((SESSION_MEMORY_MAX_MB * MB) / ANSWER_BYTES / 2);
  await using flood = new StreamFlood(serving.address);
  while (flood.streams.length * ANSWER_BYTES < UNREAD_BYTES_MAX) {
    flood.connect();
    await flood.open(perSession, GetCounts.path, COUNT, perSession);
  }
  await becomes("too much unread", () => {
    return serving.server.load.unreadBytes >= UNREAD_BYTES_MAX;
  });
  assert.ok(serving.server.load.unreadBytes < UNREAD_BYTES_MAX + 2 * ANSWER_BYTES);
  expectRefused(await counting(serving.address));
  serving.server.sweep(monotonicMs() + ANSWER_WAIT_MAX_MS + LONGEST_READ_MS);
  await becomes("nothing held", () => serving.server.load.unreadBytes === 0);
  assert.is((await counting(serving.address)).code, 0);
});

test("a peer that opens and resets streams endlessly loses only its connection", async () => {
  await using serving = await serveCounts();
  await using flood = new StreamFlood(serving.address);
  for (let opened = 0; opened < RESETS; opened++) {
    const stream = flood.session.destroyed ? undefined : flood.request(GetCounts.path);
    stream?.close(CANCEL);
    if (opened % 500 === 0) await healthOf(serving.address);
  }
  assert.is((await counting(serving.address)).code, 0);
  await becomes("no call left", () => serving.server.load.calls === 0);
});

test("a reader's 200 calls hardly slow down beside a flood that closes at once", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const add = AddLikes.requestSerialize({ itemId: "video", likes: "1" });
  const client = new PrimaryClient(counter.primary);
  const count = () => client.counts({ itemIds: ["video"] }, LIMIT_MS);
  const total = () => counter.total(a);
  const ask = async (read: () => Promise<unknown>): Promise<number> => {
    const startMs = performance.now();
    for (let asked = 0; asked < HONEST_CALLS; asked++) await read();
    return performance.now() - startMs;
  };
  for (const read of [count, total]) await ask(read); // warms up the code
  for (const { path, request, at, read } of [
    { path: GetCounts.path, request: COUNT, at: counter.primary, read: count },
    { path: Status.path, request: EMPTY_REQUEST, at: counter.primary, read: count },
    { path: HEALTH_CHECK, request: EMPTY_REQUEST, at: counter.primary, read: count },
    { path: REFLECTION_INFO, request: LIST_SERVICES, at: counter.primary, read: count },
    { path: AddLikes.path, request: add, at: a.address, read: total },
  ]) {
    const bytes = callBytes(path, request, FLOOD_CALLS);
    // Other programs may slow down a round, so the best round counts.
    const ratios: number[] = [];
    while (ratios.length < ROUNDS) {
      const quietMs = await ask(read);
      const flood = new CallFlood(at);
      const sent = flood.send(bytes, FLOOD_CONNECTIONS).then(() => flood[Symbol.dispose]());
      const [, floodedMs] = await Promise.all([sent, ask(read)]);
      ratios.push(floodedMs / quietMs);
    }
    console.log(`${path}: ${ratios.map((ratio) => ratio.toFixed(1)).join(" ")} times as long`);
    assert.ok(Math.min(...ratios) < RATIO_MAX, `${path}: ${ratios.join(" ")}`);
  }
  client.close();
});

/** Approximate bytes of the largest answer to GetCounts: the most ids of the greatest length. */
const ANSWER_BYTES = COUNTS_MAX * (ITEM_ID_BYTES_MAX + 8);

/** A primary whose answers to GetCounts all have the greatest length. */
function serveCounts(): Promise<Serving> {
  const counts = Array.from({ length: COUNTS_MAX }, (_, index) => {
    return { itemId: String(index).padStart(ITEM_ID_BYTES_MAX, "a"), likes: 1n };
  });
  const all = { ...NO_COUNTS, counts };
  return serve(primaryService({ ...NO_PRIMARY, count: answering(all) }).add);
}

/** Asks for counts like an honest peer. Returns how the call ended. */
async function counting(address: string): Promise<RawEnd> {
  await using call = new RawCall(address, GetCounts.path);
  call.send(COUNT);
  call.endSending();
  call.read(() => {});
  return await within("its end", call.ended);
}

function expectRefused(end: RawEnd): void {
  assert.is(end.code, STATUS.RESOURCE_EXHAUSTED, end.details);
  assert.is(end.fault, "too_many", end.details);
}

function closed(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once("close", resolve);
  });
}

test.run();
