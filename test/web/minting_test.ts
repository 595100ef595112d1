/** New anonymous persons: how many a network gets, the price of more, and which network it is. */
import type { Challenge, Payload } from "altcha-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CHALLENGE_LIFE_MS } from "../../src/limits.ts";
import { Minting } from "../../src/web/minting.ts";
import { Problem } from "../../src/web/problem.ts";
import { RateLimit } from "../../src/web/rate_limits.ts";
import { challengeIn, solved } from "./challenges.ts";
import type { Answer } from "./pages_client.ts";
import { SECRET, servingPages } from "./pages_fixture.ts";
import type { ServedPages } from "./pages_fixture.ts";

const PATH = "/v1/blog/anonymous";

test("a network gets so many persons, and each more for a solved challenge", async () => {
  await using pages = await servingPages({ freePersons: 2 });
  const tokens = [tokenOf(await mint(pages)), tokenOf(await mint(pages))];
  const required = await pages.refused("challenge-required", "POST", PATH);
  assert.is(required.status, 403);
  assert.is(required.fields["set-cookie"], undefined);
  const altcha = await solved(challengeIn(required));
  tokens.push(tokenOf(await pages.ask("POST", PATH, { body: { altcha } })));
  assert.is(new Set(tokens).size, 3);

  const twice = await pages.refused("challenge-required", "POST", PATH, { body: { altcha } });
  assert.is.not(challengeIn(twice).parameters.nonce, challengeIn(required).parameters.nonce);
  const elsewhere = { body: { altcha } };
  await pages.refused("challenge-required", "POST", "/v1/shop/anonymous", elsewhere);
});

test("a challenge counts at its own site, once, though it comes twice at the same time", async () => {
  await using pages = await servingPages({ freePersons: 0 });
  const altcha = await solved(challengeIn(await mint(pages)));
  await pages.refused("challenge-required", "POST", "/v1/shop/anonymous", { body: { altcha } });
  const asked = { body: { altcha } };
  const answers = await Promise.all([1, 2, 3].map(() => pages.ask("POST", PATH, asked)));
  assert.equal(
    answers.map(({ status }) => status).toSorted((one, other) => one - other),
    [201, 403, 403],
  );
});

test("a challenge that is tampered with, or no challenge, is refused", async () => {
  await using pages = await servingPages({ freePersons: 0 });
  const challenge = challengeIn(await mint(pages));
  const altcha = await solved(challenge);
  const { solution } = payloadIn(altcha);
  const { parameters, signature } = challenge;
  const changed = (change: Partial<Challenge["parameters"]>) => {
    return { challenge: { signature, parameters: { ...parameters, ...change } }, solution };
  };
  for (const payload of [
    changed({ nonce: "00".repeat(16) }),
    changed({ cost: 1 }),
    changed({ keyPrefix: "00" }),
    changed({ expiresAt: (parameters.expiresAt ?? 0) + 1 }),
    changed({ data: { site: "shop" } }),
    changed({ data: { site: "blog", more: "1" } }),
    { challenge: { parameters }, solution },
    { challenge: { parameters, signature: "00".repeat(32) }, solution },
    { challenge: { parameters, signature: 7 }, solution },
    { challenge, solution: { ...solution, derivedKey: "00".repeat(32) } },
    { challenge, solution: { ...solution, derivedKey: "zz" } },
    { challenge, solution: { derivedKey: solution.derivedKey } },
    { challenge, solution: { counter: 7 } },
    { challenge, solution: null },
    { challenge, solution: "x" },
    { challenge },
    { solution },
    { challenge: { parameters: null, signature }, solution },
    { challenge: { parameters: { nonce: "x", data: { site: "blog" } } }, solution },
    {
      challenge: { parameters: { nonce: "x", salt: 7, data: { site: "blog" } }, signature },
      solution,
    },
    null,
    7,
    "x",
    [],
  ]) {
    const body = { altcha: Buffer.from(JSON.stringify(payload)).toString("base64") };
    const answer = await pages.ask("POST", PATH, { body });
    assert.is(answer.problem, "challenge-required", JSON.stringify(payload));
  }
  for (const text of ["", "no base64!", "AAAA", altcha.slice(8)]) {
    await pages.refused("challenge-required", "POST", PATH, { body: { altcha: text } });
  }
  await pages.refused("body-invalid", "POST", PATH, { body: { altcha: "x".repeat(4_097) } });
  await pages.refused("body-invalid", "POST", PATH, { body: { altcha: 7 } });
  assert.is((await pages.ask("POST", PATH, { body: { altcha } })).status, 201, "it is still good");
});

test("a challenge of an hour ago has expired", async () => {
  await using pages = await servingPages();
  let skippedMs = -2 * CHALLENGE_LIFE_MS;
  const limit = new RateLimit({ name: "new-persons", requests: 9, seconds: 60 });
  const now = () => Date.now() + skippedMs;
  const minting = new Minting(SECRET, pages.tokens, limit, { freePerDay: 0, now });
  const [old] = await problemsOf([minting.mint("blog", "a network", undefined)]);
  skippedMs = 0;
  const [challenge] = await problemsOf([minting.mint("blog", "a network", undefined)]);
  const late = await solved(old?.more["challenge"] as Challenge);
  const [refused] = await problemsOf([minting.mint("blog", "a network", late)]);
  assert.is(refused?.problem, "challenge-required");
  const fresh = await solved(challenge?.more["challenge"] as Challenge);
  assert.match(await minting.mint("blog", "a network", fresh), /^a1\./);
});

test("a network gets no more persons than its limit, whatever it solves", async () => {
  await using pages = await servingPages({ freePersons: 3, newPersons: 2 });
  await mint(pages);
  await mint(pages);
  const { fields } = await pages.refused("quota-exceeded", "POST", PATH);
  assert.is(fields["ratelimit-policy"], '"new-persons";q=2;w=86400');
});

test("persons that come at the same time are counted", async () => {
  await using pages = await servingPages({ freePersons: 4 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => mint(pages)));
  assert.is(answers.filter(({ status }) => status === 201).length, 4);
});

test("without a proxy, what a client writes of its address changes nothing", async () => {
  await using pages = await servingPages({ freePersons: 1 });
  assert.is((await mint(pages, "203.0.113.1")).status, 201);
  for (const forwarded of ["203.0.113.2", "203.0.113.3, 203.0.113.4", "x", ""]) {
    assert.is((await mint(pages, forwarded)).problem, "challenge-required", forwarded);
  }
});

test("behind one proxy, the last address is the client's", async () => {
  await using pages = await servingPages({ freePersons: 1, proxyHops: 1 });
  assert.is((await mint(pages, "203.0.113.1")).status, 201);
  assert.is((await mint(pages, "203.0.113.2")).status, 201);
  for (const forwarded of [
    "203.0.113.1",
    "198.51.100.9, 203.0.113.1",
    "198.51.100.9,203.0.113.2 ",
  ]) {
    assert.is((await mint(pages, forwarded)).problem, "challenge-required", forwarded);
  }
  assert.is((await mint(pages)).status, 201, "the proxy itself");
  for (const forwarded of ["", "x", "203.0.113.1, unknown"]) {
    assert.is((await mint(pages, forwarded)).problem, "challenge-required", "it is the proxy's");
  }
});

test("behind two proxies, the last but one is the client's", async () => {
  await using pages = await servingPages({ freePersons: 1, proxyHops: 2 });
  assert.is((await mint(pages, "203.0.113.1, 192.0.2.1")).status, 201);
  assert.is((await mint(pages, "203.0.113.2, 192.0.2.1")).status, 201);
  for (const forwarded of ["203.0.113.1, 192.0.2.2", "198.51.100.9, 203.0.113.1, 192.0.2.1"]) {
    assert.is((await mint(pages, forwarded)).problem, "challenge-required", forwarded);
  }
});

test("an IPv6 network is one client, and an IPv4 address is one in both notations", async () => {
  await using pages = await servingPages({ freePersons: 1, proxyHops: 1 });
  assert.is((await mint(pages, "2001:db8:1:2::1")).status, 201);
  assert.is((await mint(pages, "2001:db8:1:2:ffff::9")).problem, "challenge-required");
  assert.is((await mint(pages, "2001:db8:1:3::1")).status, 201);
  assert.is((await mint(pages, "203.0.113.1")).status, 201);
  assert.is((await mint(pages, "::ffff:203.0.113.1")).problem, "challenge-required");
});

test.run();

async function mint(pages: ServedPages, forwarded?: string): Promise<Answer> {
  const fields = forwarded === undefined ? {} : { "X-Forwarded-For": forwarded };
  return pages.ask("POST", PATH, { fields });
}

function tokenOf({ json }: Answer): string {
  return (json as { readonly token: string }).token;
}

function payloadIn(altcha: string): Payload {
  return JSON.parse(Buffer.from(altcha, "base64").toString()) as Payload;
}

async function problemsOf(work: readonly Promise<unknown>[]): Promise<readonly Problem[]> {
  const settled = await Promise.allSettled(work);
  return settled.flatMap((one) =>
    one.status === "rejected" && one.reason instanceof Problem ? [one.reason] : [],
  );
}
