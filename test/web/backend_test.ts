/** What a site's backend asks with its key: named adds, and the end of a person. And DELETE me. */
import { randomUUID } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIKES_PER_EVENT_MAX } from "../../src/limits.ts";
import { GENERATION, INCARNATION } from "./fake_source.ts";
import type { Ask } from "./pages_client.ts";
import { EVIL, KEY, servingPages, signed } from "./pages_fixture.ts";

const ADD = "/v1/blog/likes/a/add";
const CLIENT = "0123456789abcdef0123456789abcdef";
const UUID = "01234567-89ab-cdef-0123-456789abcdef";

test("add stores likes under the operation of its Idempotency-Key", async () => {
  await using pages = await servingPages();
  for (const [key, number] of [
    [`"${CLIENT}/1"`, 1],
    [`${CLIENT}/7`, 7],
    [`"${CLIENT}"`, 1],
    [UUID, 1],
    [`"${UUID}"`, 1],
    [UUID.toUpperCase(), 1],
    [`"${UUID}/${Number.MAX_SAFE_INTEGER}"`, Number.MAX_SAFE_INTEGER],
  ] as const) {
    assert.is((await pages.ask("POST", ADD, adding("5", key))).status, 200, key);
    const change = pages.source.adds.at(-1)?.change;
    assert.equal(change, { kind: "add", likes: 5n, operation: { client: CLIENT, number } }, key);
  }
  const { json, fields } = await pages.ask("POST", ADD, adding("0", UUID));
  assert.equal(json, {
    item: "a",
    likes: "35",
    version: "1",
    generation: GENERATION,
    as_of: "1000",
    outcome: "accepted",
    event: { server: "a", incarnation: INCARNATION, sequence: "8" },
  });
  assert.is(fields["cache-control"], "private, no-store");
});

test("add refuses a key of another shape", async () => {
  await using pages = await servingPages();
  for (const key of [
    "",
    "x",
    `${CLIENT}0`,
    CLIENT.slice(1),
    `${CLIENT.slice(1)}g`,
    `${CLIENT}/0`,
    `${CLIENT}/01`,
    `${CLIENT}/-1`,
    `${CLIENT}/`,
    `${CLIENT}/1/1`,
    "-".repeat(36),
    `${CLIENT}----`,
    `"${CLIENT}`,
    `${CLIENT}"`,
    `${CLIENT}/${"9".repeat(17)}`,
    `${CLIENT}/${Number.MAX_SAFE_INTEGER + 1}`,
    `${CLIENT}, ${CLIENT}`,
  ]) {
    await pages.refused("idempotency-key-missing", "POST", ADD, adding("5", key));
  }
  const { body, token } = adding("5", UUID);
  await pages.refused("idempotency-key-missing", "POST", ADD, { body, token: `${token}` });
  assert.equal(pages.source.adds, []);
});

test("add takes whole numbers up to those of an event", async () => {
  await using pages = await servingPages();
  const most = await pages.ask("POST", ADD, adding(`${LIKES_PER_EVENT_MAX}`, randomUUID()));
  assert.is(most.status, 200);
  for (const likes of [`${LIKES_PER_EVENT_MAX + 1}`, "9".repeat(19)]) {
    await pages.refused("like-invalid", "POST", ADD, adding(likes, randomUUID()));
  }
  for (const likes of ["-1", "01", "1.5", "1e3", "", 5, null, "9".repeat(20)]) {
    await pages.refused("body-invalid", "POST", ADD, adding(likes, randomUUID()));
  }
});

test("a key of the site alone adds and forgets", async () => {
  await using pages = await servingPages();
  pages.keys.set("shop", ["likes_key_of_the_shop"]);
  const good = adding("5", UUID);
  for (const token of [
    undefined,
    "x",
    `${KEY}x`,
    KEY.slice(1),
    "likes_key_of_the_shop",
    await signed(),
  ]) {
    const { token: _, ...ask } = good;
    const asked = token === undefined ? ask : { ...ask, token };
    const { status, text } = await pages.refused("key-invalid", "POST", ADD, asked);
    assert.is(status, 401);
    assert.ok(token === undefined || token.length < 5 || !text.includes(token));
    const person = token === undefined ? {} : { token };
    await pages.refused("key-invalid", "DELETE", "/v1/blog/persons/ada", person);
  }
  const cookie = { ...good.fields, Cookie: `__Host-likes-YmxvZw=${KEY}` };
  await pages.refused("key-invalid", "POST", ADD, { body: good.body, fields: cookie });
  pages.keys.set("blog", ["likes_another", KEY]);
  assert.is((await pages.ask("POST", ADD, good)).status, 200, "each key counts");
  pages.keys.delete("blog");
  await pages.refused("key-invalid", "POST", ADD, good);
});

test("DELETE persons forgets whom the backend names", async () => {
  await using pages = await servingPages();
  for (const [path, subject, withdraw] of [
    ["ada", "ada", false],
    ["ada?likes=keep", "ada", false],
    ["ada?likes=withdraw", "ada", true],
    ["a%2Fb%25%20c", "a/b% c", false],
    ["anonymous:AAAAAAAAAAAAAAAAAAAAAA", "anonymous:AAAAAAAAAAAAAAAAAAAAAA", false],
  ] as const) {
    const { status, json, fields } = await pages.ask("DELETE", `/v1/blog/persons/${path}`, {
      token: KEY,
    });
    assert.is(status, 202);
    assert.equal(pages.source.forgotten.at(-1), { site: "blog", subject, withdraw });
    const { outcome } = json as { readonly outcome: string };
    assert.equal([outcome, fields["cache-control"]], ["accepted", "private, no-store"]);
  }
  for (const likes of ["", "both", "KEEP"]) {
    const path = `/v1/blog/persons/ada?likes=${likes}`;
    await pages.refused("query-invalid", "DELETE", path, { token: KEY });
  }
  const long = `/v1/blog/persons/${"x".repeat(1_000)}`;
  await pages.refused("like-invalid", "DELETE", long, { token: KEY });
});

test("DELETE me forgets the person who asks, and nobody else", async () => {
  await using pages = await servingPages({ writes: 2 });
  const token = await signed();
  await pages.ask("DELETE", "/v1/blog/me", { token });
  await pages.ask("DELETE", "/v1/blog/me?likes=withdraw", { body: { token } });
  assert.equal(pages.source.forgotten, [
    { site: "blog", subject: "ada", withdraw: false },
    { site: "blog", subject: "ada", withdraw: true },
  ]);
  await pages.refused("quota-exceeded", "DELETE", "/v1/blog/me", { token });
  await pages.refused("person-missing", "DELETE", "/v1/blog/me");
  await pages.refused("token-invalid", "DELETE", "/v1/blog/me", { token: KEY });
  await pages.refused("query-invalid", "DELETE", "/v1/blog/me?likes=no", {
    token: pages.anonymous(),
  });
  const fields = { Origin: EVIL };
  await pages.refused("origin-refused", "DELETE", "/v1/blog/me", { token, fields });
  assert.is(pages.source.forgotten.length, 2);
});

test.run();

function adding(likes: unknown, key: string): Ask {
  return { body: { likes }, token: KEY, fields: { "Idempotency-Key": key } };
}
