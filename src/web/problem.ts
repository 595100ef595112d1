/**
 * Errors as answers: RFC 9457. A problem says whether anything was stored. Whoever repeats a request
 * with the same content, anywhere, does no harm.
 */
import type { Refusal } from "../errors.ts";

/** Every problem: its status and its title. The type is `urn:likes:problem:` and the name. */
export const PROBLEMS = {
  "request-invalid": { status: 400, title: "The request is not valid" },
  "item-invalid": { status: 400, title: "The item id is not valid" },
  "query-invalid": { status: 400, title: "The query is not valid" },
  "body-invalid": { status: 400, title: "The body is not valid" },
  "like-invalid": { status: 400, title: "The likes are not valid" },
  "revision-invalid": { status: 400, title: "The revision does not give this value" },
  "return-invalid": { status: 400, title: "The page to return to is not of the site" },
  "idempotency-key-missing": { status: 400, title: "The Idempotency-Key is missing or not valid" },
  "person-missing": { status: 401, title: "The request names no person" },
  "token-invalid": { status: 401, title: "The token is not valid here" },
  "token-expired": { status: 401, title: "The token has expired" },
  "key-invalid": { status: 401, title: "The key is not one of the site" },
  "origin-refused": { status: 403, title: "The origin is not listed for the site" },
  "challenge-required": { status: 403, title: "A new person needs a solved challenge" },
  "sign-in-required": { status: 403, title: "The site takes likes of signed-in persons only" },
  "site-unknown": { status: 404, title: "The site is not known here" },
  "not-found": { status: 404, title: "There is no such page" },
  "method-unknown": { status: 405, title: "The page does not have this method" },
  "request-slow": { status: 408, title: "The request took too long to arrive" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "body-type": { status: 415, title: "The type of the body is not understood" },
  "operation-reused": { status: 422, title: "The operation has added something else" },
  "quota-exceeded": { status: 429, title: "Too many requests" },
  "fields-too-large": { status: 431, title: "The fields are too large" },
  internal: { status: 500, title: "An error of the server" },
  "outcome-unknown": { status: 500, title: "The server stopped before it could tell the outcome" },
  "not-accepting": { status: 503, title: "The server accepts no likes now" },
  "outbox-full": { status: 503, title: "The outbox has no room" },
  "disk-full": { status: 503, title: "The disk is full" },
  "store-busy": { status: 503, title: "The outbox is busy" },
  "too-many": { status: 503, title: "Too much waits already" },
  "count-unknown": { status: 503, title: "The likes are not known now" },
} as const;

export type ProblemName = keyof typeof PROBLEMS;

/** A problem of HTTP's own: the draft of rate limits names its type. */
const QUOTA_TYPE = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/** How long a client waits before it asks again, in seconds, unless a limit says more. */
const RETRY_AFTER_S = 1;

/** The body of a problem. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Null when that is unknown. */
  readonly stored: false | null;
  readonly [more: string]: unknown;
}

/** An error that ends a request. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly problem: ProblemName;
  readonly more: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    problem: ProblemName,
    detail: string,
    more: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.problem = problem;
    this.more = more;
    this.headers = headers;
  }

  get status(): number {
    return PROBLEMS[this.problem].status;
  }

  get body(): ProblemBody {
    const { status, title } = PROBLEMS[this.problem];
    const type =
      this.problem === "quota-exceeded" ? QUOTA_TYPE : `urn:likes:problem:${this.problem}`;
    const stored = this.problem === "outcome-unknown" ? null : false;
    return { type, title, status, detail: this.message, stored, ...this.more };
  }

  /** The fields of the answer. A client that may ask again later learns when. */
  get fields(): Readonly<Record<string, string>> {
    return this.status === 503
      ? { "Retry-After": `${RETRY_AFTER_S}`, ...this.headers }
      : this.headers;
  }
}

/** Returns the problem of a refusal of the core. */
export function problemOf({ code, message }: Refusal): Problem {
  const name = code.replaceAll("_", "-");
  return Object.hasOwn(PROBLEMS, name)
    ? new Problem(name as ProblemName, message)
    : new Problem("internal", message);
}
