/**
 * The table of all routes. The server serves what stands here, `openapi.json` documents it, and the
 * tests check every answer against it.
 */
import type { TSchema, Static } from "typebox";
import type { Web, WebAnswer, WebRequest } from "./exchange.ts";
import { json } from "./exchange.ts";
import { openApi } from "./openapi.ts";
import { forgetMe, forgetPerson, mintPerson } from "./persons.ts";
import { Problem } from "./problem.ts";
import type { ProblemName } from "./problem.ts";
import { checkedItemId, getBadge, getLikes, getTop, readItems, readLikes } from "./read_likes.ts";
import {
  ADD_ANSWER,
  ADD_BODY,
  FORGOTTEN,
  ITEMS,
  MINTED,
  MINT_BODY,
  OPENAPI,
  PERSON_BODY,
  READ_BODY,
  SET_ANSWER,
  SET_BODY,
  UNSET_BODY,
  WRITE_ANSWER,
  WRITE_BODY,
} from "./schemas.ts";
import { addLikes, deleteMe, postForm, putMe, writeLikes } from "./write_likes.ts";

/** Who may ask. A site's backend sends its key, and a person a token. */
type Caller = "anyone" | "person" | "backend";

/** A parameter of the query. */
interface Parameter {
  readonly name: string;
  readonly about: string;
  readonly isRepeated?: boolean;
  readonly isNeeded?: boolean;
}

/** A good answer. */
interface Answer {
  readonly status: number;
  readonly about: string;
  readonly type?: string;
  readonly schema?: TSchema;
}

/** A route. Segments of the path with a colon are parameters. */
export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly about: string;
  readonly caller: Caller;
  /** Whether pages of other origins than the site's may not ask. */
  readonly isWrite: boolean;
  readonly query: readonly Parameter[];
  /** The body; undefined without one. A form has no schema. */
  readonly body:
    { readonly types: readonly string[]; readonly schema: TSchema | undefined } | undefined;
  readonly answers: readonly Answer[];
  readonly problems: readonly ProblemName[];
  readonly handle: (web: Web, request: WebRequest) => Promise<WebAnswer>;
}

const JSON_TYPES = ["application/json", "text/plain"];
const ITEM_QUERY: Parameter = {
  name: "item",
  about: "an item; give it again for more",
  isRepeated: true,
  isNeeded: true,
};
const FORGET_QUERY: Parameter = {
  name: "likes",
  about: "keep (the default) lets the likes count without a name; withdraw takes them back",
};
const WRITE_PROBLEMS = [
  "not-accepting",
  "outbox-full",
  "disk-full",
  "store-busy",
  "too-many",
  "outcome-unknown",
] as const;
const TOKEN_PROBLEMS = ["token-invalid", "token-expired", "sign-in-required"] as const;
const PERSON_PROBLEMS = ["person-missing", ...TOKEN_PROBLEMS] as const;

/** Returns a handler whose request has a body of `schema`, which was checked. */
function withBody<Schema extends TSchema>(
  schema: Schema,
  handle: (web: Web, request: WebRequest<Static<Schema>>) => Promise<WebAnswer>,
  types = JSON_TYPES,
): Pick<Route, "body" | "handle"> {
  return { body: { types, schema }, handle: handle as Route["handle"] };
}

export const ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/:site/likes",
    about: "The likes of items. Caches may keep the answer for a second.",
    caller: "anyone",
    isWrite: false,
    query: [ITEM_QUERY],
    body: undefined,
    answers: [
      { status: 200, about: "The likes, in the order asked", schema: ITEMS },
      { status: 304, about: "They are as the client has them; the fields say how fresh" },
    ],
    problems: ["query-invalid", "item-invalid", "count-unknown", "too-many"],
    handle: getLikes,
  },
  {
    method: "POST",
    path: "/v1/:site/likes:read",
    about: "The likes of many items, and what the person gives to each.",
    caller: "anyone",
    isWrite: false,
    query: [],
    ...withBody(READ_BODY, readLikes),
    answers: [{ status: 200, about: "The likes, in the order asked", schema: ITEMS }],
    problems: ["item-invalid", ...TOKEN_PROBLEMS, "count-unknown", "too-many"],
  },
  {
    method: "PUT",
    path: "/v1/:site/likes/:item/me",
    about: "Sets what the person gives to an item. To repeat it does no harm, anywhere and ever.",
    caller: "person",
    isWrite: true,
    query: [],
    ...withBody(SET_BODY, putMe),
    answers: [
      { status: 200, about: "It is on the disk, or nothing had to change", schema: SET_ANSWER },
    ],
    problems: [
      "item-invalid",
      "like-invalid",
      "revision-invalid",
      ...PERSON_PROBLEMS,
      "quota-exceeded",
      "count-unknown",
      ...WRITE_PROBLEMS,
    ],
  },
  {
    method: "DELETE",
    path: "/v1/:site/likes/:item/me",
    about: "Takes back what the person gives to an item.",
    caller: "person",
    isWrite: true,
    query: [],
    ...withBody(UNSET_BODY, deleteMe),
    answers: [
      { status: 200, about: "It is on the disk, or nothing had to change", schema: SET_ANSWER },
    ],
    problems: [
      "item-invalid",
      "revision-invalid",
      ...PERSON_PROBLEMS,
      "count-unknown",
      ...WRITE_PROBLEMS,
    ],
  },
  {
    method: "POST",
    path: "/v1/:site/likes:write",
    about: "Sets what the person gives to several items, such as by navigator.sendBeacon.",
    caller: "person",
    isWrite: true,
    query: [],
    ...withBody(WRITE_BODY, writeLikes),
    answers: [
      {
        status: 200,
        about: "The outcome or the problem of each, in the order asked",
        schema: WRITE_ANSWER,
      },
    ],
    problems: ["item-invalid", ...PERSON_PROBLEMS, "quota-exceeded"],
  },
  {
    method: "POST",
    path: "/v1/:site/likes/:item/form",
    about: "Sets what the person gives, for a page without scripts: fields value, and return.",
    caller: "anyone",
    isWrite: true,
    query: [],
    body: { types: ["application/x-www-form-urlencoded"], schema: undefined },
    answers: [{ status: 303, about: "The page to return to" }],
    problems: [
      "item-invalid",
      "like-invalid",
      "return-invalid",
      "challenge-required",
      ...PERSON_PROBLEMS,
      "quota-exceeded",
      "count-unknown",
      ...WRITE_PROBLEMS,
    ],
    handle: postForm as Route["handle"],
  },
  {
    method: "GET",
    path: "/v1/:site/events",
    about: "The likes of items as they change: server-sent events `counts` and `status`.",
    caller: "anyone",
    isWrite: false,
    query: [ITEM_QUERY],
    body: undefined,
    answers: [{ status: 200, about: "Events; the first has all items", type: "text/event-stream" }],
    problems: ["query-invalid", "item-invalid", "count-unknown", "too-many"],
    handle: watchLikes,
  },
  {
    method: "GET",
    path: "/v1/:site/top",
    about: "The most liked items of a site.",
    caller: "anyone",
    isWrite: false,
    query: [{ name: "limit", about: "how many, 1 to 100; default 20" }],
    body: undefined,
    answers: [
      { status: 200, about: "The items, the most liked first", schema: ITEMS },
      { status: 304, about: "They are as the client has them; the fields say how fresh" },
    ],
    problems: ["query-invalid", "count-unknown", "too-many"],
    handle: getTop,
  },
  {
    method: "GET",
    path: "/v1/:site/likes/:item/badge.svg",
    about: "A picture of the likes of an item.",
    caller: "anyone",
    isWrite: false,
    query: [{ name: "label", about: "the text beside the number; default likes" }],
    body: undefined,
    answers: [{ status: 200, about: "The picture", type: "image/svg+xml" }],
    problems: ["item-invalid"],
    handle: getBadge,
  },
  {
    method: "POST",
    path: "/v1/:site/anonymous",
    about:
      "Makes a new anonymous person, at the first like. The answer is the only copy of the token.",
    caller: "anyone",
    isWrite: true,
    query: [],
    ...withBody(MINT_BODY, mintPerson),
    answers: [{ status: 201, about: "The token of the person", schema: MINTED }],
    problems: ["challenge-required", "sign-in-required", "quota-exceeded"],
  },
  {
    method: "DELETE",
    path: "/v1/:site/me",
    about: "Forgets the person who asks.",
    caller: "person",
    isWrite: true,
    query: [FORGET_QUERY],
    ...withBody(PERSON_BODY, forgetMe),
    answers: [
      { status: 202, about: "It is on the disk, and done when delivered", schema: FORGOTTEN },
    ],
    problems: ["query-invalid", ...PERSON_PROBLEMS, "quota-exceeded", ...WRITE_PROBLEMS],
  },
  {
    method: "DELETE",
    path: "/v1/:site/persons/:subject",
    about: "Forgets a person: the subject is the one of the person's tokens.",
    caller: "backend",
    isWrite: false,
    query: [FORGET_QUERY],
    body: undefined,
    answers: [
      { status: 202, about: "It is on the disk, and done when delivered", schema: FORGOTTEN },
    ],
    problems: ["query-invalid", "key-invalid", "like-invalid", ...WRITE_PROBLEMS],
    handle: forgetPerson,
  },
  {
    method: "POST",
    path: "/v1/:site/likes/:item/add",
    about: "Adds likes that no person is behind, once for each Idempotency-Key.",
    caller: "backend",
    isWrite: false,
    query: [],
    ...withBody(ADD_BODY, addLikes),
    answers: [{ status: 200, about: "It is on the disk", schema: ADD_ANSWER }],
    problems: [
      "item-invalid",
      "like-invalid",
      "key-invalid",
      "idempotency-key-missing",
      "operation-reused",
      ...WRITE_PROBLEMS,
    ],
  },
  {
    method: "GET",
    path: "/openapi.json",
    about: "This document.",
    caller: "anyone",
    isWrite: false,
    query: [],
    body: undefined,
    answers: [{ status: 200, about: "OpenAPI 3.1", schema: OPENAPI }],
    problems: [],
    handle: async () => Promise.resolve(json(200, openApi(ROUTES))),
  },
  {
    method: "GET",
    path: "/livez",
    about: "Whether the process answers.",
    caller: "anyone",
    isWrite: false,
    query: [],
    body: undefined,
    answers: [{ status: 200, about: "It does", type: "text/plain" }],
    problems: [],
    handle: async () => Promise.resolve({ status: 200, body: "ok\n", type: "text/plain" }),
  },
  {
    method: "GET",
    path: "/readyz",
    about: "Whether likes are accepted.",
    caller: "anyone",
    isWrite: false,
    query: [],
    body: undefined,
    answers: [{ status: 200, about: "They are", type: "text/plain" }],
    problems: ["not-accepting"],
    handle: ready,
  },
];

async function ready({ source }: Web): Promise<WebAnswer> {
  if (source.isAccepting())
    return Promise.resolve({ status: 200, body: "ok\n", type: "text/plain" });
  const detail = `Cannot accept likes at ${source.serverId}: the primary has not admitted it, or it stops`;
  throw new Problem("not-accepting", detail);
}

async function watchLikes(web: Web, { site, query, client }: WebRequest): Promise<WebAnswer> {
  const items = query.getAll("item");
  const itemIds = items.map((item) => checkedItemId(site, item));
  web.watchers.check(itemIds, client);
  await readItems(web.source, site, items, undefined);
  web.watchers.check(itemIds, client); // others may have come meanwhile
  const fields = { "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no" };
  return {
    status: 200,
    type: "text/event-stream",
    fields,
    stream: (sink) => web.watchers.add(site, itemIds, client, sink),
  };
}
