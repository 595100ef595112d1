/** A request whose fields are checked, and the answer to it: what handlers see of HTTP. */
import type { Accepting, Reading, Watching } from "../core/likes_server/client_requests.ts";
import type { Metrics } from "./metrics.ts";
import type { Minting } from "./minting.ts";
import type { RateLimit } from "./rate_limits.ts";
import type { Site } from "./site.ts";
import type { Tokens } from "./tokens.ts";
import type { EventSink, Watchers } from "./watchers.ts";

/** The LikesServer behind the pages. */
export interface WebSource extends Accepting, Reading, Watching {
  readonly serverId: string;
  /** Whether it accepts likes now. */
  readonly isAccepting: () => boolean;
}

/** What handlers share. */
export interface Web {
  readonly source: WebSource;
  readonly sites: ReadonlyMap<string, Site>;
  readonly tokens: Tokens;
  readonly minting: Minting;
  /** The writes of each person, and of each network. */
  readonly personLimit: RateLimit;
  readonly networkLimit: RateLimit;
  readonly watchers: Watchers;
  readonly metrics: Metrics;
}

/** A request. */
export interface WebRequest<Body = unknown> {
  /** Of a path with a site. */
  readonly site: Site;
  /** Of a path with an item: its id in the ledger. */
  readonly itemId: string;
  /** Of a path with a subject. */
  readonly subject: string;
  readonly query: URLSearchParams;
  readonly body: Body;
  readonly header: (name: string) => string | undefined;
  /** The token of a header or of a cookie. */
  readonly token: string | undefined;
  /** Whether the token is that of a cookie, which browsers send by themselves. */
  readonly isCookie: boolean;
  /** The machine or network of the client. */
  readonly client: string;
}

/** An answer. */
export interface WebAnswer {
  readonly status: number;
  /** Undefined without a body. A string is sent as it is, other bodies as JSON. */
  readonly body?: unknown;
  readonly type?: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** Gets the connection once the fields are sent, and ends the answer some time later. */
  readonly stream?: (sink: EventSink) => void;
}

/** No cache keeps an answer about a person. */
export const PRIVATE = "private, no-store";

/** Returns an answer with a body in JSON. */
export function json(
  status: number,
  body: unknown,
  fields: Readonly<Record<string, string>> = {},
): WebAnswer {
  return { status, body, fields };
}
