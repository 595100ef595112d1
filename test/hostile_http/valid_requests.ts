/** Valid requests of every route, and the persons who send them. */
import { ROUTES } from "../../src/web/routes.ts";
import type { Route } from "../../src/web/routes.ts";
import { pick } from "../fixtures/mutation.ts";
import type { Random } from "../fixtures/mutation.ts";
import { KEY, ORIGIN, signed } from "../web/pages_fixture.ts";
import type { ServedPages } from "../web/pages_fixture.ts";

/** A request before it is bytes. Each character is a byte. */
export interface RawParts {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Who may send requests. */
export interface Persons {
  /** Subjects by token. */
  readonly subjects: ReadonlyMap<string, string>;
  /** Tokens that no site takes, or not this one. */
  readonly refused: readonly string[];
}

const OPERATION = "0123456789abcdef0123456789abcdef";
/** Bodies of the routes that have one. */
const BODIES: Readonly<Record<string, (token: string, random: Random) => unknown>> = {
  "POST /v1/:site/likes:read": (token) => ({ items: ["a", "b/c", "é"], token }),
  "PUT /v1/:site/likes/:item/me": (token, random) => ({ value: random() < 0.7 ? 1 : 0, token }),
  "DELETE /v1/:site/likes/:item/me": (token) => ({ token }),
  "POST /v1/:site/likes:write": (token) => ({
    token,
    operations: [
      { item: "a", value: 1 },
      { item: "b", value: 0, revision: 2 },
    ],
  }),
  "POST /v1/:site/anonymous": () => ({}),
  "DELETE /v1/:site/me": (token) => ({ token }),
  "POST /v1/:site/likes/:item/add": () => ({ likes: "3" }),
};

/** Returns new persons of a site, and tokens of nobody. */
export async function personsOf(pages: ServedPages): Promise<Persons> {
  const anonymous = Array.from({ length: 3 }, () => pages.anonymous());
  const subjects = new Map(anonymous.map((token) => [token, `anonymous:${token.split(".")[1]}`]));
  for (const sub of ["ada", "bob", "é"]) subjects.set(await signed({ sub }), sub);
  const [header = "", claims = ""] = (await signed({ sub: "eve" })).split(".");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  return {
    subjects,
    refused: [
      pages.anonymous("shop"),
      `a1.${"A".repeat(22)}.${"A".repeat(22)}`,
      await signed({ sub: "eve", aud: "shop" }),
      await signed({ sub: "eve", key: "another" }),
      await signed({ sub: "eve", lifeS: -1 }),
      await signed({ sub: "eve", lifeS: 1e9 }),
      await signed({ sub: "anonymous:eve" }),
      await signed({ sub: "e".repeat(10_000) }),
      `${none}.${claims}.`,
      `${header}.${claims}.`,
    ],
  };
}

/** Returns a valid request of some route. */
export function validRequest(persons: Persons, random: Random): RawParts {
  const route = pick(ROUTES, random);
  const token = pick([...persons.subjects.keys()], random);
  const isForm = route.body !== undefined && route.body.schema === undefined;
  const body = isForm ? `value=1&return=${ORIGIN}/page` : jsonOf(route, token, random);
  const target = targetOf(route, random);
  const fields: (readonly [string, string])[] = [["Host", "localhost"]];
  if (route.caller === "backend") fields.push(["Authorization", `Bearer ${KEY}`]);
  if (isForm) fields.push(["Authorization", `Bearer ${token}`]);
  if (route.path.endsWith("/add")) fields.push(["Idempotency-Key", `"${OPERATION}/1"`]);
  if (route.isWrite) fields.push(["Origin", ORIGIN]);
  const [type = ""] = route.body?.types ?? [];
  if (type !== "") fields.push(["Content-Type", type]);
  const parts = { method: route.method, target, version: "HTTP/1.1", fields, body };
  return body === "" ? parts : withBody(parts, body);
}

/** Returns a request with another body, and its length. */
export function withBody(parts: RawParts, body: string): RawParts {
  const others = parts.fields.filter(([name]) => name !== "Content-Length");
  return { ...parts, body, fields: [...others, ["Content-Length", `${body.length}`]] };
}

/** Returns the bytes of a request. */
export function bytesOf({ method, target, version, fields, body }: RawParts): Buffer {
  const lines = [`${method} ${target} ${version}`, ...fields.map((field) => field.join(": "))];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`, "latin1");
}

function jsonOf(route: Route, token: string, random: Random): string {
  if (route.body === undefined) return "";
  const name = `${route.method} ${route.path}`;
  const body = BODIES[name];
  if (body === undefined) throw new Error(`Cannot make a body for ${name}: add one`);
  return Buffer.from(JSON.stringify(body(token, random))).toString("latin1");
}

function targetOf({ path, query }: Route, random: Random): string {
  const filled = path
    .replace("/:site", "/blog")
    .replace("/:item", `/${pick(["a", "b%2Fc", "%C3%A9", "x".repeat(200)], random)}`)
    .replace("/:subject", "/ada");
  const asked = query.map(({ name, isRepeated = false }) => {
    const value = name === "likes" ? "keep" : name === "limit" ? "3" : "a";
    return isRepeated ? `${name}=a&${name}=b` : `${name}=${value}`;
  });
  return asked.length === 0 ? filled : `${filled}?${asked.join("&")}`;
}
