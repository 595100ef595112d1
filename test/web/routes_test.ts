/** Every route, and every problem that the table of routes has for it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BODY_BYTES_MAX, LIKES_PER_EVENT_MAX } from "../../src/limits.ts";
import type { FaultCode } from "../../src/errors.ts";
import type { ProblemName } from "../../src/web/problem.ts";
import { ROUTES } from "../../src/web/routes.ts";
import { DOCUMENT } from "./documented.ts";
import type { Answer, Ask } from "./pages_client.ts";
import { EVIL, KEY, ORIGIN, servingPages, signed } from "./pages_fixture.ts";
import type { PagesLimits, ServedPages } from "./pages_fixture.ts";

interface Request extends Ask {
  readonly path: string;
}

/** Stand for tokens that a request gets when it is sent. */
const ANONYMOUS = "ANONYMOUS";
const EXPIRED = "EXPIRED";
const FORM = { "Content-Type": "application/x-www-form-urlencoded", Origin: ORIGIN };

/** A request of each route that succeeds. */
const GOOD: Readonly<Record<string, Request & { readonly status: number }>> = {
  "GET /v1/:site/likes": { status: 200, path: "/v1/blog/likes?item=a&item=b" },
  "POST /v1/:site/likes:read": {
    status: 200,
    path: "/v1/blog/likes:read",
    body: { items: ["a"] },
    token: ANONYMOUS,
  },
  "PUT /v1/:site/likes/:item/me": {
    status: 200,
    path: "/v1/blog/likes/a/me",
    body: { value: 1 },
    token: ANONYMOUS,
  },
  "DELETE /v1/:site/likes/:item/me": { status: 200, path: "/v1/blog/likes/a/me", token: ANONYMOUS },
  "POST /v1/:site/likes:write": {
    status: 200,
    path: "/v1/blog/likes:write",
    body: { operations: [{ item: "a", value: 1 }] },
    token: ANONYMOUS,
  },
  "POST /v1/:site/likes/:item/form": {
    status: 303,
    path: "/v1/blog/likes/a/form",
    body: `value=1&return=${ORIGIN}/a`,
    fields: FORM,
  },
  "GET /v1/:site/top": { status: 200, path: "/v1/blog/top?limit=3" },
  "GET /v1/:site/likes/:item/badge.svg": { status: 200, path: "/v1/blog/likes/a/badge.svg" },
  "POST /v1/:site/anonymous": { status: 201, path: "/v1/blog/anonymous", body: {} },
  "DELETE /v1/:site/me": { status: 202, path: "/v1/blog/me", token: ANONYMOUS },
  "DELETE /v1/:site/persons/:subject": { status: 202, path: "/v1/blog/persons/ada", token: KEY },
  "POST /v1/:site/likes/:item/add": {
    status: 200,
    path: "/v1/blog/likes/a/add",
    body: { likes: "5" },
    token: KEY,
    fields: { "Idempotency-Key": "0f9b4a7e-2f3f-4f0a-9d55-4f2c8b1d7e60" },
  },
  "GET /openapi.json": { status: 200, path: "/openapi.json" },
  "GET /livez": { status: 200, path: "/livez" },
  "GET /readyz": { status: 200, path: "/readyz" },
  // Its events are endless: the tests of watchers read them.
  "GET /v1/:site/events": { status: 200, path: "/v1/blog/events?item=a" },
};

/** What makes a good request end with a problem. */
interface Provocation {
  readonly limits?: PagesLimits;
  /** Changes the pages. */
  readonly before?: (pages: ServedPages) => void;
  /** Changes the request. */
  readonly change?: (good: Request) => Request;
  /** Whether the same request is sent once before. */
  readonly isSecond?: boolean;
  /** Whether the problem is a bug of the server, which its operator is told. */
  readonly isBug?: boolean;
}

const PROVOCATIONS: Readonly<Partial<Record<ProblemName, Provocation>>> = {
  "request-invalid": { change: (good) => withPath(good, "blog", "%ff") },
  "site-unknown": { change: (good) => withPath(good, "blog", "nowhere") },
  "item-invalid": { change: withBlankItem },
  "query-invalid": { change: (good) => ({ ...good, path: withBadQuery(good.path) }) },
  "like-invalid": { change: withBadLikes },
  "revision-invalid": { change: withBadRevision },
  "return-invalid": { change: (good) => ({ ...good, body: `value=1&return=${EVIL}/` }) },
  "idempotency-key-missing": { change: (good) => ({ ...good, fields: {} }) },
  "body-invalid": { change: withBadBody },
  "body-too-large": { change: (good) => ({ ...good, body: "x".repeat(BODY_BYTES_MAX + 1) }) },
  "body-type": {
    change: (good) => ({ ...good, body: "x", fields: { "Content-Type": "image/png" } }),
  },
  "person-missing": { change: withoutPerson },
  "token-invalid": { change: (good) => ({ ...good, token: "no.such.token" }) },
  "token-expired": { change: (good) => ({ ...good, token: EXPIRED }) },
  "key-invalid": { change: (good) => ({ ...good, token: "likes_another_key" }) },
  "origin-refused": { change: (good) => ({ ...good, fields: { ...good.fields, Origin: EVIL } }) },
  "challenge-required": { limits: { freePersons: 0 } },
  "sign-in-required": { change: (good) => withPath(good, "blog", "forum") },
  "quota-exceeded": { limits: { writes: 1, newPersons: 1 }, isSecond: true },
  "operation-reused": refusing("operation_reused"),
  "not-accepting": {
    before: ({ source }) => Object.assign(source, { refusal: "not_accepting", accepts: false }),
  },
  "outbox-full": refusing("outbox_full"),
  "disk-full": refusing("disk_full"),
  "store-busy": refusing("store_busy"),
  "too-many": refusing("too_many"),
  "outcome-unknown": refusing("outcome_unknown"),
  "count-unknown": refusing("count_unknown"),
  internal: {
    before: ({ source, tokens }) => {
      source.isBroken = true;
      tokens.mint = () => {
        throw new Error("a secret: no token can be minted");
      };
    },
    isBug: true,
  },
};

/** What needs more than a request. */
const ELSEWHERE = [
  // No handler of theirs can fail.
  "GET /openapi.json internal",
  "GET /livez internal",
  "GET /readyz internal",
  // Bodies of other requests fill the memory for bodies: see the tests of bodies.
  "POST /v1/:site/anonymous too-many",
  "POST /v1/:site/likes:write too-many",
];

test("every route answers a good request", async () => {
  await using pages = await servingPages();
  for (const [route, good] of Object.entries(GOOD)) {
    if (route.endsWith("/events")) continue;
    const { status, text, fields } = await asked(pages, route, await withTokens(pages, good));
    assert.is(status, good.status, `${route}: ${text}`);
    assert.is(fields["x-content-type-options"], "nosniff", route);
  }
  const routes = ROUTES.map(({ method, path }) => `${method} ${path}`);
  assert.equal(Object.keys(GOOD).toSorted(), routes.toSorted());
});

for (const [route, problem] of problemsOfRoutes()) {
  test(`${route} answers ${problem} when it has to`, async () => {
    const provocation = PROVOCATIONS[problem];
    const good = GOOD[route];
    assert.ok(provocation !== undefined && good !== undefined, "it can be provoked");
    const { limits, before, change, isSecond, isBug } = provocation;
    await using pages = await servingPages(limits);
    const bad = await withTokens(pages, change?.(good) ?? good);
    before?.(pages);
    if (isSecond === true) await asked(pages, route, bad);
    const answer = await asked(pages, route, bad);
    assert.is(answer.problem, problem, answer.text);
    const { stored, detail } = answer.json as { stored: false | null; detail: string };
    assert.is(stored, problem === "outcome-unknown" ? null : false);
    assert.ok(detail.startsWith("Cannot "), detail);
    assert.not.match(answer.text, "secret");
    assert.is(answer.fields["cache-control"], "no-store");
    const isLater = answer.status === 503 || answer.status === 429;
    assert.is(answer.fields["retry-after"] !== undefined, isLater, "it says when to ask again");
    assert.is(pages.bugs.splice(0).length, isBug === true ? 1 : 0, "the operator is told of bugs");
  });
}

test.run();

/** The problems of each route, as its document tells them. */
function problemsOfRoutes(): readonly (readonly [route: string, problem: ProblemName])[] {
  return ROUTES.flatMap(({ method, path }) => {
    const documented = DOCUMENT.paths[path.replace(/\/:(\w+)/g, "/{$1}")];
    const { responses = {} } = documented?.[method.toLowerCase()] ?? {};
    const told = Object.entries(responses).filter(([status]) => Number(status) >= 400);
    return told
      .flatMap(([, { description }]) => description.split(", ") as ProblemName[])
      .map((problem) => [`${method} ${path}`, problem] as const)
      .filter((pair) => !ELSEWHERE.includes(pair.join(" ")));
  });
}

/** Sends a request of a route. */
async function asked(
  pages: ServedPages,
  route: string,
  { path, ...ask }: Request,
): Promise<Answer> {
  const [method = ""] = route.split(" ");
  return pages.ask(method, path, ask);
}

/** Returns a request with tokens of the site that it asks. */
async function withTokens(pages: ServedPages, request: Request): Promise<Request> {
  const [, , site] = request.path.split("/");
  const text = JSON.stringify(request)
    .replace(ANONYMOUS, pages.anonymous(site))
    .replace(EXPIRED, await signed({ lifeS: -60 }));
  return JSON.parse(text) as Request;
}

function refusing(refusal: FaultCode): Provocation {
  return { before: ({ source }) => void (source.refusal = refusal) };
}

function withPath(good: Request, from: string, to: string): Request {
  return { ...good, path: good.path.replace(from, to) };
}

/** The items of all requests are `a`. */
function withBlankItem(good: Request): Request {
  const path = good.path.replace("/a/", "/%20a/").replace("item=a", "item=%20a");
  const text = JSON.stringify(good).replaceAll('"a"', '" a"');
  return { ...(JSON.parse(text) as Request), path };
}

/** A form makes a new person, but not where its browser keeps no cookie. */
function withoutPerson({ token: _, ...good }: Request): Request {
  if (!good.path.endsWith("/form")) return good;
  return { ...good, fields: { ...good.fields, "Sec-Fetch-Site": "cross-site" } };
}

function withBadQuery(path: string): string {
  if (path.includes("limit=")) return path.replace(/=.*/, "=0");
  if (path.includes("item=")) return path.replace(/\?.*/, "");
  return `${path}?likes=maybe`;
}

function withBadLikes(good: Request): Request {
  if (good.path.endsWith("/ada")) return withPath(good, "/ada", "/a%00da");
  if (good.path.endsWith("/add")) return { ...good, body: { likes: `${LIKES_PER_EVENT_MAX + 1}` } };
  if (good.path.endsWith("/form")) return { ...good, body: `value=2&return=${ORIGIN}` };
  return { ...good, body: { value: 2 } };
}

/** A like has odd revisions. */
function withBadRevision(good: Request): Request {
  return { ...good, body: good.body === undefined ? { revision: 1 } : { value: 1, revision: 2 } };
}

function withBadBody(good: Request): Request {
  return {
    ...good,
    body: good.path.endsWith("/form") ? `value=one&return=${ORIGIN}` : { surprise: 1 },
  };
}
