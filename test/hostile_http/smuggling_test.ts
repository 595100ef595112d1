/**
 * Requests whose end a proxy and a server may see at different places. None makes a second request
 * out of a body: whatever has two meanings ends the connection.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { servingPages } from "../web/pages_fixture.ts";
import type { ServedPages } from "../web/pages_fixture.ts";
import { answersIn } from "./raw_answer.ts";
import { RawConnection, rawRequest } from "./raw_connection.ts";

const LINE =
  "PUT /v1/blog/likes/a/me HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
const CHUNKED = "Transfer-Encoding: chunked";
/** The last chunk, after which a server that reads chunks sees the next request. */
const END = "0\r\n\r\n";

/** Fields that a proxy may read otherwise, with the body until the smuggled request. */
const SHAPES: Readonly<Record<string, (smuggled: string) => string>> = {
  "a length and chunks": (it) => framed([lengthOf(END + it), CHUNKED], END + it),
  "chunks and a length": (it) => framed([CHUNKED, lengthOf(END + it)], END + it),
  "chunks and a length of none": (it) => framed([CHUNKED, "Content-Length: 0"], it),
  "two lengths": (it) => framed([lengthOf(it), "Content-Length: 0"], it),
  "two lengths in one": (it) => framed([`Content-Length: 0, ${it.length}`], it),
  "the same length twice": (it) => framed([lengthOf(it), lengthOf(it)], it),
  "a length with a sign": (it) => framed([`Content-Length: +${it.length}`], it),
  "a length with a blank inside": (it) => framed(["Content-Length: 0 0"], it),
  "a length in hexadecimal": (it) => framed(["Content-Length: 0x0"], it),
  "a length below zero": (it) => framed(["Content-Length: -1"], it),
  "a length beyond all numbers": (it) => framed(["Content-Length: 18446744073709551616"], it),
  "a length on a folded line": (it) => framed([`Content-Length:\r\n ${it.length}`], it),
  "chunks on a folded line": (it) => framed(["Transfer-Encoding:\r\n chunked"], END + it),
  "chunks twice": (it) => framed([CHUNKED, CHUNKED], END + it),
  "chunks and identity": (it) => framed([CHUNKED, "Transfer-Encoding: identity"], END + it),
  "chunks, then identity": (it) => framed(["Transfer-Encoding: chunked, identity"], END + it),
  "another coding": (it) => framed(["Transfer-Encoding: xchunked"], END + it),
  "a coding after a control": (it) => framed(["Transfer-Encoding: \x0bchunked"], END + it),
  "a coding in quotes": (it) => framed(['Transfer-Encoding: "chunked"'], END + it),
  "a blank before the colon": (it) => framed(["Transfer-Encoding : chunked"], END + it),
  "a blank before the name": (it) => framed([" Transfer-Encoding: chunked"], END + it),
  "a bare line feed": (it) => framed([`X: y\n${CHUNKED}`], END + it),
  "a bare carriage return": (it) => framed([`X: y\r${CHUNKED}`], END + it),
  "lines without carriage returns": (it) => `${LINE.replaceAll("\r", "")}${CHUNKED}\n\n${END}${it}`,
  "a size without carriage return": (it) => framed([CHUNKED], `0\n\n${it}`),
  "a size in hexadecimal": (it) => framed([CHUNKED], `0x0\r\n\r\n${it}`),
  "a size below zero": (it) => framed([CHUNKED], `-0\r\n\r\n${it}`),
  "a size beyond all numbers": (it) => framed([CHUNKED], `10000000000000000\r\n\r\n${it}`),
  "a chunk that is longer": (it) => framed([CHUNKED], `1\r\nab\r\n${END}${it}`),
  "an extension with a line feed": (it) => framed([CHUNKED], `0;a\nb\r\n\r\n${it}`),
};

for (const [shape, make] of Object.entries(SHAPES)) {
  test(`nothing is done by a request in a body with ${shape}`, async () => {
    await using pages = await servingPages();
    using connection = new RawConnection(pages);
    connection.send(Buffer.from(make(smuggledIn(pages)), "latin1"));
    await connection.closed;
    assert.equal([...pages.source.sets, ...pages.source.forgotten], []);
    const { answers, rest } = answersIn(connection.received, [], true);
    assert.is(rest, "");
    assert.ok(answers.length <= 1, connection.received);
    assert.ok(
      answers.every(({ status }) => status === 400),
      connection.received,
    );
  });
}

test("a request in a body that has one length is that body", async () => {
  await using pages = await servingPages();
  const smuggled = smuggledIn(pages);
  for (const [fields, body] of [
    [[lengthOf(smuggled)], smuggled],
    [[CHUNKED], `${smuggled.length.toString(16)}\r\n${smuggled}\r\n${END}`],
    [[CHUNKED], `${smuggled.length.toString(16)};a="b"\r\n${smuggled}\r\n${END}`],
    [
      ["Transfer-Encoding: gzip, chunked"],
      `${smuggled.length.toString(16)}\r\n${smuggled}\r\n${END}`,
    ],
  ] as const) {
    using connection = new RawConnection(pages);
    connection.send(framed(fields, body) + rawRequest("GET /livez", "", ["Connection: close"]));
    const answers = await connection.answers(["PUT", "GET"]);
    assert.equal(
      answers.map(({ status }) => status),
      [400, 200],
    );
  }
  assert.equal(pages.source.sets, []);
});

function framed(fields: readonly string[], body: string): string {
  return `${LINE}${fields.join("\r\n")}\r\n\r\n${body}`;
}

/** Returns a request that gives a like, if somebody reads it as one. */
function smuggledIn(pages: ServedPages): string {
  const body = JSON.stringify({ value: 1, token: pages.anonymous() });
  return rawRequest("PUT /v1/blog/likes/smuggled/me", body, ["Connection: close"]);
}

function lengthOf(text: string): string {
  return `Content-Length: ${text.length}`;
}

test.run();
