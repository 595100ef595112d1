/**
 * The shapes of bodies. One schema checks a request, types it, and documents it. Whole numbers that
 * may pass 2^53 are text.
 */
import Type from "typebox";
import {
  ITEM_ID_BYTES_MAX,
  LIKES_PER_PERSON_MAX,
  REACTIONS_MAX,
  REVISIONS_MAX,
  SOLVED_CHARS_MAX,
  TOKEN_CHARS_MAX,
  WEB_READ_ITEMS_MAX,
  WEB_WRITES_MAX,
} from "../limits.ts";

const closed = { additionalProperties: false };

const WHOLE = Type.String({ pattern: "^(?:0|[1-9][0-9]{0,18})$", maxLength: 19 });
const ITEM = Type.String({ minLength: 1, maxLength: ITEM_ID_BYTES_MAX });
const TOKEN = Type.String({ minLength: 1, maxLength: TOKEN_CHARS_MAX });
const VALUE = Type.Integer({
  minimum: 0,
  maximum: Math.max(REACTIONS_MAX, LIKES_PER_PERSON_MAX),
  description: "1 is a like and 0 is none; or the reaction, or the number of claps",
});
const REVISION = Type.Integer({ minimum: 1, maximum: REVISIONS_MAX });
const GENERATION = Type.String({ pattern: "^[0-9a-f]{32}$" });

// Requests.

export const SET_BODY = Type.Object(
  {
    value: VALUE,
    revision: Type.Optional(REVISION),
    token: Type.Optional(TOKEN),
  },
  closed,
);

export const UNSET_BODY = Type.Object(
  { revision: Type.Optional(REVISION), token: Type.Optional(TOKEN) },
  closed,
);

export const READ_BODY = Type.Object(
  {
    items: Type.Array(ITEM, { minItems: 1, maxItems: WEB_READ_ITEMS_MAX }),
    token: Type.Optional(TOKEN),
  },
  closed,
);

export const WRITE_BODY = Type.Object(
  {
    token: Type.Optional(TOKEN),
    operations: Type.Array(
      Type.Object({ item: ITEM, value: VALUE, revision: Type.Optional(REVISION) }, closed),
      { minItems: 1, maxItems: WEB_WRITES_MAX },
    ),
  },
  closed,
);

export const ADD_BODY = Type.Object({ likes: WHOLE }, closed);

export const PERSON_BODY = Type.Object({ token: Type.Optional(TOKEN) }, closed);

export const MINT_BODY = Type.Object(
  {
    altcha: Type.Optional(
      Type.String({
        maxLength: SOLVED_CHARS_MAX,
        description: "A solved challenge, as the solver of ALTCHA writes it",
      }),
    ),
  },
  closed,
);

// Answers.

/** What one person gives to an item. */
export const ME = Type.Object(
  {
    revision: Type.Integer({ minimum: 0, maximum: REVISIONS_MAX }),
    value: VALUE,
    counted: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: "The likes of this person within `likes`; null when unknown",
    }),
  },
  closed,
);

export const ITEM_LIKES = Type.Object(
  {
    item: ITEM,
    likes: Type.Union([WHOLE, Type.Null()], { description: "Null when unknown, never 0 for that" }),
    reactions: Type.Optional(
      Type.Record(Type.String({ pattern: "^[1-9][0-9]?$" }), WHOLE, {
        description: "The part of the likes of each reaction",
      }),
    ),
    version: Type.Union([WHOLE, Type.Null()]),
    generation: Type.Union([GENERATION, Type.Null()]),
    as_of: Type.Union([WHOLE, Type.Null()], {
      description: "Unix milliseconds: all that was acknowledged before is counted",
    }),
    me: Type.Optional(Type.Union([ME, Type.Null()])),
  },
  closed,
);

export const ITEMS = Type.Object({ items: Type.Array(ITEM_LIKES) }, closed);

/** Where an event is stored. */
export const EVENT = Type.Object(
  { server: Type.String(), incarnation: GENERATION, sequence: WHOLE },
  closed,
);

export const SET_ANSWER = Type.Object(
  {
    ...ITEM_LIKES.properties,
    me: ME,
    outcome: Type.Enum(["stored", "same", "superseded"]),
    event: Type.Union([EVENT, Type.Null()], { description: "Null when nothing was stored" }),
  },
  closed,
);

export const PROBLEM = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.String(),
  stored: Type.Union([Type.Literal(false), Type.Null()]),
});

export const WRITE_ANSWER = Type.Object(
  {
    items: Type.Array(
      Type.Union([SET_ANSWER, Type.Object({ item: ITEM, problem: PROBLEM }, closed)]),
    ),
  },
  closed,
);

export const ADD_ANSWER = Type.Object(
  { ...ITEM_LIKES.properties, outcome: Type.Literal("accepted"), event: EVENT },
  closed,
);

export const MINTED = Type.Object({ token: TOKEN }, closed);

export const FORGOTTEN = Type.Object({ outcome: Type.Literal("accepted"), event: EVENT }, closed);

export const STATUS_EVENT = Type.Object(
  {
    status: Type.Enum(["converged", "catching-up", "unknown"]),
    as_of: Type.Union([WHOLE, Type.Null()]),
    version: Type.Union([WHOLE, Type.Null()]),
    generation: Type.Union([GENERATION, Type.Null()]),
  },
  closed,
);

/** What the document about all routes says of itself. */
export const OPENAPI = Type.Object({ openapi: Type.String() });
