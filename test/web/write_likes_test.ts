/** Writes: what a person gives, under each policy, and the limits of it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WEB_WRITES_MAX } from "../../src/limits.ts";
import type { Static } from "typebox";
import type { PROBLEM, SET_ANSWER } from "../../src/web/schemas.ts";
import { GENERATION, INCARNATION } from "./fake_source.ts";
import type { Answer } from "./pages_client.ts";
import { EVIL, ORIGIN, servingPages, signed } from "./pages_fixture.ts";

const ME = "/v1/blog/likes/a/me";
const PLAIN = { "Content-Type": "text/plain;charset=UTF-8" };

test("PUT me sets a like, and the same again changes nothing", async () => {
  await using pages = await servingPages();
  const token = await signed();
  const first = await pages.ask("PUT", ME, { body: { value: 1 }, token });
  assert.equal(first.json, {
    item: "a",
    likes: "1",
    version: "1",
    generation: GENERATION,
    as_of: "1000",
    me: { revision: 1, value: 1, counted: null },
    outcome: "stored",
    event: { server: "a", incarnation: INCARNATION, sequence: "1" },
  });
  assert.is(first.fields["cache-control"], "private, no-store");
  assert.is(first.fields["likes-status"], "converged");
  for (const body of [{ value: 1 }, { value: 1, revision: 1 }]) {
    const { outcome, event, me, likes } = (await pages.ask("PUT", ME, { body, token })).set;
    assert.equal([outcome, event, me.revision, likes], ["same", null, 1, "1"]);
  }
  const given = { itemId: "blog/a", subject: "ada", wanted: { likes: 1, reaction: 1 } };
  assert.equal(pages.source.sets[0], { ...given, revision: undefined });
  assert.equal(pages.source.sets[2], { ...given, revision: 1 });
});

test("DELETE me takes a like back once, and an old like is superseded", async () => {
  await using pages = await servingPages();
  const token = pages.anonymous();
  await pages.ask("PUT", ME, { body: { value: 1 }, token });
  for (const [asked, outcome] of [
    [{ token }, "stored"],
    [{ token }, "same"],
    [{ body: { token, revision: 2 } }, "same"],
    [{ body: JSON.stringify({ token }), fields: PLAIN }, "same"],
  ] as const) {
    const { set } = await pages.ask("DELETE", ME, asked);
    assert.equal(
      [set.outcome, set.me, set.likes],
      [outcome, { revision: 2, value: 0, counted: null }, "0"],
    );
  }
  const late = await pages.ask("PUT", ME, { body: { value: 1, revision: 1 }, token });
  assert.is(late.status, 200, "no error: the person acted elsewhere");
  assert.equal([late.set.outcome, late.set.me.value, late.set.likes], ["superseded", 0, "0"]);
});

test("under the policy like, odd revisions give a like and even ones none", async () => {
  await using pages = await servingPages();
  const token = pages.anonymous();
  for (const revision of [1, 2, 3, 4, 2 ** 31 - 1]) {
    const value = revision % 2;
    await pages.ask("PUT", ME, { body: { value, revision }, token });
    const wrong = { body: { value: 1 - value, revision }, token };
    await pages.refused("revision-invalid", "PUT", ME, wrong);
  }
  for (const revision of [0, -1, 1.5, 2 ** 31, "1", null]) {
    await pages.refused("body-invalid", "PUT", ME, { body: { value: 1, revision }, token });
  }
  for (const value of [-1, 0.5, 64, "1", true, null]) {
    await pages.refused("body-invalid", "PUT", ME, { body: { value }, token });
  }
  await pages.refused("like-invalid", "PUT", ME, { body: { value: 2, revision: 2 }, token });
});

test("a site with reactions takes one of 63 from a person, in any revision", async () => {
  await using pages = await servingPages();
  const token = pages.anonymous("shop");
  const path = "/v1/shop/likes/a/me";
  for (const [value, revision] of [
    [63, 1],
    [2, 2],
    [1, 3],
    [0, 4],
    [5, 5],
  ]) {
    const { set } = await pages.ask("PUT", path, { body: { value, revision }, token });
    assert.equal([set.outcome, set.me.value], ["stored", value]);
    assert.is(set.likes, value === 0 ? "0" : "1");
    const { items } = await pages.ask("POST", "/v1/shop/likes:read", {
      body: { items: ["a"], token },
    });
    assert.equal(items[0]?.me, { revision, value, counted: value === 0 ? 0 : 1 });
  }
  assert.equal(pages.source.sets.at(-1)?.wanted, { reaction: 5, likes: 1 });
});

test("a site with claps takes up to 50 from a person: their number, not one more", async () => {
  await using pages = await servingPages();
  const token = pages.anonymous("stage");
  const path = "/v1/stage/likes/a/me";
  for (const value of [3, 3, 50, 0]) {
    const { set } = await pages.ask("PUT", path, { body: { value }, token });
    assert.equal([set.me.value, set.likes], [value, `${value}`]);
  }
  await pages.refused("like-invalid", "PUT", path, { body: { value: 51 }, token });
  assert.equal(
    pages.source.sets.map(({ wanted }) => wanted.reaction),
    [1, 1, 1, 0],
  );
});

test("likes:write has an outcome or a problem for each operation, in order", async () => {
  await using pages = await servingPages();
  const token = pages.anonymous();
  const operations = [
    { item: "a", value: 1 },
    { item: "b", value: 2 },
    { item: "a", value: 0 },
    { item: "c", value: 1, revision: 2 },
    { item: "a", value: 1, revision: 1 },
    { item: "c", value: 1, revision: 1 },
  ];
  const asked = {
    body: JSON.stringify({ token, operations }),
    fields: { ...PLAIN, Origin: ORIGIN },
  };
  assert.equal(outcomesOf(await pages.ask("POST", "/v1/blog/likes:write", asked)), [
    "a stored",
    "b urn:likes:problem:like-invalid",
    "a stored",
    "c urn:likes:problem:revision-invalid",
    "a superseded",
    "c stored",
  ]);
  const none = { body: { operations: [{ item: "b", value: 2 }] }, token };
  assert.equal(outcomesOf(await pages.ask("POST", "/v1/blog/likes:write", none)), [
    "b urn:likes:problem:like-invalid",
  ]);
  pages.source.refusal = "outbox_full";
  assert.equal(
    outcomesOf(
      await pages.ask("POST", "/v1/blog/likes:write", {
        body: { operations: operations.slice(0, 2) },
        token,
      }),
    ),
    ["a urn:likes:problem:outbox-full", "b urn:likes:problem:like-invalid"],
  );
});

test("likes:write takes a bounded number of operations, and none if an item is invalid", async () => {
  await using pages = await servingPages();
  const token = pages.anonymous();
  const write = (count: number) => ({
    body: { operations: Array.from({ length: count }, (_, n) => ({ item: `${n}`, value: 1 })) },
    token,
  });
  await pages.ask("POST", "/v1/blog/likes:write", write(WEB_WRITES_MAX));
  for (const count of [0, WEB_WRITES_MAX + 1]) {
    await pages.refused("body-invalid", "POST", "/v1/blog/likes:write", write(count));
  }
  const before = pages.source.sets.length;
  const operations = [
    { item: "good", value: 1 },
    { item: " bad", value: 1 },
  ];
  const bad = { body: { operations }, token };
  await pages.refused("item-invalid", "POST", "/v1/blog/likes:write", bad);
  assert.is(pages.source.sets.length, before);
});

test("a person has so many likes in a while, and learns it; to take them back is free", async () => {
  await using pages = await servingPages({ writes: 3 });
  const token = pages.anonymous();
  for (const left of [2, 1, 0]) {
    const { fields } = await pages.ask("PUT", ME, { body: { value: 1 }, token });
    assert.is(fields["ratelimit-policy"], '"writes";q=3;w=86400');
    assert.match(String(fields["ratelimit"]), new RegExp(`^"writes";r=${left};t=\\d+$`));
  }
  const limited = await pages.refused("quota-exceeded", "PUT", ME, { body: { value: 1 }, token });
  const { fields, json } = limited;
  assert.is(limited.status, 429);
  const problem = json as Static<typeof PROBLEM> & { readonly "violated-policies": unknown };
  assert.is(problem.type, "https://iana.org/assignments/http-problem-types#quota-exceeded");
  assert.equal(problem["violated-policies"], ["writes"]);
  assert.is(fields["ratelimit-policy"], '"writes";q=3;w=86400');
  const wait = /^"writes";r=0;t=(\d+)$/.exec(String(fields["ratelimit"]))?.[1];
  assert.is(fields["retry-after"], wait);
  assert.ok(Number(wait) >= 1 && Number(wait) <= 86_400);

  const unliked = await pages.ask("DELETE", ME, { token });
  assert.equal([unliked.set.outcome, unliked.fields["ratelimit"]], ["stored", undefined]);
  await pages.ask("PUT", ME, { body: { value: 0 }, token });
  const write = { body: { operations: [{ item: "b", value: 0 }] }, token };
  await pages.ask("POST", "/v1/blog/likes:write", write);
  const like = { body: { operations: [{ item: "b", value: 1 }] }, token };
  await pages.refused("quota-exceeded", "POST", "/v1/blog/likes:write", like);
  const other = pages.anonymous();
  assert.is((await pages.ask("PUT", ME, { body: { value: 1 }, token: other })).status, 200);
});

test("a person at two sites is two persons to the limit", async () => {
  await using pages = await servingPages({ writes: 1 });
  pages.keys.set("shop", pages.keys.get("blog") ?? []);
  for (const site of ["blog", "shop"]) {
    const token = await signed({ aud: site });
    await pages.ask("PUT", `/v1/${site}/likes/a/me`, { body: { value: 1 }, token });
  }
});

test("all persons of a network share a limit of their own", async () => {
  await using pages = await servingPages({ networkWrites: 2 });
  const like = () => ({ body: { value: 1 }, token: pages.anonymous() });
  for (let n = 0; n < 2; n++) await pages.ask("PUT", ME, like());
  const { fields } = await pages.refused("quota-exceeded", "PUT", ME, like());
  assert.is(fields["ratelimit-policy"], '"network-writes";q=2;w=86400');
});

test("operations above a whole quota are accepted once the person has waited", async () => {
  await using pages = await servingPages({ writes: 2 });
  const operations = ["a", "b", "c"].map((item) => ({ item, value: 1 }));
  const write = { body: { operations }, token: pages.anonymous() };
  assert.is((await pages.ask("POST", "/v1/blog/likes:write", write)).status, 200);
  await pages.refused("quota-exceeded", "POST", "/v1/blog/likes:write", write);
});

test("the token of a body goes before that of a header", async () => {
  await using pages = await servingPages();
  const [one, other] = [await signed({ sub: "body" }), await signed({ sub: "header" })];
  await pages.ask("PUT", ME, { body: { value: 1, token: one }, token: other });
  assert.is(pages.source.sets[0]?.subject, "body");
});

test("a problem stores nothing", async () => {
  await using pages = await servingPages();
  const token = pages.anonymous();
  await pages.refused("origin-refused", "PUT", ME, {
    body: { value: 1 },
    token,
    fields: { Origin: EVIL },
  });
  await pages.refused("token-invalid", "PUT", ME, { body: { value: 1 }, token: `${token}x` });
  await pages.refused("person-missing", "PUT", ME, { body: { value: 1 } });
  assert.equal(pages.source.sets, []);
});

test.run();

function outcomesOf(answer: Answer): readonly string[] {
  const { items } = answer.json as {
    readonly items: readonly (
      | Static<typeof SET_ANSWER>
      | { readonly item: string; readonly problem: Static<typeof PROBLEM> }
    )[];
  };
  return items.map((one) => `${one.item} ${"problem" in one ? one.problem.type : one.outcome}`);
}
