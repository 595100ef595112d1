/** Handlers about persons: who asks, new persons, and the end of one. */
import type { Static } from "typebox";
import { COOKIE_LIFE_S } from "../limits.ts";
import type { AddResult } from "../core/likes_server/likes_server.ts";
import type { SubjectToForget } from "../core/likes_server/client_requests.ts";
import { PRIVATE, json } from "./exchange.ts";
import type { Web, WebAnswer, WebRequest } from "./exchange.ts";
import { Problem, problemOf } from "./problem.ts";
import type { EVENT, MINT_BODY, PERSON_BODY } from "./schemas.ts";
import type { Site } from "./site.ts";
import { isAnonymous } from "./tokens.ts";

/** Returns the name of the cookie of a person's token. Sites behind one host have one each. */
export function cookieName(site: string): string {
  return `__Host-likes-${Buffer.from(site).toString("base64url")}`;
}

/** Makes a new anonymous person. */
export async function mintPerson(
  web: Web,
  request: WebRequest<Static<typeof MINT_BODY>>,
): Promise<WebAnswer> {
  const token = await mintFor(web, request, request.body.altcha);
  const fields = { "Cache-Control": PRIVATE, ...cookieFields(request, token) };
  return json(201, { token }, fields);
}

/** Returns the token of a new person of a site. Throws Problem. */
export async function mintFor(
  { minting }: Web,
  { site, client }: WebRequest,
  solved: string | undefined,
): Promise<string> {
  if (!site.signedOnly) return minting.mint(site.name, client, solved);
  const detail = `Cannot make an anonymous person: ${site.name} takes likes of signed-in persons only`;
  throw new Problem("sign-in-required", detail);
}

/** Forgets the person who asks. */
export async function forgetMe(
  web: Web,
  request: WebRequest<Static<typeof PERSON_BODY>>,
): Promise<WebAnswer> {
  const { site, body, query } = request;
  const subject = await personOf(web, request, body.token);
  await web.personLimit.charge(`${site.name} ${subject}`, 1);
  const fields = request.isCookie ? { "Set-Cookie": cookie(site, "", 0) } : {};
  return forgotten(web, { site: site.name, subject, withdraw: isWithdrawn(query) }, fields);
}

/** Forgets a person whom the site's backend names. */
export async function forgetPerson(
  web: Web,
  { site, subject, query }: WebRequest,
): Promise<WebAnswer> {
  return forgotten(web, { site: site.name, subject, withdraw: isWithdrawn(query) }, {});
}

async function forgotten(
  { source }: Web,
  who: SubjectToForget,
  fields: Readonly<Record<string, string>>,
): Promise<WebAnswer> {
  const result = await new Promise<AddResult>((resolve) => source.forget(who, resolve));
  if (result.type === "refused") throw problemOf(result.refusal);
  const event = eventOf(source.serverId, result);
  const answer = { outcome: "accepted", event };
  return json(202, answer, { "Cache-Control": PRIVATE, ...fields });
}

function isWithdrawn(query: URLSearchParams): boolean {
  const likes = query.get("likes") ?? "keep";
  if (likes === "keep" || likes === "withdraw") return likes === "withdraw";
  const detail = `Cannot forget the person: likes is ${JSON.stringify(likes)}; give keep or withdraw`;
  throw new Problem("query-invalid", detail);
}

/** Returns the subject of the person who asks. Throws Problem. */
export async function personOf(
  web: Web,
  request: WebRequest,
  bodyToken: string | undefined,
): Promise<string> {
  const token = bodyToken ?? request.token;
  if (token !== undefined) return subjectOf(web, request.site, token);
  const detail =
    "Cannot tell who asks: the request has no token; send one as Authorization: Bearer TOKEN, or " +
    `get a new one from POST /v1/${request.site.name}/anonymous`;
  throw new Problem("person-missing", detail);
}

/** Returns the subject whose token it is, if the site takes such persons. Throws Problem. */
export async function subjectOf(web: Web, site: Site, token: string): Promise<string> {
  const subject = await web.tokens.subjectOf(site.name, token);
  if (!site.signedOnly || !isAnonymous(subject)) return subject;
  const detail = `Cannot accept the token: ${site.name} takes likes of signed-in persons only`;
  throw new Problem("sign-in-required", detail);
}

/** Returns the field that keeps a token in the browser, where browsers send it back. */
export function cookieFields(
  request: Pick<WebRequest, "header" | "site">,
  token: string,
): Readonly<Record<string, string>> {
  if (!keepsCookies(request)) return {};
  return { "Set-Cookie": cookie(request.site, token, COOKIE_LIFE_S) };
}

/** Whether the browser of a page sends cookies with its writes: not to another site. */
export function keepsCookies({ header }: Pick<WebRequest, "header">): boolean {
  return header("sec-fetch-site") !== "cross-site";
}

function cookie({ name }: Site, token: string, lifeS: number): string {
  return `${cookieName(name)}=${token}; Path=/; Max-Age=${lifeS}; Secure; HttpOnly; SameSite=Lax`;
}

/** Returns where an event is stored, as an answer has it. */
export function eventOf(
  server: string,
  { incarnation, sequence }: { readonly incarnation: string; readonly sequence: number },
): Static<typeof EVENT> {
  return { server, incarnation, sequence: `${sequence}` };
}
