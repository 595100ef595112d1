/**
 * Handlers that write likes. A write sets what a person gives, and never toggles it: whoever repeats
 * a request changes nothing.
 */
import type { Static } from "typebox";
import { LIKES_PER_EVENT_MAX } from "../limits.ts";
import type { AddResult, SetResult } from "../core/likes_server/likes_server.ts";
import type { SubjectSet } from "../core/likes_server/client_requests.ts";
import type { ClientId } from "../core/protocol/ids.ts";
import type { LikeEvent } from "../core/protocol/like_event.ts";
import type { Operation } from "../core/protocol/operation.ts";
import { PRIVATE, json } from "./exchange.ts";
import type { Web, WebAnswer, WebRequest } from "./exchange.ts";
import { cookieFields, eventOf, keepsCookies, mintFor, personOf } from "./persons.ts";
import { Problem, problemOf } from "./problem.ts";
import { limitFields } from "./rate_limits.ts";
import { checkedItemId, freshness, itemLikes } from "./read_likes.ts";
import type { ADD_BODY, SET_ANSWER, SET_BODY, UNSET_BODY, WRITE_BODY } from "./schemas.ts";
import { isInTurn, itemOf, valueMax, valueOf, wantedOf } from "./site.ts";
import type { Site } from "./site.ts";

/** A value for an item. */
interface Wish {
  readonly itemId: string;
  readonly value: number;
  readonly revision: number | undefined;
}

/** Sets what the person gives to an item. */
export async function putMe(
  web: Web,
  request: WebRequest<Static<typeof SET_BODY>>,
): Promise<WebAnswer> {
  const { value, revision, token } = request.body;
  return setOne(web, request, token, { itemId: request.itemId, value, revision });
}

/** Takes back what the person gives to an item. */
export async function deleteMe(
  web: Web,
  request: WebRequest<Static<typeof UNSET_BODY>>,
): Promise<WebAnswer> {
  const { revision, token } = request.body;
  return setOne(web, request, token, { itemId: request.itemId, value: 0, revision });
}

async function setOne(
  web: Web,
  request: WebRequest,
  token: string | undefined,
  wish: Wish,
): Promise<WebAnswer> {
  const set = readWish(request.site, wish);
  const subject = await personOf(web, request, token);
  const fields = await charge(web, request, subject, [wish]);
  const outcome = await storedOne(web, { ...set, subject });
  return json(200, answerOf(web, request.site, wish.itemId, outcome), {
    "Cache-Control": PRIVATE,
    ...freshness(web.source, [web.source.cached(wish.itemId)]),
    ...fields,
  });
}

/** Sets what the person gives to several items, each with its own outcome. */
export async function writeLikes(
  web: Web,
  request: WebRequest<Static<typeof WRITE_BODY>>,
): Promise<WebAnswer> {
  const { site, body } = request;
  const wishes = body.operations.map(({ item, value, revision }) => {
    return { itemId: checkedItemId(site, item), value, revision };
  });
  const read = wishes.map((wish) => tryRead(site, wish));
  const subject = await personOf(web, request, body.token);
  const fields = await charge(web, request, subject, wishes);
  const sets = read.filter((set): set is Unnamed => !(set instanceof Problem));
  const outcomes = (
    await stored(
      web,
      sets.map((set) => ({ ...set, subject })),
    )
  ).values();
  const items = read.map((set, index) => {
    const { itemId = "" } = wishes[index] ?? {};
    const outcome = set instanceof Problem ? set : outcomes.next().value;
    const problem = outcome instanceof Problem ? outcome : problemIn(outcome);
    if (problem !== undefined) return { item: itemOf(site.name, itemId), problem: problem.body };
    return answerOf(web, site, itemId, outcome as Done);
  });
  return json(200, { items }, { "Cache-Control": PRIVATE, ...fields });
}

/** Sets what the person gives to an item, for a page without scripts, and returns to the page. */
export async function postForm(
  web: Web,
  request: WebRequest<Readonly<Record<string, string>>>,
): Promise<WebAnswer> {
  const { site, itemId, body } = request;
  const back = returnTo(site, body["return"] ?? request.header("referer"));
  if (!/^(?:0|[1-9]\d?)$/.test(body["value"] ?? "")) {
    throw new Problem(
      "body-invalid",
      "Cannot read the form: value is no whole number from 0 to 63",
    );
  }
  const wish = { itemId, value: Number(body["value"]), revision: undefined };
  const set = readWish(site, wish);
  const fields = await sendForm(web, request, wish, set);
  return { status: 303, fields: { Location: back, "Cache-Control": PRIVATE, ...fields } };
}

/** Sets what a form says. Returns the fields that keep a new person. Throws Problem. */
async function sendForm(
  web: Web,
  request: WebRequest,
  wish: Wish,
  set: Unnamed,
): Promise<Readonly<Record<string, string>>> {
  const known = await tokenInForm(web, request);
  if (known === undefined && wish.value === 0) return {}; // a new person has nothing to take back
  const token = known ?? (await tokenForForm(web, request));
  const subject = await personOf(web, request, token);
  await charge(web, request, subject, [wish]);
  await storedOne(web, { ...set, subject });
  return known === undefined ? cookieFields(request, token) : {};
}

/** Returns the token of a form. A page without scripts cannot take away a cookie that has ended. */
async function tokenInForm(web: Web, request: WebRequest): Promise<string | undefined> {
  const { token, isCookie } = request;
  if (token === undefined || !isCookie) return token;
  try {
    await personOf(web, request, token);
    return token;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return undefined;
    throw error;
  }
}

/** Returns the token of a new person. At another site each like would make one. Throws Problem. */
async function tokenForForm(web: Web, request: WebRequest): Promise<string> {
  if (keepsCookies(request)) return mintFor(web, request, undefined);
  const detail =
    "Cannot tell who sends the form: a browser sends no cookie from another site; serve the form's " +
    "address below the site's own name";
  throw new Problem("person-missing", detail);
}

/** Returns the page of the site to return to. Throws Problem `return-invalid`. */
function returnTo(site: Site, page: string | undefined): string {
  const url = page !== undefined && URL.canParse(page) ? new URL(page) : undefined;
  if (url !== undefined && site.origins.includes(url.origin)) return url.href;
  const found = page === undefined ? "it is missing" : "it is not of the site";
  const detail = `Cannot return to the page: ${found}; give a whole URL of the site as return`;
  throw new Problem("return-invalid", detail);
}

/** Adds likes for the site's backend, once for each operation. */
export async function addLikes(
  web: Web,
  request: WebRequest<Static<typeof ADD_BODY>>,
): Promise<WebAnswer> {
  const { site, itemId, body, header } = request;
  const operation = readOperation(header("idempotency-key"));
  const likes = BigInt(body.likes);
  if (likes > BigInt(LIKES_PER_EVENT_MAX)) {
    const found = `${likes} likes; give 0 to ${LIKES_PER_EVENT_MAX}`;
    throw new Problem("like-invalid", `Cannot add ${found}`);
  }
  const event: LikeEvent = { itemId, change: { kind: "add", likes, operation } };
  const [result] = await new Promise<readonly AddResult[]>((resolve) => {
    web.source.add([event], resolve);
  });
  if (result === undefined || result.type === "refused") throw refusedBy(result);
  const shown = itemLikes(site, web.source.cached(itemId), false);
  const where = eventOf(web.source.serverId, result);
  return json(200, { ...shown, outcome: "accepted", event: where }, { "Cache-Control": PRIVATE });
}

/** `"<client>/<number>"`; a UUID alone is a client with one operation. */
const OPERATION =
  /^(?<quote>"?)(?<client>[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\/(?<number>[1-9]\d{0,15}))?\k<quote>$/i;

function readOperation(key: string | undefined): Operation {
  const { client, number = "1" } = OPERATION.exec(key ?? "")?.groups ?? {};
  if (client !== undefined && Number.isSafeInteger(Number(number))) {
    const digits = client.replaceAll("-", "").toLowerCase();
    return { client: digits as ClientId, number: Number(number) };
  }
  const detail =
    'Cannot add without an operation: give Idempotency-Key: "<client>/<number>", a client of 32 ' +
    "hexadecimal digits that counts its adds from 1; or a UUID for one add";
  throw new Problem("idempotency-key-missing", detail);
}

type Unnamed = Omit<SubjectSet, "subject">;
type Done = Exclude<SetResult, { readonly type: "refused" }>;

/** Returns the set of a wish. Throws Problem. */
function readWish(site: Site, { itemId, value, revision }: Wish): Unnamed {
  const max = valueMax(site.policy);
  if (value > max) {
    const detail = `Cannot give ${value}: at ${site.name} a person gives 0 to ${max}`;
    throw new Problem("like-invalid", detail);
  }
  if (revision !== undefined && !isInTurn(site.policy, revision, value)) {
    const detail = `Cannot give ${value} with revision ${revision}: odd revisions give a like, even ones none`;
    throw new Problem("revision-invalid", detail);
  }
  return { itemId, wanted: wantedOf(site.policy, value), revision };
}

function tryRead(site: Site, wish: Wish): Unnamed | Problem {
  try {
    return readWish(site, wish);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** Charges the person and the network. What takes likes back is free. Returns the fields to send. */
async function charge(
  web: Web,
  { site, client }: WebRequest,
  subject: string,
  wishes: readonly Wish[],
): Promise<Readonly<Record<string, string>>> {
  const likes = wishes.filter(({ value }) => value > 0).length;
  if (likes === 0) return {};
  const remaining = await web.personLimit.charge(`${site.name} ${subject}`, likes);
  await web.networkLimit.charge(client, likes);
  return limitFields(web.personLimit.quota, remaining);
}

/** Stores one set. Throws Problem when it is refused. */
async function storedOne(web: Web, set: SubjectSet): Promise<Done> {
  const [outcome] = await stored(web, [set]);
  if (outcome === undefined || outcome.type === "refused") throw refusedBy(outcome);
  return outcome;
}

async function stored(web: Web, sets: readonly SubjectSet[]): Promise<readonly SetResult[]> {
  const outcomes = await new Promise<readonly SetResult[]>((resolve) => {
    web.source.set(sets, resolve);
  });
  for (const { type } of outcomes) web.metrics.set(type);
  return outcomes;
}

function answerOf(web: Web, site: Site, itemId: string, done: Done): Static<typeof SET_ANSWER> {
  const { state } = done;
  const value = valueOf(site.policy, state);
  return {
    ...itemLikes(site, web.source.cached(itemId), false),
    me: { revision: state.revision, value, counted: null },
    outcome: done.type,
    event: done.type === "stored" ? eventOf(web.source.serverId, done) : null,
  };
}

function problemIn(outcome: SetResult | undefined): Problem | undefined {
  return outcome === undefined || outcome.type === "refused" ? refusedBy(outcome) : undefined;
}

/** Returns the problem of a request without an outcome. */
function refusedBy(outcome: AddResult | SetResult | undefined): Problem {
  if (outcome?.type === "refused") return problemOf(outcome.refusal);
  return new Problem("internal", "Cannot tell the outcome: there is none");
}
