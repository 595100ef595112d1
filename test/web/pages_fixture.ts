/** Pages on a real web server, over a LikesServer in memory. */
import { createHmac } from "node:crypto";
import { SignJWT } from "jose";
import * as assert from "uvu/assert";
import { Metrics } from "../../src/web/metrics.ts";
import { Minting } from "../../src/web/minting.ts";
import { RateLimit } from "../../src/web/rate_limits.ts";
import type { Site } from "../../src/web/site.ts";
import { Tokens } from "../../src/web/tokens.ts";
import { Watchers } from "../../src/web/watchers.ts";
import { startWebServer } from "../../src/web/web_server.ts";
import type { WebServer } from "../../src/web/web_server.ts";
import { FakeSource } from "./fake_source.ts";
import { PagesClient } from "./pages_client.ts";

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

/** Pages that are served until they are disposed. */
export class ServedPages extends PagesClient implements AsyncDisposable {
  readonly source: FakeSource;
  readonly metrics: Metrics;
  readonly watchers: Watchers;
  readonly tokens: Tokens;
  /** The keys of each site. */
  readonly keys: Map<string, readonly string[]>;
  /** Errors that no answer may come from. A test that causes one takes it. */
  readonly bugs: unknown[];
  readonly #server: WebServer;

  constructor(server: WebServer, shared: Pick<ServedPages, SharedName>) {
    super(server.port);
    const { source, metrics, watchers, tokens, keys, bugs } = shared;
    this.source = source;
    this.metrics = metrics;
    this.watchers = watchers;
    this.tokens = tokens;
    this.keys = keys;
    this.bugs = bugs;
    this.#server = server;
  }

  /** Returns the token of a new anonymous person, without a request. */
  anonymous(site = "blog"): string {
    return this.tokens.mint(site);
  }

  async [Symbol.asyncDispose](): Promise<void> {
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
