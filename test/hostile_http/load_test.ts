/**
 * Floods of a real LikesServer at its bounds: its memory stays bounded, and a client at another
 * address is served meanwhile. Connections come from addresses of this machine.
 */
// alone because it opens thousands of connections
import { existsSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WEB_HEADER_BYTES_MAX, WEB_WATCHERS_MAX } from "../../src/limits.ts";
import { becomes } from "../fixtures/eventually.ts";
import { extent } from "../fixtures/extent.ts";
import { AttackedServer } from "./attacked_server.ts";
import type { Cost } from "./attacked_server.ts";
import { rawRequest } from "./raw_connection.ts";

const MB = 1e6;
/** Each flood took less than half of it. Without bounds, most took gigabytes. */
const GROWTH_BYTES_MAX = 500 * MB;
/** Mostly 1 to 3. A server that works on a flood does not answer for a minute. */
const RATIO_MAX = 100;
/** Shorter times measure the machine. */
const FLOOR_MS = 1;

const WATCHERS = extent(1_000, 10_000);
const SLOW = extent(500, 4_000);
const FLOODS = extent(50, 500);
const PIPELINED = extent(5_000, 20_000);
/** Whether to wait until the server gives up on whoever does not read. */
const IS_LONG = extent(0, 1) === 1;
const DESCRIPTORS = WATCHERS + 1_000;

const CHUNKED = rawRequest("PUT /v1/blog/likes/a/me", "", ["Transfer-Encoding: chunked"]);
const LIVE = rawRequest("GET /livez");

/** Why this machine cannot run the floods; undefined when it can. */
const lack = lackOf();
const flood = (name: string, run: () => Promise<void>): void => {
  if (lack === undefined) test(name, run);
  else test.skip(name);
};
if (lack !== undefined) console.log(`skipped: ${lack}`);

flood("watchers: as many are served as the bound says, and others are told", async () => {
  await using server = await AttackedServer.start();
  let served = 0;
  const cost = await server.measure(async () => {
    const watch = rawRequest("GET /v1/blog/events?item=a");
    const opened = await server.open(WATCHERS, watch);
    await becomes("each answered or closed", () => {
      return opened.every(({ received, isClosed }) => isClosed || received.includes("event:"));
    });
    served = opened.filter(({ received }) => received.includes("event:")).length;
  }, false);
  assert.is(served, Math.min(WATCHERS, WEB_WATCHERS_MAX));
  expectBounded(`${WATCHERS} watchers, ${served} served`, cost);
});

flood("bodies that arrive slowly, in chunks of one byte, are given up", async () => {
  await using server = await AttackedServer.start();
  const cost = await server.measure(async () => {
    await server.open(SLOW, CHUNKED + "1\r\na\r\n".repeat(2_000));
  }, true);
  expectBounded(`${SLOW} slow bodies`, cost);
});

flood("requests whose fields arrive slowly, or never, are given up", async () => {
  await using server = await AttackedServer.start();
  const cost = await server.measure(async () => {
    await server.open(SLOW, `GET /livez HTTP/1.1\r\nX: ${"a".repeat(WEB_HEADER_BYTES_MAX / 2)}`);
    await server.open(SLOW, "");
  }, true);
  expectBounded(`${SLOW} slow requests, ${SLOW} silent connections`, cost);
});

flood("floods of fields are refused", async () => {
  await using server = await AttackedServer.start();
  const cost = await server.measure(async () => {
    const opened = await server.open(FLOODS, `GET / HTTP/1.1\r\n${"X: y\r\n".repeat(100_000)}`);
    await Promise.all(opened.map(({ closed }) => closed));
  }, true);
  expectBounded(`${FLOODS} floods of fields`, cost);
});

flood("requests by the thousand end their connection", async () => {
  await using server = await AttackedServer.start();
  const cost = await server.measure(async () => {
    const opened = await server.open(FLOODS, LIVE.repeat(PIPELINED));
    await Promise.all(opened.map(({ closed }) => closed));
  }, true);
  expectBounded(`${FLOODS} connections with ${PIPELINED} requests`, cost);
});

flood("connections that never read their answers are ended", async () => {
  await using server = await AttackedServer.start();
  const cost = await server.measure(async () => {
    const unread = rawRequest("GET /openapi.json").repeat(8);
    for (let times = 0; times < 10; times++) await server.open(FLOODS, unread, false);
  }, IS_LONG);
  expectBounded(`${10 * FLOODS} connections that never read`, cost);
});

function expectBounded(what: string, { beforeMs, meanwhileMs, grownBytes }: Cost): void {
  const ratio = meanwhileMs / Math.max(beforeMs, FLOOR_MS);
  const told = `${what}: ${(grownBytes / MB).toFixed(0)} MB more, answers took ${ratio.toFixed(1)} times as long`;
  console.log(told);
  assert.ok(grownBytes < GROWTH_BYTES_MAX, told);
  assert.ok(ratio < RATIO_MAX, told);
}

function lackOf(): string | undefined {
  if (!existsSync("/proc/self/limits")) return "no /proc tells the memory of a process";
  const [, , hard = "0"] =
    /^Max open files +(\S+) +(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  if (hard === "unlimited" || Number(hard) >= DESCRIPTORS) return undefined;
  return `a process may have ${hard} open files here, and ${DESCRIPTORS} are needed`;
}

test.run();
