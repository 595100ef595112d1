/** Paths and fields of bodies that libraries read in their own way. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WEB_FIELDS_MAX } from "../../src/limits.ts";
import { KEY, servingPages, signed } from "../web/pages_fixture.ts";
import { askRaw, rawRequest } from "./raw_connection.ts";

const FORM = "application/x-www-form-urlencoded";

test("a path with dots is refused, and an item that needs one", async () => {
  await using pages = await servingPages();
  const body = JSON.stringify({ token: pages.anonymous() });
  for (const dots of [".", "..", "%2e", "%2E.", ".%2e", "%2e%2E"]) {
    const { status } = await askRaw(
      pages.port,
      rawRequest(`DELETE /v1/blog/likes/${dots}/me`, body),
    );
    assert.ok([400, 404].includes(status), `${dots}: ${status}`);
  }
  assert.equal(pages.source.forgotten, []);
  for (const item of [".", ".."]) {
    await pages.refused("item-invalid", "GET", `/v1/blog/likes?item=${item}`);
  }
});

test("a body that a page does not read is refused before anything is done", async () => {
  await using pages = await servingPages();
  const fields = [`Authorization: Bearer ${KEY}`];
  const line = "DELETE /v1/blog/persons/ada";
  const chunked = rawRequest(line, "", [...fields, "Transfer-Encoding: chunked"]);
  for (const request of [rawRequest(line, "{}", fields), chunked, `${chunked}zz\r\n\r\n`]) {
    const { status, body } = await askRaw(pages.port, request);
    assert.is(status, 400);
    assert.match(body, '"stored":false');
  }
  assert.equal(pages.source.forgotten, []);
  const { status } = await askRaw(
    pages.port,
    rawRequest(line, "", [...fields, "Content-Length: 0"]),
  );
  assert.is(status, 202);
});

test("fields are refused when there are so many that Node drops the last", async () => {
  await using pages = await servingPages();
  const many = (count: number): string[] => Array.from({ length: count }, () => "X: y");
  const few = await askRaw(pages.port, rawRequest("GET /livez", "", many(WEB_FIELDS_MAX - 1)));
  assert.is(few.status, 200);
  const fields = [`Authorization: Bearer ${KEY}`, ...many(100), "Transfer-Encoding: chunked"];
  const request = rawRequest("DELETE /v1/blog/persons/ada", "", fields);
  const { status, body } = await askRaw(pages.port, `${request}0\r\n\r\n`);
  assert.is(status, 431);
  assert.match(body, "fields-too-large");
  await askRaw(pages.port, `${request}zz\r\n\r\n`);
  assert.equal(pages.source.forgotten, []);
});

test("a host that no URL can have is as good as any other", async () => {
  await using pages = await servingPages();
  pages.source.give("blog/a", 7n);
  for (const host of ["shop.1", "256.1.1.1", "0x", "EXAMPLE.org:80", "a_b"]) {
    const request = `GET /v1/blog/likes?item=a HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const { status, body } = await askRaw(pages.port, request);
    assert.is(status, 200, host);
    assert.match(body, '"likes":"7"');
  }
});

test("a token that cannot be read is refused, and no new person is made", async () => {
  await using pages = await servingPages();
  for (const token of ["\u00ad", "a b", '"x"']) {
    const fields = { Authorization: `Bearer ${token}`, "Content-Type": FORM };
    const body = "value=1&return=https://example.org/";
    await pages.refused("token-invalid", "POST", "/v1/blog/likes/a/form", { fields, body });
  }
  assert.equal(pages.source.sets, []);
});

test("a token has one text alone", async () => {
  await using pages = await servingPages();
  const jwt = await signed();
  for (const token of [` ${jwt}`, `${jwt}\n`, `${jwt}=`, jwt.replace(/.(?=.$)/, "$& ")]) {
    await pages.refused("token-invalid", "DELETE", "/v1/blog/me", { body: { token } });
  }
  assert.equal(pages.source.forgotten, []);
});

test("a solved challenge of any shape is none", async () => {
  await using pages = await servingPages({ freePersons: 0 });
  const parameters = { nonce: "n", data: { site: "blog" } };
  const shapes: unknown[] = [undefined, null, 1, "x", [], {}, { length: 64 }, "a".repeat(64)];
  for (const shape of shapes) {
    for (const payload of [
      shape,
      { challenge: shape, solution: shape },
      { challenge: { parameters, signature: shape }, solution: {} },
      { challenge: { parameters: shape, signature: "a".repeat(64) }, solution: {} },
      { challenge: { parameters, signature: "a".repeat(64) }, solution: shape },
      {
        challenge: { parameters: { ...parameters, expiresAt: shape }, signature: "a" },
        solution: {},
      },
    ]) {
      const altcha = Buffer.from(JSON.stringify(payload) ?? "").toString("base64");
      await pages.refused("challenge-required", "POST", "/v1/blog/anonymous", { body: { altcha } });
    }
  }
});

test.run();
