/** Tokens: whose they are, and which ones nobody takes. */
import { createHmac } from "node:crypto";
import { SignJWT, UnsecuredJWT } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TOKEN_AGE_MAX_S, TOKENS_CACHED_MAX } from "../../src/limits.ts";
import { Problem } from "../../src/web/problem.ts";
import { Tokens } from "../../src/web/tokens.ts";
import { KEY, SECRET, servingPages, signed } from "./pages_fixture.ts";
import type { ServedPages } from "./pages_fixture.ts";

const ME = "/v1/blog/likes/a/me";
const LIKE = { value: 1 };
const HOUR_S = 3_600;

test("an anonymous token is a person of one site", async () => {
  await using pages = await servingPages();
  const { json } = await pages.ask("POST", "/v1/blog/anonymous");
  const { token } = json as { readonly token: string };
  assert.match(token, /^a1\.[\w-]{22}\.[\w-]{22}$/);
  const { set } = await pages.ask("PUT", ME, { body: LIKE, token });
  assert.is(set.outcome, "stored");
  assert.match(pages.source.sets[0]?.subject ?? "", /^anonymous:[\w-]{22}$/);
  await pages.refused("token-invalid", "PUT", "/v1/shop/likes/a/me", { body: LIKE, token });
  const other = new Tokens(SECRET, { of: () => [] }, Date.now);
  assert.is(await other.subjectOf("blog", token), pages.source.sets[0]?.subject, "at every server");
});

test("a forged anonymous token is refused", async () => {
  await using pages = await servingPages();
  const [, id = "", mac = ""] = pages.anonymous().split(".");
  const [, otherId = ""] = pages.anonymous().split(".");
  const otherSecret = new Tokens(Buffer.from("another"), { of: () => [] }, Date.now);
  for (const token of [
    `a1.${otherId}.${mac}`,
    `a1.${id}.${"A".repeat(22)}`,
    `a1.${id}.${mac.slice(0, -1)}`,
    `a1.${id}.`,
    `a1.${id}`,
    "a1.",
    `a1.${id}.${mac}.`,
    `a2.${id}.${mac}`,
    otherSecret.mint("blog"),
  ]) {
    await refused(pages, "token-invalid", token);
  }
});

test("a token that the site's backend signed is the person that it names", async () => {
  await using pages = await servingPages();
  for (const sub of ["ada", "Ada", "ada@example.org", "ä🌍", "x".repeat(256)]) {
    const answer = await pages.ask("PUT", ME, { body: LIKE, token: await signed({ sub }) });
    assert.is(answer.set.outcome, "stored");
    assert.is(pages.source.sets.at(-1)?.subject, sub);
  }
  const token = await signed({ sub: "ada" });
  const { set } = await pages.ask("PUT", ME, { body: LIKE, token });
  assert.is(set.outcome, "same", "a new token is the same person");
});

test("a token that is expired, lasts too long, or is for another site is refused", async () => {
  await using pages = await servingPages();
  pages.keys.set("shop", [KEY]);
  await refused(pages, "token-expired", await signed({ lifeS: -60 }));
  await refused(pages, "token-invalid", await signed({ lifeS: TOKEN_AGE_MAX_S + HOUR_S }));
  await refused(pages, "token-invalid", await signed({ aud: "shop" }));
  await refused(pages, "token-invalid", await signed({ aud: "blog/" }));
  const early = await jwt((it) => it.setNotBefore(nowS() + HOUR_S));
  await refused(pages, "token-invalid", early);
  await refused(pages, "token-invalid", await jwt((it) => it, {}));
  await refused(
    pages,
    "token-invalid",
    await jwt((it) => it.setExpirationTime(nowS() + HOUR_S), {}),
  );
});

test("a subject that is anonymous, empty or no text is refused", async () => {
  await using pages = await servingPages();
  for (const sub of [
    "anonymous:",
    "anonymous:AAAAAAAAAAAAAAAAAAAAAA",
    "",
    "a\nb",
    "x".repeat(1_000),
  ]) {
    await refused(pages, "token-invalid", await signed({ sub }));
  }
  await refused(
    pages,
    "token-invalid",
    await jwt((it) => it, { sub: 7, aud: "blog", exp: nowS() + 60 }),
  );
});

test("only HS256 with a key of the site is a signature", async () => {
  await using pages = await servingPages();
  const claims = { sub: "ada", aud: "blog", exp: nowS() + HOUR_S };
  const none = new UnsecuredJWT(claims).encode();
  const [header = "", payload = ""] = (await signed()).split(".");
  for (const token of [
    none,
    `${none}x`,
    `${header}.${payload}.`,
    `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`,
    `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.AAAA`,
    await new SignJWT(claims).setProtectedHeader({ alg: "HS512" }).sign(Buffer.from(KEY.repeat(2))),
    await signed({ key: "likes_a_key_of_nobody" }),
    await signed({ key: "" }).catch(() => "no.empty.key"),
    "x",
    "..",
    "a.b.c",
  ]) {
    await refused(pages, "token-invalid", token);
  }
  const long = { body: LIKE, token: "x".repeat(2_049) };
  await pages.refused("token-invalid", "PUT", ME, long);
  await pages.refused("body-invalid", "PUT", ME, { body: { ...LIKE, ...long } });
});

test("each key of a site counts, until it is removed", async () => {
  await using pages = await servingPages();
  const token = await signed({ key: "likes_the_new_key" });
  await refused(pages, "token-invalid", token);
  pages.keys.set("blog", [KEY, "likes_the_new_key"]);
  for (const one of [token, await signed(), token]) {
    assert.is((await pages.ask("PUT", ME, { body: LIKE, token: one })).status, 200);
  }
  pages.keys.set("blog", ["likes_the_new_key"]);
  await refused(pages, "token-invalid", await signed());
  assert.is((await pages.ask("PUT", ME, { body: LIKE, token })).status, 200);
  pages.keys.set("blog", [KEY]);
  await refused(pages, "token-invalid", token); // though it was checked before
  pages.keys.delete("blog");
  const answer = await pages.refused("token-invalid", "PUT", ME, { body: LIKE, token });
  assert.match(answer.text, "see likes key");
});

test("a token that was checked before expires, and is checked for each site", async () => {
  const nowMs = nowS() * 1_000;
  let skippedMs = 0;
  const tokens = new Tokens(SECRET, { of: () => [KEY] }, () => nowMs + skippedMs);
  const token = await signed({ lifeS: HOUR_S });
  for (let times = 0; times < 2; times++) assert.is(await tokens.subjectOf("blog", token), "ada");
  await expectProblem("token-invalid", tokens.subjectOf("shop", token));
  skippedMs = (HOUR_S + 60) * 1_000;
  await expectProblem("token-expired", tokens.subjectOf("blog", token));
});

test("so many tokens that were checked are remembered, and the oldest is forgotten", async () => {
  let nowMs = nowS() * 1_000;
  const tokens = new Tokens(SECRET, { of: () => [KEY] }, () => nowMs);
  const exp = nowS() + TOKEN_AGE_MAX_S;
  const tokenOf = (n: number) => quicklySigned({ sub: `person ${n}`, aud: "blog", exp });
  for (let n = 0; n <= TOKENS_CACHED_MAX; n++) await tokens.subjectOf("blog", tokenOf(n));
  nowMs -= HOUR_S * 1_000; // a token that is checked now would last too long
  assert.is(await tokens.subjectOf("blog", tokenOf(1)), "person 1");
  await expectProblem("token-invalid", tokens.subjectOf("blog", tokenOf(0)));
});

test("a site of signed-in persons takes no anonymous one", async () => {
  await using pages = await servingPages();
  pages.keys.set("forum", [KEY]);
  const path = "/v1/forum/likes/a/me";
  const anonymous = { body: LIKE, token: pages.anonymous("forum") };
  await pages.refused("sign-in-required", "PUT", path, anonymous);
  await pages.refused("sign-in-required", "DELETE", path, { token: anonymous.token });
  await pages.refused("sign-in-required", "POST", "/v1/forum/anonymous");
  const read = { body: { items: ["a"], token: anonymous.token } };
  await pages.refused("sign-in-required", "POST", "/v1/forum/likes:read", read);
  const token = await signed({ aud: "forum" });
  assert.is((await pages.ask("PUT", path, { body: LIKE, token })).set.outcome, "stored");
  assert.is((await pages.ask("GET", "/v1/forum/likes?item=a")).items[0]?.likes, "1");
});

test.run();

async function refused(pages: ServedPages, problem: string, token: string): Promise<void> {
  const { status, text } = await pages.refused(problem, "PUT", ME, { body: { ...LIKE, token } });
  assert.is(status, 401);
  if (token.length > 20) assert.not.ok(text.includes(token), "the answer does not repeat it");
  assert.is(pages.source.sets.filter(({ subject }) => subject === "").length, 0);
}

async function expectProblem(name: string, work: Promise<unknown>): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Problem);
  assert.is(error.problem, name);
}

/** Signs what a backend should not. */
async function jwt(
  change: (it: SignJWT) => SignJWT,
  claims: Readonly<Record<string, unknown>> = { sub: "ada", aud: "blog", exp: nowS() + HOUR_S },
): Promise<string> {
  return change(new SignJWT(claims)).setProtectedHeader({ alg: "HS256" }).sign(Buffer.from(KEY));
}

/** Signs in a fraction of the time that jose takes. */
function quicklySigned(claims: Readonly<Record<string, unknown>>): string {
  const parts = [{ alg: "HS256" }, claims].map((part) => {
    return Buffer.from(JSON.stringify(part)).toString("base64url");
  });
  const mac = createHmac("sha256", KEY).update(parts.join(".")).digest("base64url");
  return [...parts, mac].join(".");
}

function nowS(): number {
  return Math.floor(Date.now() / 1_000);
}
