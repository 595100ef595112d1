/** Bodies: bounded, in UTF-8, of one type, and with one meaning. */
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { once } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BODIES_BYTES_MAX, BODY_BYTES_MAX, JSON_DEPTH_MAX } from "../../src/limits.ts";
import { Bodies } from "../../src/web/body.ts";
import { Problem } from "../../src/web/problem.ts";
import { becomes } from "../fixtures/eventually.ts";
import { servingPages } from "./pages_fixture.ts";
import type { ServedPages } from "./pages_fixture.ts";

const READ = "/v1/blog/likes:read";
const JSON_TYPE = { "Content-Type": "application/json" };
const GOOD = '{"items":["a"]}';

test("a body is JSON in UTF-8, with or without a preflight", async () => {
  await using pages = await servingPages();
  for (const type of [
    "application/json",
    "text/plain",
    "TEXT/PLAIN;charset=UTF-8",
    'application/json; charset="utf-8"',
    "application/json;charset=utf8",
    "application/json; x=y",
  ]) {
    const asked = { body: GOOD, fields: { "Content-Type": type } };
    assert.is((await pages.ask("POST", READ, asked)).status, 200, type);
  }
  for (const type of [
    "",
    "text/html",
    "application/json; charset=latin1",
    "application/jsonp",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
  ]) {
    const asked = { body: GOOD, fields: { "Content-Type": type } };
    await pages.refused("body-type", "POST", READ, asked);
  }
  await pages.refused("body-type", "POST", READ, { body: GOOD });
  const packed = { body: GOOD, fields: { ...JSON_TYPE, "Content-Encoding": "gzip" } };
  await pages.refused("body-type", "POST", READ, packed);
});

test("a body with two meanings is refused", async () => {
  await using pages = await servingPages();
  const deep = "[".repeat(JSON_DEPTH_MAX + 1) + "]".repeat(JSON_DEPTH_MAX + 1);
  for (const body of [
    "{",
    "null",
    "7",
    '"x"',
    "[]",
    "{}",
    `${GOOD}x`,
    '{"items":["a"],"items":["b"]}',
    '{"items":["a"],"\\u0069tems":["b"]}',
    '{"items":["a"],"more":1}',
    '{"items":["a"],"__proto__":{"token":"x"}}',
    '{"items":["a","__proto__"],"token":{"token":1,"token":2}}',
    '{"items":"a"}',
    '{"items":[["a"]]}',
    '{"items":[7]}',
    `{"items":["a"],"token":${deep}}`,
    "[".repeat(60_000),
    `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`,
  ]) {
    await pages.refused("body-invalid", "POST", READ, { body, fields: JSON_TYPE });
  }
  const strings = JSON.stringify({ items: ['{"a":1,"a":2}', "]]]]]]]]]]", '\\" :'] });
  assert.is((await pages.ask("POST", READ, { body: strings, fields: JSON_TYPE })).status, 200);
});

test("a body that is not UTF-8 is refused, rather than read as another", async () => {
  await using pages = await servingPages();
  for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80]]) {
    const body = Buffer.concat([
      Buffer.from('{"items":["'),
      Buffer.from(bytes),
      Buffer.from('"]}'),
    ]);
    const answer = await sentRaw(pages, [
      `POST ${READ} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
      body,
    ]);
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.match(answer, "it is not UTF-8");
  }
});

test("a body has a bounded number of bytes, told before or not", async () => {
  await using pages = await servingPages();
  const most = JSON.stringify({ items: ["a"] }).padEnd(BODY_BYTES_MAX, " ");
  assert.is((await pages.ask("POST", READ, { body: most, fields: JSON_TYPE })).status, 200);
  const more = { body: `${most} `, fields: JSON_TYPE };
  assert.is((await pages.refused("body-too-large", "POST", READ, more)).status, 413);
  const chunk = `${(16_384).toString(16)}\r\n${" ".repeat(16_384)}\r\n`;
  const answer = await sentRaw(pages, [
    `POST ${READ} HTTP/1.1\r\nHost: x\r\n` +
      "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    chunk.repeat(5),
  ]);
  assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.match(answer, "urn:likes:problem:body-too-large");
  assert.match(answer, /connection: close/i);
});

test("a body that ends early leaves nothing behind", async () => {
  await using pages = await servingPages();
  const late = await sentRaw(
    pages,
    [
      "PUT /v1/blog/likes/a/me HTTP/1.1\r\nHost: x\r\n" +
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    ],
    true,
  );
  assert.match(late, /^(?:HTTP\/1\.1 400 |$)/);
  assert.equal(pages.source.sets, []);
  assert.is((await pages.ask("POST", READ, { body: GOOD, fields: JSON_TYPE })).status, 200);
});

test("all bodies that are being read share a bound, and give it back", async () => {
  const bodies = new Bodies();
  const one = Buffer.alloc(BODY_BYTES_MAX, " ");
  const waiting = Array.from({ length: BODIES_BYTES_MAX / BODY_BYTES_MAX }, () => {
    const incoming = new IncomingMessage(new Socket());
    incoming.push(one);
    return { incoming, text: bodies.read(incoming) };
  });
  const next = async () => {
    const incoming = new IncomingMessage(new Socket());
    incoming.push(one);
    incoming.push(null);
    return bodies.read(incoming).catch((error: unknown) => error);
  };
  await becomes("the bound", async () => (await next()) instanceof Problem);
  const refused = await next();
  assert.ok(refused instanceof Problem && refused.problem === "too-many");
  assert.equal(refused.fields, { "Retry-After": "1", Connection: "close" });
  for (const { incoming } of waiting) incoming.push(null);
  for (const { text } of waiting) assert.is((await text).length, BODY_BYTES_MAX);
  assert.type(await next(), "string");
});

test.run();

/** Sends bytes as they are. Returns the answer up to the end of the connection. */
async function sentRaw(
  { port }: ServedPages,
  parts: readonly (string | Buffer)[],
  isCut = false,
): Promise<string> {
  const socket = new Socket();
  socket.connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
  socket.on("error", () => {});
  for (const part of parts) socket.write(part);
  if (isCut) socket.end();
  await once(socket, "close");
  return answer;
}
