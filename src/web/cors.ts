/** Which pages may ask: all may read, and pages of a site may write. */
import type { Context } from "hono";
import type { Route } from "./routes.ts";
import type { Site } from "./site.ts";

/** Browsers ask again after this time at most. */
const PREFLIGHT_KEPT_S = 7_200;
const EXPOSED =
  "ETag, RateLimit, RateLimit-Policy, Retry-After, Likes-As-Of, Likes-Version, Likes-Status";

/** The fields that let every page see an answer. */
export const PUBLIC = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": EXPOSED,
};

/** Returns the fields that let a page see an answer, errors too. */
export function corsFields(
  route: Route,
  site: Site | undefined,
  context: Pick<Context, "req">,
): Readonly<Record<string, string>> {
  if (!route.isWrite) return PUBLIC;
  const origin = context.req.header("origin");
  if (origin === undefined || !(site?.origins.includes(origin) ?? false)) return { Vary: "Origin" };
  return {
    Vary: "Origin",
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Expose-Headers": EXPOSED,
  };
}

/** Answers the question of a browser whether a page may ask a site; undefined for an unknown one. */
export function preflight(site: Site | undefined, context: Pick<Context, "req">): Response {
  const origin = context.req.header("origin") ?? "";
  const isListed = site?.origins.includes(origin) ?? false;
  const isRead = context.req.path.endsWith("/likes:read");
  const headers: Record<string, string> = { Vary: "Origin" };
  if (isListed || isRead) {
    headers["Access-Control-Allow-Origin"] = isListed ? origin : "*";
    headers["Access-Control-Allow-Methods"] = "GET, PUT, POST, DELETE";
    headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type";
    headers["Access-Control-Max-Age"] = `${PREFLIGHT_KEPT_S}`;
  }
  return new Response(null, { status: 204, headers });
}
