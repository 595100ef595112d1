/** From HTTP's requests to ours: every field is checked here, before a handler sees it. */
import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { Compile } from "typebox/compile";
import type { Validator } from "typebox/compile";
import type { TSchema } from "typebox";
import { WEB_FIELDS_MAX } from "../limits.ts";
import { checkType, parseForm, parseJson } from "./body.ts";
import type { Bodies } from "./body.ts";
import { clientAddress } from "./client_address.ts";
import type { WebRequest } from "./exchange.ts";
import { cookieName } from "./persons.ts";
import { Problem } from "./problem.ts";
import { checkedItemId } from "./read_likes.ts";
import { ROUTES } from "./routes.ts";
import type { Route } from "./routes.ts";
import type { Site } from "./site.ts";
import type { Tokens } from "./tokens.ts";

const NO_SITE: Site = { name: "", origins: [], policy: "like", signedOnly: false };
/** The host before it may be none that a URL can have. */
const QUERY = /\?[^#]*/;
const BEARER = /^Bearer +(?<token>.+)$/i;

/** The operator's proxies in front of a server. */
export interface Proxies {
  readonly hops: number;
  /** Called when a peer forwards the request of another client, but is no such proxy. */
  readonly onUnknown: () => void;
}

/** Reads the requests of one server. */
export class RequestReader {
  readonly #sites: ReadonlyMap<string, Site>;
  readonly #tokens: Tokens;
  readonly #bodies: Bodies;
  readonly #proxyHops: number;
  readonly #onUnknownProxy: () => void;
  readonly #checks = new Map<TSchema, Validator>();

  constructor(sites: ReadonlyMap<string, Site>, tokens: Tokens, bodies: Bodies, proxies: Proxies) {
    this.#sites = sites;
    this.#tokens = tokens;
    this.#bodies = bodies;
    this.#proxyHops = proxies.hops;
    this.#onUnknownProxy = proxies.onUnknown;
    for (const { body } of ROUTES) {
      if (body?.schema !== undefined) this.#checks.set(body.schema, Compile(body.schema));
    }
  }

  /** Returns the request of a route. Throws Problem. */
  async read(route: Route, context: Context<{ Bindings: HttpBindings }>): Promise<WebRequest> {
    const { req, env } = context;
    checkFields(env.incoming);
    checkPath(req.path, env.incoming.url ?? "");
    const header = (name: string): string | undefined => req.header(name);
    const site = this.#siteOf(route, req.param("site"));
    const item = req.param("item");
    const itemId = item === undefined ? "" : checkedItemId(site, item);
    const bearer = BEARER.exec(header("authorization") ?? "")?.groups?.["token"];
    const cookie = getCookie(context, cookieName(site.name));
    const isCookie = bearer === undefined && cookie !== undefined;
    this.#checkCaller(route, site, bearer);
    checkOrigin(route, site, header, isCookie);
    const { remoteAddress = "" } = env.incoming.socket;
    const forwardedFor = header("x-forwarded-for");
    if (forwardedFor !== undefined && this.#proxyHops === 0) this.#onUnknownProxy();
    return {
      site,
      itemId,
      subject: req.param("subject") ?? "",
      query: new URLSearchParams(QUERY.exec(req.url)?.[0]),
      body: await this.#bodyOf(route, context),
      header,
      token: bearer ?? cookie,
      isCookie,
      client: clientAddress(remoteAddress, forwardedFor, this.#proxyHops),
    };
  }

  #siteOf(route: Route, name: string | undefined): Site {
    if (!route.path.includes("/:site")) return NO_SITE;
    const site = this.#sites.get(name ?? "");
    if (site !== undefined) return site;
    const found = `${JSON.stringify(name)} is not served; start with --site NAME=ORIGIN`;
    throw new Problem("site-unknown", `Cannot find the site: ${found}`);
  }

  #checkCaller({ caller }: Route, site: Site, key: string | undefined): void {
    if (caller !== "backend" || (key !== undefined && this.#tokens.isKey(site.name, key))) return;
    const detail =
      `Cannot accept the request: it needs a key of ${site.name}, as Authorization: Bearer KEY; ` +
      "see likes key";
    throw new Problem("key-invalid", detail);
  }

  async #bodyOf(route: Route, context: Context<{ Bindings: HttpBindings }>): Promise<unknown> {
    if (route.body === undefined) return checkNoBody(context.env.incoming);
    const { types, schema } = route.body;
    const text = await this.#bodies.read(context.env.incoming);
    if (schema === undefined) {
      checkType(context.req.header("content-type"), types);
      return parseForm(text);
    }
    // A request without a body is one with an empty object: nothing that curl has to be told.
    if (text !== "") checkType(context.req.header("content-type"), types);
    const value = text === "" ? {} : parseJson(text);
    const check = this.#checks.get(schema);
    if (check?.Check(value) === true) return value;
    const [error] = check?.Errors(value) ?? [];
    const found = `${error?.instancePath || "the object"} ${error?.message ?? "is not valid"}`;
    throw new Problem("body-invalid", `Cannot read the body: ${found}`);
  }
}

/** Refuses fields of which Node drops the last: the length of the body may be one of them. */
function checkFields({ rawHeaders }: IncomingMessage): void {
  if (rawHeaders.length <= 2 * WEB_FIELDS_MAX) return;
  const detail = `Cannot read the request: it has more than ${WEB_FIELDS_MAX} fields`;
  throw new Problem("fields-too-large", detail, {}, { Connection: "close" });
}

/**
 * Refuses a body that no handler waits for: a handler would be done before the body turns out to be
 * malformed, which ends the request with an error.
 */
function checkNoBody({ headers }: IncomingMessage): undefined {
  const isEmpty = Number(headers["content-length"] ?? 0) === 0;
  if (isEmpty && headers["transfer-encoding"] === undefined) return undefined;
  throw new Problem("request-invalid", "Cannot take the body: this page reads none");
}

/** Segments `.` and `..`, also with escapes, of a path before its query. */
const DOT_SEGMENT = /^[^?#]*\/(?:\.|%2e){1,2}(?:[/?#]|$)/i;

/**
 * Refuses a path that libraries would read in different ways. A path with dots is resolved before it
 * is routed: what takes back a like of the item `..` would forget the person.
 */
function checkPath(path: string, asSent: string): void {
  if (DOT_SEGMENT.test(asSent)) {
    throw new Problem("request-invalid", "Cannot read the path: a segment of it has only dots");
  }
  try {
    decodeURIComponent(path);
  } catch {
    throw new Problem("request-invalid", "Cannot read the path: an escape in it is not UTF-8");
  }
}

/**
 * Refuses writes of pages that are not of the site. Without an origin it is no page that asks, unless
 * a browser has sent its cookie.
 */
function checkOrigin(
  { isWrite }: Route,
  site: Site,
  header: (name: string) => string | undefined,
  isCookie: boolean,
): void {
  if (!isWrite) return;
  const origin = header("origin");
  const from = header("sec-fetch-site") ?? "none";
  // A page whose referrer is hidden sends the origin null, also to its own site.
  const isFromSite =
    origin === undefined
      ? !isCookie && from !== "cross-site"
      : site.origins.includes(origin) || (origin === "null" && from === "same-origin");
  if (isFromSite) return;
  const found = origin === undefined ? "it has a cookie and no Origin" : `its origin is ${origin}`;
  const detail = `Cannot accept the request: ${found}; list origins with --site ${site.name}=ORIGIN`;
  throw new Problem("origin-refused", detail);
}
