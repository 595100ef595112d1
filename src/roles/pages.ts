/** The pages of a LikesServer: HTTP for browsers and backends, and figures for the operator. */
import {
  NETWORK_WRITES_FACTOR,
  NEW_PERSONS_DEFAULT,
  NEW_PERSONS_FACTOR,
  WRITES_PER_MINUTE_DEFAULT,
} from "../limits.ts";
import { monotonicMs } from "../monotonic.ts";
import type { Address } from "../text/address.ts";
import type { WebSource } from "../web/exchange.ts";
import { Metrics } from "../web/metrics.ts";
import type { Gauges } from "../web/metrics.ts";
import { Minting } from "../web/minting.ts";
import { startOperatorServer } from "../web/operator_server.ts";
import { RateLimit } from "../web/rate_limits.ts";
import type { Site } from "../web/site.ts";
import { Tokens } from "../web/tokens.ts";
import type { SiteKeyring } from "../web/tokens.ts";
import { Watchers } from "../web/watchers.ts";
import { startWebServer } from "../web/web_server.ts";

const PROXY_HINT =
  "a proxy forwards requests of others, and all its clients share the limits of one; if it is your " +
  "own, add --proxy-hops 1";
const MINUTE_S = 60;
const DAY_S = 24 * 3_600;

/** Where the pages are, whose they are, and their limits. */
export interface PagesOptions {
  readonly http: Address;
  /** Where the operator's pages are; undefined for nowhere. */
  readonly metrics: Address | undefined;
  readonly sites: readonly Site[];
  readonly keys: SiteKeyring;
  readonly proxyHops: number;
  /** Likes that a person may give in a minute; WRITES_PER_MINUTE_DEFAULT by default. */
  readonly writesPerMinute?: number;
  /** Persons of a network in a day without a challenge; NEW_PERSONS_DEFAULT by default. */
  readonly newPersons?: number;
  readonly onBug: (error: unknown) => void;
  /** Called once, with what the operator should change. */
  readonly onHint: (hint: string) => void;
}

/** Pages that are served. */
export interface Pages {
  readonly http: Address;
  /** Undefined if there are none. */
  readonly metrics: Address | undefined;
  close(): Promise<void>;
}

/** Serves the pages. Throws LikesError `port_taken`. */
export async function servePages(
  options: PagesOptions,
  secret: Uint8Array,
  source: WebSource,
  gauges: Omit<Gauges, "watchers" | "isAccepting">,
): Promise<Pages> {
  const { sites, keys, proxyHops, http, onBug } = options;
  const writes = options.writesPerMinute ?? WRITES_PER_MINUTE_DEFAULT;
  const freePerDay = options.newPersons ?? NEW_PERSONS_DEFAULT;
  const tokens = new Tokens(secret, keys, Date.now);
  const watchers = new Watchers(source, monotonicMs);
  const { isAccepting } = source;
  const metrics = new Metrics({ ...gauges, isAccepting, watchers: () => watchers.size });
  const newPersons = Math.max(1, freePerDay) * NEW_PERSONS_FACTOR;
  const web = {
    source,
    sites: new Map(sites.map((site) => [site.name, site])),
    tokens,
    minting: new Minting(
      secret,
      tokens,
      new RateLimit({ name: "new-persons", requests: newPersons, seconds: DAY_S }),
      { freePerDay, now: Date.now },
    ),
    personLimit: new RateLimit({ name: "writes", requests: writes, seconds: MINUTE_S }),
    networkLimit: new RateLimit({
      name: "network-writes",
      requests: writes * NETWORK_WRITES_FACTOR,
      seconds: MINUTE_S,
    }),
    watchers,
    metrics,
  };
  const proxies = { hops: proxyHops, onUnknown: once(() => options.onHint(PROXY_HINT)) };
  const server = await startWebServer({ ...http, web, proxies, onBug });
  const operator = options.metrics && (await startOperatorServer(options.metrics, metrics, source));
  return {
    http: { host: http.host, port: server.port },
    metrics: operator?.address,
    close: async () => {
      operator?.close();
      await server.close();
    },
  };
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}
