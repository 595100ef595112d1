/** Pages on a real web server, over a LikesServer in memory. Every answer is held to its document. */
import { createHmac } from "node:crypto";
import { Agent, request as send } from "node:http";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { once } from "node:events";
import { text as textOf } from "node:stream/consumers";
import { SignJWT } from "jose";
import type { Static } from "typebox";
import * as assert from "uvu/assert";
import { Metrics } from "../../src/web/metrics.ts";
import { Minting } from "../../src/web/minting.ts";
import { RateLimit } from "../../src/web/rate_limits.ts";
import type { ITEMS, ITEM_LIKES, SET_ANSWER } from "../../src/web/schemas.ts";
import type { Site } from "../../src/web/site.ts";
import { Tokens } from "../../src/web/tokens.ts";
import { Watchers } from "../../src/web/watchers.ts";
import { startWebServer } from "../../src/web/web_server.ts";
import type { WebServer } from "../../src/web/web_server.ts";
import { checkAnswer, problemIn } from "./documented.ts";
import { FakeSource } from "./fake_source.ts";

export const ORIGIN = "https://example.org";
/** The same site without scripts, such as of a mirror. */
export const ORIGIN_TOO = "https://www.example.org";
export const EVIL = "https://evil.example";
export const KEY = "likes_key_of_the_blog";
export const SECRET = createHmac("sha256", "a test").update("secret").digest();

/** No limit ends while a test runs. */
const DAY_S = 24 * 3_600;
const SITES: readonly Site[] = [
  { name: "blog", origins: [ORIGIN, ORIGIN_TOO], policy: "like", signedOnly: false },
  { name: "shop", origins: [ORIGIN], policy: "reactions", signedOnly: false },
  { name: "stage", origins: [ORIGIN], policy: "claps", signedOnly: false },
  { name: "forum", origins: [ORIGIN], policy: "like", signedOnly: true },
];

/** Settings of the pages. All limits are far away by default. */
export interface PagesLimits {
  /** 0, any free port, by default. */
  readonly port?: number;
  readonly proxyHops?: number;
  /** Likes of a person. */
  readonly writes?: number;
  /** Likes of a network. */
  readonly networkWrites?: number;
  /** New persons of a network without a challenge. */
  readonly freePersons?: number;
  /** New persons of a network. */
  readonly newPersons?: number;
  /** Milliseconds of the clock of the watchers. */
  readonly nowMs?: () => number;
}

/** A request. */
export interface Ask {
  /** Sent as JSON, or as it is if it is text. */
  readonly body?: unknown;
  /** Sent as Authorization. */
  readonly token?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** An answer, which its document allows. */
export class Answer {
  readonly status: number;
  readonly fields: IncomingHttpHeaders;
  readonly text: string;

  constructor({ statusCode = 0, headers }: IncomingMessage, text: string) {
    this.status = statusCode;
    this.fields = headers;
    this.text = text;
  }

  get json(): unknown {
    return JSON.parse(this.text);
  }

  /** The name of the problem that it tells; undefined for none. */
  get problem(): string | undefined {
    return problemIn(this.fields["content-type"] ?? "", this.text);
  }

  get items(): readonly Static<typeof ITEM_LIKES>[] {
    return (this.json as Static<typeof ITEMS>).items;
  }

  get set(): Static<typeof SET_ANSWER> {
    return this.json as Static<typeof SET_ANSWER>;
  }
}

/** Pages that are served until they are disposed. */
export class ServedPages implements AsyncDisposable {
  readonly source: FakeSource;
  readonly metrics: Metrics;
  readonly watchers: Watchers;
  readonly tokens: Tokens;
  readonly port: number;
  /** The keys of each site. */
  readonly keys: Map<string, readonly string[]>;
  /** Errors that no answer may come from. A test that causes one takes it. */
  readonly bugs: unknown[];
  readonly #server: WebServer;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(server: WebServer, shared: Pick<ServedPages, SharedName>) {
    const { source, metrics, watchers, tokens, keys, bugs } = shared;
    this.source = source;
    this.metrics = metrics;
    this.watchers = watchers;
    this.tokens = tokens;
    this.keys = keys;
    this.bugs = bugs;
    this.port = server.port;
    this.#server = server;
  }

  /** Asks, and checks the answer against its document. */
  async ask(method: string, path: string, asked: Ask = {}): Promise<Answer> {
    const outgoing = this.open(method, path, asked);
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    const answer = new Answer(incoming, await textOf(incoming));
    const { status, fields, text } = answer;
    checkAnswer({ method, path }, { status, type: fields["content-type"] ?? "", text });
    return answer;
  }

  /** Asks, and expects a problem. Nothing was stored, unless nobody knows. */
  async refused(problem: string, method: string, path: string, asked: Ask = {}): Promise<Answer> {
    const answer = await this.ask(method, path, asked);
    assert.is(answer.problem, problem, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** Sends a request whose answer the caller reads. */
  open(method: string, path: string, { body, token, fields }: Ask = {}): ClientRequest {
    const isText = typeof body === "string";
    const bytes = isText ? body : body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...(bytes !== undefined && { "Content-Length": `${Buffer.byteLength(bytes)}` }),
      ...(bytes !== undefined && !isText && { "Content-Type": "application/json" }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...fields,
    };
    const options = { host: "127.0.0.1", port: this.port, method, path, headers };
    return send({ ...options, agent: this.#agent }).end(bytes);
  }

  /** Returns the token of a new anonymous person, without a request. */
  anonymous(site = "blog"): string {
    return this.tokens.mint(site);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.#server.close();
    assert.equal(this.bugs, [], "no error was a bug");
  }
}

type SharedName = "source" | "metrics" | "watchers" | "tokens" | "keys" | "bugs";

const FAR = 1_000_000;

/** Serves pages at a free port. */
export async function servingPages(limits: PagesLimits = {}): Promise<ServedPages> {
  const { writes = FAR, networkWrites = FAR, freePersons = FAR, newPersons = FAR } = limits;
  const source = new FakeSource();
  const keys = new Map<string, readonly string[]>([["blog", [KEY]]]);
  const bugs: unknown[] = [];
  const tokens = new Tokens(SECRET, { of: (site) => keys.get(site) ?? [] }, Date.now);
  const watchers = new Watchers(source, limits.nowMs ?? (() => performance.now()));
  const metrics = new Metrics({
    watchers: () => watchers.size,
    pendingEvents: () => 3,
    acceptedEvents: () => 7,
    isAccepting: source.isAccepting,
  });
  const minted = new RateLimit({ name: "new-persons", requests: newPersons, seconds: DAY_S });
  const free = { freePerDay: freePersons, now: Date.now };
  const server = await startWebServer({
    host: "127.0.0.1",
    port: limits.port ?? 0,
    proxies: { hops: limits.proxyHops ?? 0, onUnknown: () => {} },
    onBug: (error) => bugs.push(error),
    web: {
      source,
      sites: new Map(SITES.map((site) => [site.name, site])),
      tokens,
      minting: new Minting(SECRET, tokens, minted, free),
      personLimit: new RateLimit({ name: "writes", requests: writes, seconds: DAY_S }),
      networkLimit: new RateLimit({
        name: "network-writes",
        requests: networkWrites,
        seconds: DAY_S,
      }),
      watchers,
      metrics,
    },
  });
  return new ServedPages(server, { source, metrics, watchers, tokens, keys, bugs });
}

/** What a token says, unless a test changes it. */
interface Claims {
  readonly sub?: string;
  readonly aud?: string;
  readonly key?: string;
  /** When it expires, in seconds from now. */
  readonly lifeS?: number;
}

/** Returns a token as a site's backend signs it. */
export async function signed({
  sub = "ada",
  aud = "blog",
  key = KEY,
  lifeS = 3_600,
}: Claims = {}): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(sub)
    .setAudience(aud)
    .setExpirationTime(Math.floor(Date.now() / 1_000) + lifeS)
    .sign(Buffer.from(key));
}
