/** The limits of the pages, as the flags give them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { servePages } from "../../src/roles/pages.ts";
import type { PagesOptions } from "../../src/roles/pages.ts";
import { FakeSource } from "../web/fake_source.ts";
import { PagesClient } from "../web/pages_client.ts";
import { challengeIn, solved } from "../web/challenges.ts";

const FREE = { host: "127.0.0.1", port: 0 };
const BLOG = { name: "blog", origins: [], policy: "like", signedOnly: false } as const;
const GAUGES = { pendingEvents: () => 0, acceptedEvents: () => 0 };
const PATH = "/v1/blog/anonymous";

test("without free persons each one needs a challenge, and more than one may solve it", async () => {
  await using pages = await serve({ newPersons: 0 });
  const client = new PagesClient(pages.http.port);
  for (let persons = 0; persons < 2; persons++) {
    const required = await client.refused("challenge-required", "POST", PATH);
    const body = { altcha: await solved(challengeIn(required)) };
    const { status, text } = await client.ask("POST", PATH, { body });
    assert.is(status, 201, text);
  }
});

test.run();

async function serve(options: Partial<PagesOptions>) {
  const settings = { http: FREE, metrics: undefined, sites: [BLOG], keys: { of: () => [] } };
  const onBug = (error: unknown): never => {
    throw error;
  };
  const all = { ...settings, proxyHops: 0, onBug, onHint: () => {}, ...options };
  const secret = Buffer.from("a secret of a test");
  const pages = await servePages(all, secret, new FakeSource(), GAUGES);
  return { ...pages, [Symbol.asyncDispose]: () => pages.close() };
}
