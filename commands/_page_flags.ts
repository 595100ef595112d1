/** The flags of a LikesServer's pages over HTTP. */
import * as Flags from "@oclif/core/flags";
import { LikesError } from "../src/errors.ts";
import { NEW_PERSONS_DEFAULT, PROXY_HOPS_MAX, WRITES_PER_MINUTE_DEFAULT } from "../src/limits.ts";
import { checkSite } from "../src/core/protocol/subject.ts";
import type { PagesOptions } from "../src/roles/pages.ts";
import { SiteKeys } from "../src/store/site_keys.ts";
import { parseAddress } from "../src/text/address.ts";
import type { Address } from "../src/text/address.ts";
import { quote } from "../src/text/escape.ts";
import { POLICIES } from "../src/web/site.ts";
import type { Policy, Site } from "../src/web/site.ts";
import { checkExposure, checkNeeded, wholeFlag } from "./_flags.ts";
import type { Parsed } from "./_flags.ts";

const WRITES_PER_MINUTE_MAX = 1_000_000;
const NEW_PERSONS_MAX = 1_000_000;

/** An address to listen on, with port 0 for any free one. */
const listenFlag = Flags.custom<Address>({
  helpValue: "HOST:PORT",
  parse: (text) => Promise.resolve(parseAddress(text)),
});

/** Where the pages are, whose they are, and their limits. */
export const pageFlags = {
  http: listenFlag({ summary: "also serve HTTP at this address, for browsers and backends" }),
  site: Flags.custom<Pick<Site, "name" | "origins">>({
    helpValue: "NAME=ORIGIN",
    parse: (text) => Promise.resolve(parseSite(text)),
  })({
    summary: "a site, and the origins of its pages with commas between; again for more sites",
    multiple: true,
  }),
  policy: Flags.custom<readonly [site: string, policy: Policy]>({
    helpValue: "NAME=POLICY",
    parse: (text) => Promise.resolve(parsePolicy(text)),
  })({
    summary: `what a person gives at a site: ${POLICIES.join(", ")}; default like`,
    multiple: true,
  }),
  "signed-only": Flags.string({
    helpValue: "NAME",
    summary: "a site that takes likes of persons alone whom its backend signs in",
    multiple: true,
  }),
  "proxy-hops": wholeFlag(
    0,
    PROXY_HOPS_MAX,
  )({
    summary: `your own proxies in front of HTTP (0 to ${PROXY_HOPS_MAX})`,
    default: 0,
  }),
  writes: wholeFlag(
    1,
    WRITES_PER_MINUTE_MAX,
  )({
    summary: "likes that a person may give in a minute",
    default: WRITES_PER_MINUTE_DEFAULT,
  }),
  "new-persons": wholeFlag(
    0,
    NEW_PERSONS_MAX,
  )({
    summary: "new anonymous persons of a network in a day before each needs a solved challenge",
    default: NEW_PERSONS_DEFAULT,
  }),
  metrics: listenFlag({ summary: "serve figures for Prometheus at this address" }),
};

/** The page flags as oclif parsed them. */
interface PageFlags {
  readonly http?: Address | undefined;
  readonly site?: readonly Pick<Site, "name" | "origins">[] | undefined;
  readonly policy?: readonly (readonly [site: string, policy: Policy])[] | undefined;
  readonly "signed-only"?: readonly string[] | undefined;
  readonly "proxy-hops": number;
  readonly writes: number;
  readonly "new-persons": number;
  readonly metrics?: Address | undefined;
  readonly "data-dir": string;
  readonly insecure: boolean;
}

/** Checks that the page flags belong together. Throws LikesError `usage` or `address_exposed`. */
export function checkPages(parsed: Parsed & { readonly flags: PageFlags }): void {
  const { http, site: sites = [], policy = [], metrics, insecure } = parsed.flags;
  const signedOnly = parsed.flags["signed-only"] ?? [];
  checkNeeded(parsed, Object.keys(pageFlags).slice(1), "http");
  if (http === undefined) return;
  if (sites.length === 0) {
    throw usage("Cannot serve HTTP: no site is named; add --site NAME=ORIGIN");
  }
  const names = sites.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) {
    throw usage(`Cannot serve the site ${twice} twice: give its origins with commas between`);
  }
  const unknown = [...policy.map(([name]) => name), ...signedOnly].find(
    (name) => !names.includes(name),
  );
  if (unknown !== undefined) {
    throw usage(`Cannot find the site ${quote(unknown)}: add --site ${unknown}=ORIGIN`);
  }
  checkExposure(http.host, insecure);
  if (metrics !== undefined) checkExposure(metrics.host, insecure);
}

/** Returns the pages that the flags ask for; undefined without --http. */
export function pagesOf(
  flags: PageFlags,
  onHint: (hint: string) => void,
): Omit<PagesOptions, "onBug"> | undefined {
  const { http, metrics, site: sites = [] } = flags;
  if (http === undefined) return undefined;
  const policies = new Map(flags.policy);
  return {
    http,
    metrics,
    sites: sites.map(({ name, origins }) => ({
      name,
      origins,
      policy: policies.get(name) ?? "like",
      signedOnly: flags["signed-only"]?.includes(name) ?? false,
    })),
    keys: new SiteKeys(flags["data-dir"]),
    proxyHops: flags["proxy-hops"],
    writesPerMinute: flags.writes,
    newPersons: flags["new-persons"],
    onHint,
  };
}

function parseSite(text: string): Pick<Site, "name" | "origins"> {
  const [name = "", ...rest] = text.split("=");
  const origins = rest.join("=").split(",");
  const refusal = checkSite(name);
  if (refusal !== undefined) throw usage(refusal.message);
  const wrong = origins.find(
    (origin) => !URL.canParse(origin) || new URL(origin).origin !== origin,
  );
  if (name !== "" && wrong === undefined) return { name, origins };
  const found =
    wrong === undefined || wrong === ""
      ? "a name and an origin are needed"
      : `${quote(wrong)} is no origin`;
  throw usage(`Cannot use the site ${quote(text)}: ${found}; give it as blog=https://example.org`);
}

function parsePolicy(text: string): readonly [site: string, policy: Policy] {
  const [name = "", policy = ""] = text.split("=");
  const known = POLICIES.find((one) => one === policy);
  if (known !== undefined) return [name, known];
  throw usage(
    `Cannot use the policy ${quote(text)}: give it as blog=${POLICIES.join(" or blog=")}`,
  );
}

function usage(message: string): LikesError {
  return new LikesError("usage", message);
}
