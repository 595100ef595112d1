/** Which pages may read and write. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EVIL, ORIGIN, ORIGIN_TOO, servingPages } from "./pages_fixture.ts";

const ME = "/v1/blog/likes/a/me";
const LIKE = { value: 1 };
const EXPOSED = [
  "ETag",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "Likes-As-Of",
  "Likes-Version",
  "Likes-Status",
];

test("pages of every origin may read, and see errors", async () => {
  await using pages = await servingPages();
  for (const [method, path, body] of [
    ["GET", "/v1/blog/likes?item=a", undefined],
    ["GET", "/v1/blog/likes", undefined],
    ["GET", "/v1/nowhere/likes?item=a", undefined],
    ["GET", "/v1/blog/top", undefined],
    ["GET", "/v1/blog/events", undefined],
    ["GET", "/v1/blog/likes/a/badge.svg", undefined],
    ["POST", "/v1/blog/likes:read", { items: ["a"] }],
    ["POST", "/v1/blog/likes:read", { items: [] }],
  ] as const) {
    const { fields } = await pages.ask(method, path, { body, fields: { Origin: EVIL } });
    assert.is(fields["access-control-allow-origin"], "*", path);
    assert.is(fields["access-control-expose-headers"], EXPOSED.join(", "));
    assert.is(fields["access-control-allow-credentials"], undefined);
  }
});

test("pages of the site alone may write, and see errors", async () => {
  await using pages = await servingPages({ writes: 2 });
  const token = pages.anonymous();
  for (const origin of [ORIGIN, ORIGIN_TOO]) {
    const asked = { body: LIKE, token, fields: { Origin: origin } };
    for (const problem of [undefined, "body-invalid"]) {
      const body = problem === undefined ? LIKE : {};
      const { fields, ...answer } = await pages.ask("PUT", ME, { ...asked, body });
      assert.is(answer.status, problem === undefined ? 200 : 400);
      assert.is(fields["access-control-allow-origin"], origin);
      assert.is(fields.vary, "Origin");
      assert.is(fields["access-control-expose-headers"], EXPOSED.join(", "));
    }
  }
  const limited = { body: LIKE, token, fields: { Origin: ORIGIN } };
  const { fields } = await pages.refused("quota-exceeded", "PUT", ME, limited);
  assert.is(fields["access-control-allow-origin"], ORIGIN);
  for (const origin of [
    EVIL,
    "null",
    "http://example.org",
    `${ORIGIN}:8443`,
    `${ORIGIN}.evil.example`,
  ]) {
    const asked = { body: LIKE, token, fields: { Origin: origin } };
    const refused = await pages.refused("origin-refused", "PUT", ME, asked);
    assert.is(refused.fields["access-control-allow-origin"], undefined, origin);
    assert.is(refused.fields.vary, "Origin");
  }
});

test("a write without an origin is a program's, unless a browser sends it across sites", async () => {
  await using pages = await servingPages();
  const token = pages.anonymous();
  for (const site of ["none", "same-origin", "same-site"]) {
    const fields = { "Sec-Fetch-Site": site };
    assert.is((await pages.ask("PUT", ME, { body: LIKE, token, fields })).status, 200);
  }
  const fields = { "Sec-Fetch-Site": "cross-site" };
  await pages.refused("origin-refused", "PUT", ME, { body: LIKE, token, fields });
});

test("a preflight allows pages of the site to write, and all pages to read", async () => {
  await using pages = await servingPages();
  const preflight = (path: string, origin: string) => preflightOf(pages.port, path, origin);
  for (const path of [ME, "/v1/blog/likes:write", "/v1/blog/me", "/v1/blog/anonymous"]) {
    const allowed = await preflight(path, ORIGIN);
    assert.is(allowed.status, 204);
    assert.is(allowed.headers.get("access-control-allow-origin"), ORIGIN);
    assert.is(allowed.headers.get("access-control-allow-methods"), "GET, PUT, POST, DELETE");
    assert.is(allowed.headers.get("access-control-allow-headers"), "Authorization, Content-Type");
    assert.is(allowed.headers.get("access-control-max-age"), "7200");
    const refused = await preflight(path, EVIL);
    assert.is(refused.status, 204);
    assert.is(refused.headers.get("access-control-allow-origin"), null);
    assert.is(refused.headers.get("access-control-allow-methods"), null);
    for (const { headers } of [allowed, refused]) assert.is(headers.get("vary"), "Origin");
  }
  const read = await preflight("/v1/blog/likes:read", EVIL);
  assert.is(read.headers.get("access-control-allow-origin"), "*");
  for (const path of ["/v1/nowhere/likes:write", "/v1/%ff/me", "/v1/%E0%A4%A/me", "/", "/x"]) {
    const unknown = await preflight(path, ORIGIN);
    assert.equal([unknown.status, unknown.headers.get("access-control-allow-origin")], [204, null]);
  }
});

test.run();

async function preflightOf(port: number, path: string, origin: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, {
    method: "OPTIONS",
    headers: { Origin: origin, "Access-Control-Request-Method": "PUT" },
  });
}
