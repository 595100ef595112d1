/** Pages without scripts: the form, and the cookie. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Ask } from "./pages_client.ts";
import { cookieName } from "../../src/web/persons.ts";
import { EVIL, ORIGIN, ORIGIN_TOO, servingPages } from "./pages_fixture.ts";

const PATH = "/v1/blog/likes/a/form";
const ME = "/v1/blog/likes/a/me";
const PAGE = `${ORIGIN}/a`;
const SAME = { Origin: ORIGIN, "Sec-Fetch-Site": "same-origin" };
const COOKIE =
  /^__Host-likes-YmxvZw=(?<token>[\w.-]+); Path=\/; Max-Age=34560000; Secure; HttpOnly; SameSite=Lax$/;

test("a form likes with a new person, and returns to the page", async () => {
  await using pages = await servingPages();
  const first = await pages.ask("POST", PATH, form({ value: "1", return: PAGE }));
  assert.equal([first.status, first.fields.location, first.text], [303, PAGE, ""]);
  assert.is(first.fields["cache-control"], "private, no-store");
  const [cookie = ""] = first.fields["set-cookie"] ?? [];
  const token = COOKIE.exec(cookie)?.groups?.["token"] ?? "";
  assert.is(pages.source.cached("blog/a").fetched?.likes, 1n);

  const fields = { Cookie: `theme=dark; __Host-likes-YmxvZw=${token}` };
  const again = await pages.ask("POST", PATH, form({ value: "1", return: PAGE }, fields));
  assert.is(again.fields["set-cookie"], undefined, "the browser has it");
  assert.is(pages.source.cached("blog/a").fetched?.likes, 1n, "the same person");
  await pages.ask("POST", PATH, form({ value: "0", return: PAGE }, fields));
  assert.is(pages.source.cached("blog/a").fetched?.likes, 0n);
});

test("a form returns to a page of the site alone", async () => {
  await using pages = await servingPages();
  for (const [page, location] of [
    [`${ORIGIN_TOO}/b?c=d#e`, `${ORIGIN_TOO}/b?c=d#e`],
    [`${ORIGIN}/käse 🧀`, `${ORIGIN}/k%C3%A4se%20%F0%9F%A7%80`],
    [`${ORIGIN}/a\r\nSet-Cookie: evil=1`, `${ORIGIN}/aSet-Cookie:%20evil=1`],
    [`  ${ORIGIN}/a`, PAGE],
    [`https:\\\\example.org\\a`, PAGE],
  ] as const) {
    const { status, fields } = await pages.ask("POST", PATH, form({ value: "1", return: page }));
    assert.equal([status, fields.location], [303, location]);
  }
  for (const page of [
    "",
    "/a",
    "//evil.example/a",
    `${EVIL}/${ORIGIN}`,
    `${ORIGIN}.evil.example/`,
    `${ORIGIN}@evil.example/`,
    "http://example.org/a",
    "https://example.org:8443/a",
    "javascript:alert(1)",
    "data:text/html,x",
    "null",
  ]) {
    await pages.refused("return-invalid", "POST", PATH, form({ value: "1", return: page }));
  }
  assert.is(pages.source.sets.length, 5);
});

test("a form without a return goes back to where it stands", async () => {
  await using pages = await servingPages();
  const { fields } = await pages.ask("POST", PATH, form({ value: "1" }, { Referer: PAGE }));
  assert.is(fields.location, PAGE);
  await pages.refused("return-invalid", "POST", PATH, form({ value: "1" }, { Referer: EVIL }));
  await pages.refused("return-invalid", "POST", PATH, form({ value: "1" }));
});

test("a form takes a whole number of the policy", async () => {
  await using pages = await servingPages();
  for (const value of ["-1", "1.0", "01", " 1", "", "100", "one"]) {
    await pages.refused("body-invalid", "POST", PATH, form({ value, return: PAGE }));
  }
  await pages.refused("body-invalid", "POST", PATH, form({ return: PAGE }));
  const twice = { ...form({}), body: `value=1&value=0&return=${PAGE}` };
  await pages.refused("body-invalid", "POST", PATH, twice);
  await pages.refused("like-invalid", "POST", PATH, form({ value: "2", return: PAGE }));
  const claps = form({ value: "50", return: PAGE });
  assert.is((await pages.ask("POST", "/v1/stage/likes/a/form", claps)).status, 303);
  assert.is(pages.source.sets.length, 1);
});

test("a form that is refused makes no person", async () => {
  await using pages = await servingPages({ freePersons: 1 });
  await pages.refused("return-invalid", "POST", PATH, form({ value: "1", return: EVIL }));
  await pages.refused("like-invalid", "POST", PATH, form({ value: "2", return: PAGE }));
  assert.is((await pages.ask("POST", PATH, form({ value: "1", return: PAGE }))).status, 303);
  await pages.refused("challenge-required", "POST", PATH, form({ value: "1", return: PAGE }));
});

test("a cookie without the origin of the site is refused: another page may have sent it", async () => {
  await using pages = await servingPages();
  const Cookie = `__Host-likes-YmxvZw=${pages.anonymous()}`;
  const body = { value: 1 };
  for (const fields of [
    { Cookie },
    { Cookie, "Sec-Fetch-Site": "same-origin" },
    { Cookie, Origin: EVIL },
  ]) {
    await pages.refused("origin-refused", "PUT", ME, { body, fields });
    await pages.refused("origin-refused", "POST", PATH, {
      ...form({ value: "1", return: PAGE }),
      fields: { ...form({}).fields, Origin: EVIL, ...fields },
    });
    await pages.refused("origin-refused", "DELETE", "/v1/blog/me", { fields });
  }
  assert.equal(pages.source.sets, []);
  const good = await pages.ask("PUT", ME, { body, fields: { Cookie, Origin: ORIGIN } });
  assert.is(good.set.outcome, "stored");
  const read = { body: { items: ["a"] }, fields: { Cookie } };
  assert.is((await pages.ask("POST", "/v1/blog/likes:read", read)).items[0]?.me?.value, 1);
  const header = { body, token: pages.anonymous(), fields: { Cookie } };
  assert.is((await pages.ask("PUT", ME, header)).status, 200, "a header is no browser's doing");
});

test("a cookie is set where browsers send it back", async () => {
  await using pages = await servingPages();
  for (const [fields, isSet] of [
    [SAME, true],
    [{ Origin: ORIGIN, "Sec-Fetch-Site": "same-site" }, true],
    [{ Origin: ORIGIN, "Sec-Fetch-Site": "cross-site" }, false],
    [{ Origin: ORIGIN }, true],
    [{}, true],
  ] as const) {
    const minted = await pages.ask("POST", "/v1/blog/anonymous", { fields });
    const { token } = minted.json as { readonly token: string };
    const [cookie] = minted.fields["set-cookie"] ?? [];
    assert.is(COOKIE.exec(cookie ?? "")?.groups?.["token"], isSet ? token : undefined);
    const posted = await pages.ask("POST", PATH, form({ value: "1", return: PAGE }, fields, {}));
    assert.is(posted.fields["set-cookie"] !== undefined, isSet);
    assert.is(posted.status, isSet ? 303 : 401, "each like of such a form would be another person");
  }
});

test("a page that hides its origin may write to its own site, and to no other", async () => {
  await using pages = await servingPages();
  const own = { Origin: "null", "Sec-Fetch-Site": "same-origin" };
  const good = await pages.ask("POST", PATH, form({ value: "1", return: PAGE }, own, {}));
  assert.is(good.status, 303);
  for (const from of ["cross-site", "same-site", undefined]) {
    const fields = { Origin: "null", ...(from !== undefined && { "Sec-Fetch-Site": from }) };
    await pages.refused(
      "origin-refused",
      "POST",
      PATH,
      form({ value: "1", return: PAGE }, fields, {}),
    );
  }
});

test("two sites behind one host have a cookie each", () => {
  assert.is.not(cookieName("blog"), cookieName("photos"));
  assert.match(cookieName("ein Blog; ü"), /^__Host-likes-[\w-]+$/);
});

test("a form whose cookie has ended begins anew, and takes back nothing of a new person", async () => {
  await using pages = await servingPages();
  const old = { Cookie: "__Host-likes-YmxvZw=a1.of.another-secret", Origin: ORIGIN };
  const none = await pages.ask("POST", PATH, form({ value: "0", return: PAGE }, old, {}));
  assert.equal([none.status, none.fields["set-cookie"]], [303, undefined]);
  assert.equal(pages.source.sets, []);
  const liked = await pages.ask("POST", PATH, form({ value: "1", return: PAGE }, old, {}));
  assert.match(liked.fields["set-cookie"]?.[0] ?? "", COOKIE);
  assert.is(pages.source.sets.length, 1);
});

test("a cookie goes when its person is forgotten", async () => {
  await using pages = await servingPages();
  const fields = { Cookie: `__Host-likes-YmxvZw=${pages.anonymous()}`, Origin: ORIGIN };
  const gone = await pages.ask("DELETE", "/v1/blog/me", { fields });
  assert.equal(gone.fields["set-cookie"], [
    "__Host-likes-YmxvZw=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
  ]);
  const other = await pages.ask("DELETE", "/v1/blog/me", { token: pages.anonymous() });
  assert.is(other.fields["set-cookie"], undefined);
});

test.run();

/** A form as a page of the site sends it. */
function form(
  values: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, string>> = {},
  from: Readonly<Record<string, string>> = SAME,
): Ask {
  const type = { "Content-Type": "application/x-www-form-urlencoded" };
  return { body: new URLSearchParams(values).toString(), fields: { ...type, ...from, ...fields } };
}
