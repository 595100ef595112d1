/** Connections whose requests no honest client would send together, or would leave so. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WEB_PIPELINED_MAX, WATCHERS_OF_CLIENT_MAX } from "../../src/limits.ts";
import { becomes } from "../fixtures/eventually.ts";
import { servingPages } from "../web/pages_fixture.ts";
import type { ServedPages } from "../web/pages_fixture.ts";
import { answersIn } from "./raw_answer.ts";
import { RawConnection, askRaw, rawRequest } from "./raw_connection.ts";

const LIVE = rawRequest("GET /livez");
const WATCH = rawRequest("GET /v1/blog/events?item=a");
const FORM = "application/problem+json";

test("a connection gets the answers to a few requests that it sends at once", async () => {
  await using pages = await servingPages();
  using connection = new RawConnection(pages);
  connection.send(LIVE.repeat(WEB_PIPELINED_MAX));
  const answers = await connection.answers(Array.from({ length: WEB_PIPELINED_MAX }, () => "GET"));
  assert.equal(
    answers.map(({ body }) => body),
    Array.from({ length: WEB_PIPELINED_MAX }, () => "ok\n"),
  );
});

test("a connection with more requests at once is ended, whatever the first one waits for", async () => {
  await using pages = await servingPages();
  for (const first of [LIVE, WATCH]) {
    using connection = new RawConnection(pages);
    connection.send(first + LIVE.repeat(WEB_PIPELINED_MAX));
    await connection.closed;
  }
});

test("what is no request gets no answer that a like before it would take for its own", async () => {
  await using pages = await servingPages();
  const token = pages.anonymous();
  using connection = new RawConnection(pages);
  connection.send(`${put(token)}no request\r\n\r\n`);
  await connection.closed;
  assert.is(pages.source.sets.length, 1);
  assert.not.match(connection.received, '"stored":false');
});

test("what is no request ends a stream of events, and is not told in it", async () => {
  await using pages = await servingPages();
  using connection = new RawConnection(pages);
  connection.send(WATCH);
  await becomes("the first event", () => connection.received.includes("event: status"));
  connection.send("no request\r\n\r\n");
  await connection.closed;
  assert.not.match(connection.received, FORM);
});

test("a body whose chunks are broken is told, once", async () => {
  await using pages = await servingPages();
  const chunked = ["Transfer-Encoding: chunked"];
  for (const [site, status] of [
    ["blog", 400],
    ["nowhere", 404],
  ] as const) {
    using connection = new RawConnection(pages);
    connection.send(rawRequest(`PUT /v1/${site}/likes/a/me`, "", chunked));
    if (status === 404) await connection.answer();
    connection.send("zz\r\n");
    await connection.closed;
    const { answers, rest } = answersIn(connection.received, [], true);
    assert.equal(
      answers.map((answer) => answer.status),
      [status],
    );
    assert.is(rest, "");
  }
});

test("watchers that leave before their first event leave nothing behind", async () => {
  await using pages = await servingPages();
  const answer = holdingCounts(pages);
  const connection = new RawConnection(pages).send(WATCH);
  await becomes("its counts asked", () => answer.asked() === 1);
  connection[Symbol.dispose]();
  using second = new RawConnection(pages).send(WATCH);
  await becomes("the next one asked", () => answer.asked() === 2);
  answer.all();
  await becomes("the first event", () => second.received.includes("event: status"));
  assert.is(pages.watchers.size, 1);
});

test("a stream behind a stream of the same connection begins with its turn, and is not left behind", async () => {
  await using pages = await servingPages();
  const connection = new RawConnection(pages).send(WATCH + WATCH);
  await becomes("the first event", () => connection.received.includes("event: status"));
  await askRaw(pages.port, LIVE);
  assert.is(pages.watchers.size, 1);
  connection[Symbol.dispose]();
  await becomes("none left", () => pages.watchers.size === 0);
  using patient = new RawConnection(pages).send(LIVE + WATCH);
  await becomes("its first event", () => patient.received.includes("event: status"));
});

test("watchers that come at once stay within the bound of their network", async () => {
  await using pages = await servingPages();
  const answer = holdingCounts(pages);
  const streams = Array.from({ length: WATCHERS_OF_CLIENT_MAX + 100 }, () => {
    return new RawConnection(pages).send(WATCH);
  });
  await becomes("all asked", () => answer.asked() === streams.length);
  answer.all();
  await becomes("the others ended", () => {
    return streams.filter(({ received }) => received.endsWith("0\r\n\r\n")).length === 100;
  });
  assert.is(pages.watchers.size, WATCHERS_OF_CLIENT_MAX);
  for (const stream of streams) stream[Symbol.dispose]();
});

test("an address that is none is refused with a problem", async () => {
  await using pages = await servingPages();
  for (const address of ["*", "ftp://example.org/livez", "/livez\\a", "http://"]) {
    const { status, fields, body: told } = await askRaw(pages.port, rawRequest(`GET ${address}`));
    assert.equal([status, fields.get("content-type")], [400, FORM], address);
    assert.match(told, '"stored":false');
  }
});

function put(token: string): string {
  return rawRequest("PUT /v1/blog/likes/a/me", JSON.stringify({ value: 1, token }));
}

/** Holds the answers to reads of likes until all are let go. */
function holdingCounts({ source }: ServedPages) {
  const count = source.count.bind(source);
  const held: (() => void)[] = [];
  let asked = 0;
  source.count = (items, done) => {
    asked++;
    held.push(() => count(items, done));
  };
  return {
    asked: () => asked,
    all: () => {
      for (const answer of held.splice(0)) answer();
    },
  };
}

test.run();
