/** Server-sent events: what a watcher gets, how often, and what one that does not read costs. */
import { EventEmitter } from "node:events";
import { connect } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  WATCHERS_OF_CLIENT_MAX,
  WATCHER_ITEMS_MAX,
  WATCH_GAP_MIN_MS,
  WATCH_STATUS_MS,
  WATCH_UNREAD_MAX_MS,
  WEB_WATCHERS_MAX,
} from "../../src/limits.ts";
import type { Site } from "../../src/web/site.ts";
import { Watchers } from "../../src/web/watchers.ts";
import type { EventSink } from "../../src/web/watchers.ts";
import { becomes, eventually } from "../fixtures/eventually.ts";
import { EventStream } from "./event_stream.ts";
import { FakeSource, GENERATION } from "./fake_source.ts";
import { servingPages } from "./pages_fixture.ts";

const SITE: Site = { name: "blog", origins: [], policy: "like", signedOnly: false };
/** Changes in one turn of the event loop. */
const CHANGES = 20;
/** More than timers and clocks differ. */
const CLOCK_MS = 2;

test("a watcher gets all of its items first, and then those that changed", async () => {
  await using pages = await servingPages();
  const { source } = pages;
  source.give("blog/a", 3n);
  await using stream = await EventStream.of(pages.port, "blog", ["a", "b", "a"]);
  await becomes("the first events", () => stream.events.length >= 2);
  assert.is(stream.fields["content-type"], "text/event-stream; charset=utf-8");
  assert.is(stream.fields["cache-control"], "no-cache, no-transform");
  assert.is(stream.fields["x-accel-buffering"], "no");
  assert.is(stream.fields["access-control-allow-origin"], "*");
  assert.ok(stream.retryMs !== undefined && stream.retryMs >= 2_000 && stream.retryMs < 3_000);
  const [counts, status] = stream.events;
  const known = { version: "1", generation: GENERATION, as_of: "1000" };
  assert.equal(counts?.items, [
    { item: "a", likes: "3", ...known },
    { item: "b", likes: "0", ...known },
  ]);
  assert.is(counts?.id, `${GENERATION}.1`);
  assert.equal(status?.status, { status: "converged", ...known });

  source.give("blog/other", 1n);
  source.pulse(); // nothing that it watches
  await becomes("a read", () => source.counted.some(({ since }) => since?.version === 2));
  source.give("blog/b", 1n);
  source.pulse();
  await stream.until("b", "1");
  source.give("blog/a", 2n); // likes go down, too
  source.pulse();
  await stream.until("a", "2");
  assert.equal(
    stream.counts.map((items) => items.map(({ item, likes }) => `${item} ${likes}`)),
    [["a 3", "b 0"], ["b 1"], ["a 2"]],
  );
  assert.is(stream.events.findLast(({ event }) => event === "counts")?.id, `${GENERATION}.4`);
});

test("watchers of the same item get the same, also those that come later", async () => {
  await using pages = await servingPages();
  await using first = await EventStream.of(pages.port, "blog", ["a"]);
  pages.source.give("blog/a", 1n);
  pages.source.pulse();
  await using second = await EventStream.of(pages.port, "blog", ["b", "a"]);
  await Promise.all([first.until("a", "1"), second.until("a", "1")]);
  pages.source.give("blog/a", 2n);
  pages.source.pulse();
  await Promise.all([first.until("a", "2"), second.until("a", "2")]);
  assert.equal(first.likesOf("a"), ["0", "1", "2"]);
  assert.equal(second.likesOf("b"), ["0"]);
});

test("a watcher is told unknown likes as null, and then the likes", async () => {
  await using pages = await servingPages();
  pages.source.isKnown = false;
  await using stream = await EventStream.of(pages.port, "blog", ["a"]);
  await becomes("the first events", () => stream.events.length >= 2);
  assert.equal([stream.likesOf("a"), stream.events[0]?.id], [[null], undefined]);
  assert.is(stream.events[1]?.status?.status, "unknown");
  pages.source.isKnown = true;
  pages.source.pulse();
  await stream.until("a", "0");
});

test("a watcher is told the status when it changes, and now and then", async () => {
  let skippedMs = 0;
  await using pages = await servingPages({ nowMs: () => performance.now() + skippedMs });
  await using stream = await EventStream.of(pages.port, "blog", ["a"]);
  const statuses = () => stream.events.flatMap(({ status }) => status?.status ?? []);
  pages.source.convergence = "catching_up";
  await becomes("the status", () => statuses().at(-1) === "catching-up");
  const told = statuses().length;
  skippedMs = WATCH_STATUS_MS;
  await becomes("the status again", () => statuses().length > told);
  assert.is(statuses().at(-1), "catching-up");
});

test("a read that was refused or too old is repeated, though no pulse comes any more", async () => {
  for (const spoil of [
    (source: FakeSource) => void (source.refusal = "too_many"),
    (source: FakeSource) => source.freeze(true),
  ]) {
    await using pages = await servingPages();
    await using stream = await EventStream.of(pages.port, "blog", ["a"]);
    await stream.until("a", "0");
    spoil(pages.source);
    const before = pages.source.counted.length;
    pages.source.give("blog/a", 1n);
    pages.source.pulse();
    await becomes("a read in vain", () => pages.source.counted.length > before);
    assert.equal(stream.likesOf("a"), ["0"]);
    pages.source.refusal = undefined;
    pages.source.freeze(false);
    await stream.until("a", "1");
  }
});

test("however often the ledger changes, its likes are read and told four times a second", async () => {
  const source = new FakeSource();
  const nowMs = () => performance.now();
  const readMs: number[] = [];
  const count = source.count.bind(source);
  source.count = (asked, done) => {
    readMs.push(nowMs());
    count(asked, done);
  };
  using watchers = watching(source, nowMs);
  const sink = new Sink();
  watchers.add(SITE, ["blog/a"], "client", sink);
  let likes = 0n;
  while (readMs.length < 4) {
    for (let times = 0; times < CHANGES; times++) {
      source.give("blog/a", ++likes);
      source.pulse();
    }
    await nextTurn();
  }
  const gaps = readMs.slice(1).map((ms, index) => ms - (readMs[index] ?? 0));
  for (const gap of gaps) assert.ok(gap >= WATCH_GAP_MIN_MS - CLOCK_MS, `${gap} ms`);
  await becomes("the newest likes", () => sink.text.includes(`"likes":"${likes}"`));
  assert.ok(sink.counts.length <= readMs.length + 1, "one event for each read, and the first");
  assert.ok(likes >= BigInt(CHANGES * (sink.counts.length - 2)), "most changes are left out");
});

test("a watcher that comes while others are told begins with what they were told", async () => {
  const source = new FakeSource();
  using watchers = watching(source, () => performance.now());
  const [first, second] = [new Sink(), new Sink()];
  watchers.add(SITE, ["blog/a"], "client", first);
  source.give("blog/a", 5n);
  source.pulse();
  await becomes("news", () => first.text.includes(`"likes":"5"`));
  watchers.add(SITE, ["blog/a", "blog/a"], "client", second);
  assert.match(second.written[0] ?? "", /"items":\[\{"item":"a","likes":"5"[^{]*\}\]/);
});

test("a watcher that has not read gets all of its items once it has, and no more in between", async () => {
  let clockMs = 0;
  const source = new FakeSource();
  using watchers = watching(source, () => (clockMs += WATCH_GAP_MIN_MS));
  const [slow, quick] = [new Sink(), new Sink()];
  slow.isFull = true;
  for (const sink of [slow, quick]) watchers.add(SITE, ["blog/a", "blog/b"], "client", sink);
  for (const [itemId, likes] of [
    ["blog/a", 1n],
    ["blog/b", 2n],
    ["blog/a", 3n],
  ] as const) {
    source.give(itemId, likes);
    source.pulse();
    await becomes(`${likes} likes`, () => quick.text.includes(`"likes":"${likes}"`));
  }
  assert.is(slow.counts.length, 1);
  slow.isFull = false;
  slow.emit("drain");
  assert.is(slow.counts.length, 2);
  assert.match(slow.counts[1] ?? "", /"item":"a","likes":"3".*"item":"b","likes":"2"/);
  source.give("blog/b", 4n);
  source.pulse();
  await becomes("news", () => slow.counts.length === 3);
  assert.not.match(slow.counts[2] ?? "", '"item":"a"');
});

test("a watcher that reads nothing for long is ended, and delays no other", async () => {
  let skippedMs = 0;
  await using pages = await servingPages({ nowMs: () => performance.now() + skippedMs });
  const { source, watchers, port } = pages;
  const items = Array.from({ length: WATCHER_ITEMS_MAX }, (_, n) => `${n}`.padEnd(20, "x"));
  const query = items.map((item) => `item=${item}`).join("&");
  const deaf = connect(port, "127.0.0.1").on("error", () => {});
  deaf.write(`GET /v1/blog/events?${query} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await becomes("a watcher", () => watchers.size === 1);
  await using stream = await EventStream.of(port, "blog", items);
  for (let likes = 1; likes <= 120; likes++) {
    for (const item of items) source.give(`blog/${item}`, BigInt(likes));
    skippedMs += WATCH_GAP_MIN_MS;
    source.pulse();
    await stream.until(items.at(-1) ?? "", `${likes}`);
  }
  assert.is(stream.counts.length, 121, "one event of each change");
  await nextTurn(); // all of the last event is on its way
  skippedMs += WATCH_UNREAD_MAX_MS;
  await becomes("its end", () => watchers.size === 1);
  assert.not.ok(stream.hasEnded);
  deaf.destroy();
});

test("watchers are bounded in all and for each client, and leave their places", async () => {
  await using pages = await servingPages();
  const { watchers, source } = pages;
  const path = "/v1/blog/events?item=a";
  const sinks: Sink[] = [];
  const add = (client: string, number: number) => {
    for (let n = 0; n < number; n++) {
      const sink = new Sink();
      sinks.push(sink);
      watchers.add(SITE, ["blog/a"], client, sink);
    }
  };
  add("127.0.0.1", WATCHERS_OF_CLIENT_MAX);
  const ofClient = await pages.refused("too-many", "GET", path);
  assert.is(ofClient.fields["retry-after"], "30");
  watchers.check(["a"], "another");
  sinks[0]?.emit("close");
  {
    await using stream = await EventStream.of(pages.port, "blog", ["a"]);
    await pages.refused("too-many", "GET", path);
    assert.not.ok(stream.hasEnded);
  }
  await becomes("a place", () => watchers.size === WATCHERS_OF_CLIENT_MAX - 1);
  add("another", WATCHERS_OF_CLIENT_MAX);
  add("a third", WEB_WATCHERS_MAX - watchers.size);
  await pages.refused("too-many", "GET", path);
  for (const sink of sinks) sink.emit("close");
  assert.is(watchers.size, 0);
  const asked = source.counted.length;
  source.pulse();
  await nextTurn();
  assert.is(source.counted.length, asked, "nobody watches");
});

test("a watcher names a bounded number of items", async () => {
  await using pages = await servingPages();
  const items = Array.from({ length: WATCHER_ITEMS_MAX + 1 }, (_, n) => `${n}`);
  await using stream = await EventStream.of(pages.port, "blog", items.slice(1));
  await eventually("the first event", () => stream.counts[0]);
  assert.is(stream.counts[0]?.length, WATCHER_ITEMS_MAX);
  const query = items.map((item) => `item=${item}`).join("&");
  await pages.refused("query-invalid", "GET", `/v1/blog/events?${query}`);
});

test.run();

/** Where events go: they are kept. */
class Sink extends EventEmitter implements EventSink {
  readonly written: string[] = [];
  isFull = false;

  get text(): string {
    return this.written.join("");
  }

  /** The events of counts. */
  get counts(): readonly string[] {
    return this.written.filter((text) => text.includes("event: counts"));
  }

  write(text: string): boolean {
    this.written.push(text);
    return !this.isFull;
  }
  end(): void {}
  destroy(): void {}
}

/** Watchers without a server. */
function watching(source: FakeSource, nowMs: () => number): Watchers & Disposable {
  const watchers = new Watchers(source, nowMs);
  return Object.assign(watchers, { [Symbol.dispose]: () => watchers.close() });
}
