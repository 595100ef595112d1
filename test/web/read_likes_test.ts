/** Reads: the likes of items, of a person and of a site, and what caches may do with them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WEB_GET_ITEMS_MAX, WEB_READ_ITEMS_MAX } from "../../src/limits.ts";
import { GENERATION } from "./fake_source.ts";
import { servingPages, signed } from "./pages_fixture.ts";

const KNOWN = { version: "1", generation: GENERATION, as_of: "1000" };

test("GET likes answers in the order asked, and knows no likes of another site", async () => {
  await using pages = await servingPages();
  pages.source.give("blog/a", 506n);
  pages.source.give("shop/b", 7n);
  const { items } = await pages.ask("GET", "/v1/blog/likes?item=b&item=a&item=a");
  const likes = (item: string, count: string) => ({ item, likes: count, ...KNOWN });
  assert.equal(items, [likes("b", "0"), likes("a", "506"), likes("a", "506")]);
});

test("GET likes tells likes beyond 2^53 exactly, and unknown ones as null", async () => {
  await using pages = await servingPages();
  pages.source.give("blog/a", 2n ** 60n + 1n);
  const [many] = (await pages.ask("GET", "/v1/blog/likes?item=a")).items;
  assert.is(many?.likes, `${2n ** 60n + 1n}`);
  pages.source.isKnown = false;
  const { items, fields } = await pages.ask("GET", "/v1/blog/likes?item=a");
  assert.equal(items, [{ item: "a", likes: null, version: null, generation: null, as_of: null }]);
  assert.is(fields["cache-control"], "no-store", "nobody keeps that");
});

test("GET likes takes any item that a path can hold, and refuses others", async () => {
  await using pages = await servingPages();
  for (const item of ["2024/05/a post?", "100%", "%2F", "ä🌍", "a&b=c+d", "x".repeat(251)]) {
    const path = `/v1/blog/likes/${encodeURIComponent(item)}/me`;
    const set = await pages.ask("PUT", path, { body: { value: 1 }, token: pages.anonymous() });
    assert.is(set.set.item, item);
    const query = new URLSearchParams({ item });
    const [read] = (await pages.ask("GET", `/v1/blog/likes?${query.toString()}`)).items;
    assert.equal([read?.item, read?.likes], [item, "1"]);
    assert.is(pages.source.sets.at(-1)?.itemId, `blog/${item}`);
  }
  for (const item of [
    "",
    "%20a",
    "a%20",
    "%00",
    "%EF%BF%BD",
    "%FF",
    "x".repeat(252),
    "__proto__",
  ]) {
    await pages.refused("item-invalid", "GET", `/v1/blog/likes?item=${item}`);
  }
});

test("reads name a bounded number of items", async () => {
  await using pages = await servingPages();
  const query = (count: number) => Array.from({ length: count }, (_, n) => `item=${n}`).join("&");
  const most = await pages.ask("GET", `/v1/blog/likes?${query(WEB_GET_ITEMS_MAX)}`);
  assert.is(most.items.length, WEB_GET_ITEMS_MAX);
  await pages.refused("query-invalid", "GET", `/v1/blog/likes?${query(WEB_GET_ITEMS_MAX + 1)}`);
  const body = (count: number) => ({ items: Array.from({ length: count }, (_, n) => `${n}`) });
  const read = await pages.ask("POST", "/v1/blog/likes:read", { body: body(WEB_READ_ITEMS_MAX) });
  assert.is(read.items.length, WEB_READ_ITEMS_MAX);
  const more = { body: body(WEB_READ_ITEMS_MAX + 1) };
  await pages.refused("body-invalid", "POST", "/v1/blog/likes:read", more);
});

test("likes:read tells what the person gives, and no cache keeps it", async () => {
  await using pages = await servingPages();
  const token = pages.anonymous();
  await pages.ask("PUT", "/v1/blog/likes/a/me", { body: { value: 1 }, token });
  for (const asked of [
    { body: { items: ["a", "b"], token } },
    { body: { items: ["a", "b"] }, token },
  ]) {
    const { items, fields } = await pages.ask("POST", "/v1/blog/likes:read", asked);
    assert.equal(
      items.map(({ me }) => me),
      [
        { revision: 1, value: 1, counted: 1 },
        { revision: 0, value: 0, counted: 0 },
      ],
    );
    assert.is(fields["cache-control"], "private, no-store");
    assert.is(fields["likes-as-of"], "1000");
  }
  const nobody = await pages.ask("POST", "/v1/blog/likes:read", { body: { items: ["a"] } });
  assert.not.ok("me" in (nobody.items[0] ?? {}), "nobody asked for it");
  const text = { "Content-Type": "text/plain;charset=UTF-8" };
  const plain = { body: JSON.stringify({ items: ["a"], token: await signed() }), fields: text };
  const other = await pages.ask("POST", "/v1/blog/likes:read", plain);
  assert.is(other.items[0]?.me?.value, 0, "a page without a preflight is another person here");
});

test("what a person gives is null while the outbox may have a greater set", async () => {
  await using pages = await servingPages();
  pages.source.isCertain = false;
  const read = { body: { items: ["a"] }, token: pages.anonymous() };
  const { items } = await pages.ask("POST", "/v1/blog/likes:read", read);
  assert.is(items[0]?.me, null);
});

test("a read may be kept for a second, and a 304 renews how fresh it is", async () => {
  await using pages = await servingPages();
  pages.source.give("blog/a", 1n);
  const first = await pages.ask("GET", "/v1/blog/likes?item=a");
  const { etag = "" } = first.fields;
  assert.match(etag, /^W\/"[\w-]{16}"$/);
  assert.is(
    first.fields["cache-control"],
    "public, max-age=1, stale-while-revalidate=10, stale-if-error=86400",
  );
  assert.equal(freshness(first.fields), ["1000", "1", "converged"]);

  pages.source.pulse(); // another item has changed
  pages.source.convergence = "catching_up";
  const fields = { "If-None-Match": `"other", ${etag}` };
  const same = await pages.ask("GET", "/v1/blog/likes?item=a", { fields });
  assert.is(same.status, 304);
  assert.equal(freshness(same.fields), ["1010", "2", "catching-up"]);
  assert.equal([same.fields.etag, same.text], [etag, ""]);
  assert.is(same.fields["cache-control"], first.fields["cache-control"]);
  assert.is(same.fields["access-control-allow-origin"], "*");

  pages.source.give("blog/a", 2n);
  const changed = await pages.ask("GET", "/v1/blog/likes?item=a", { fields });
  assert.is(changed.status, 200);
  assert.is.not(changed.fields.etag, etag);
});

test("a tag is of the items, their likes and their reactions", async () => {
  await using pages = await servingPages();
  const etagOf = async (query: string) => {
    return (await pages.ask("GET", `/v1/shop/likes?${query}`)).fields.etag ?? "";
  };
  const tags = [await etagOf("item=a"), await etagOf("item=b"), await etagOf("item=a&item=b")];
  for (const value of [2, 3]) {
    const token = pages.anonymous("shop");
    await pages.ask("PUT", "/v1/shop/likes/a/me", { body: { value }, token });
    tags.push(await etagOf("item=a"));
    pages.source.pulse();
    assert.is(await etagOf("item=a"), tags.at(-1), "the version is left out");
    await pages.ask("PUT", "/v1/shop/likes/a/me", { body: { value: value + 1 }, token });
    tags.push(await etagOf("item=a"));
  }
  assert.is(new Set(tags).size, tags.length, "as many likes of other reactions are another answer");
});

test("Likes-Status is unknown when the primary is silent, or was never seen", async () => {
  await using pages = await servingPages();
  const status = async () => {
    return (await pages.ask("GET", "/v1/blog/likes?item=a")).fields["likes-status"];
  };
  assert.is(await status(), "converged");
  pages.source.pulseAgeMs = 3_001;
  assert.is(await status(), "unknown");
  pages.source.isKnown = false;
  assert.is(await status(), "unknown");
});

test("top has the most liked items of one site, as many as asked", async () => {
  await using pages = await servingPages();
  for (let n = 1; n <= 30; n++) pages.source.give(`blog/${n}`, BigInt(n));
  pages.source.give("shop/1", 99n);
  pages.source.give("blogger/1", 98n);
  const top = async (query: string) => {
    return (await pages.ask("GET", `/v1/blog/top${query}`)).items.map(({ item }) => item);
  };
  assert.equal(await top("?limit=3"), ["30", "29", "28"]);
  assert.is((await top("")).length, 20);
  assert.is((await top("?limit=100")).length, 30);
  for (const limit of ["0", "101", "-1", "1.5", "x", ""]) {
    await pages.refused("query-invalid", "GET", `/v1/blog/top?limit=${limit}`);
  }
  const { etag = "" } = (await pages.ask("GET", "/v1/blog/top")).fields;
  const kept = await pages.ask("GET", "/v1/blog/top", { fields: { "If-None-Match": etag } });
  assert.is(kept.status, 304);
  assert.equal((await pages.ask("GET", "/v1/forum/top")).items, []);
});

test("reactions are told apart, and add up to the likes", async () => {
  await using pages = await servingPages();
  for (const value of [1, 1, 2, 63]) {
    const token = pages.anonymous("shop");
    await pages.ask("PUT", "/v1/shop/likes/a/me", { body: { value }, token });
  }
  const [count] = (await pages.ask("GET", "/v1/shop/likes?item=a")).items;
  assert.is(count?.likes, "4");
  assert.equal(count?.reactions, { 1: "2", 2: "1", 63: "1" });
  const [none] = (await pages.ask("GET", "/v1/shop/likes?item=b")).items;
  assert.equal(none?.reactions, {});
});

test.run();

function freshness(fields: Readonly<Record<string, unknown>>): readonly unknown[] {
  return ["likes-as-of", "likes-version", "likes-status"].map((name) => fields[name]);
}
