/**
 * The pages of three LikesServers on real processes: a person counts once, through whatever server and
 * protocol a like comes, however often it is sent, and whatever dies in between.
 */
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { SignJWT } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesClient } from "../../src/rpc/client/likes_client.ts";
import { waitForConvergence } from "../../src/rpc/client/wait_for_convergence.ts";
import { becomes } from "../fixtures/eventually.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";
import { EventStream } from "../web/event_stream.ts";
import { PagesClient } from "../web/pages_client.ts";
import type { Answer, Ask } from "../web/pages_client.ts";

const CALL_WAIT_MS = 60_000;
const CONVERGE_WAIT_MS = 300_000;
const PERSONS = 447;
const TAKEN_BACK = 13;
/** Persons who ask at the same time. */
const AT_ONCE = 50;
const IDS = ["a", "b", "c"];
const SITE = ["--site", "blog=https://example.org"];
const LIMITS = ["--writes", "1000000", "--new-persons", "1000"];
const PAGES = ["--http", "127.0.0.1:0", ...SITE, ...LIMITS];
const READY = /^pages at http:\/\/127\.0\.0\.1:(\d+)$/m;
const LIKE = { value: 1 };
const DAY_S = 24 * 3_600;

test("447 persons of whom 13 take their like back are 434 everywhere, though all comes twice", async () => {
  await using blog = await Blog.start();
  const streams = await blog.watch("post");
  const tokens = await Promise.all(
    Array.from({ length: PERSONS }, (_, index) => blog.token(`person ${index}`)),
  );
  // Every other one leaves the revision to the LikesServer.
  const revision = (index: number, next: number) => (index % 2 === 0 ? {} : { revision: next });
  const twice = async (method: string, index: number, body: Ask["body"]) => {
    const token = tokens[index] ?? "";
    for (const at of [index, index + 1]) await blog.at(at).me(method, "post", { body, token });
  };
  const like = (index: number) => twice("PUT", index, { ...LIKE, ...revision(index, 1) });
  for (let first = 0; first < PERSONS; first += AT_ONCE) {
    await Promise.all(tokens.slice(first, first + AT_ONCE).map((_, at) => like(first + at)));
  }
  await blog.converged();
  const takers = tokens.slice(0, TAKEN_BACK);
  await Promise.all(takers.map((_, index) => twice("DELETE", index, revision(index, 2))));
  await blog.expectLikes("post", PERSONS - TAKEN_BACK);
  for (const stream of streams) {
    await stream.until("post", "434");
    assert.ok(stream.likesOf("post").every((likes) => Number(likes) <= PERSONS));
  }
  const { code, stdout } = await blog.counter.likes(["verify", "--json", ...blog.data]);
  const { verdict, sums } = JSON.parse(stdout);
  assert.equal([code, verdict, sums.items, sums.registers], [0, "exact", "434", "434"], stdout);
});

test("fifteen anonymous persons from one address are 15", async () => {
  await using blog = await Blog.start();
  const persons = Array.from({ length: 15 }, async (_, index) => {
    const { json } = await blog.at(index).ask("POST", "/v1/blog/anonymous");
    const { token } = json as { readonly token: string };
    for (const at of [index, index + 1]) await blog.at(at).me("PUT", "post", { body: LIKE, token });
  });
  await Promise.all(persons);
  await blog.expectLikes("post", 15);
});

test("a like that is taken back twice at once is 0, and no watcher sees less", async () => {
  await using blog = await Blog.start();
  const streams = await blog.watch("post");
  const token = await blog.token("ada");
  await blog.at(0).me("PUT", "post", { body: LIKE, token });
  await blog.expectLikes("post", 1);
  await Promise.all([0, 1].map((at) => blog.at(at).me("DELETE", "post", { token })));
  await blog.expectLikes("post", 0);
  for (const stream of streams) {
    await stream.until("post", "0");
    const told = stream.likesOf("post").filter((likes) => likes !== null);
    assert.ok(
      told.every((likes) => likes === "0" || likes === "1"),
      told.join(" "),
    );
  }
});

test("a like whose answer died counts once, though it is sent again elsewhere after a crash", async () => {
  await using blog = await Blog.start();
  const token = await blog.token("ada");
  const like = { body: { value: 1, revision: 1 }, token };
  const body = JSON.stringify(like.body);
  const socket = connect(blog.at(0).port, "127.0.0.1").on("error", () => {}); // it is cut
  socket.write(
    "PUT /v1/blog/likes/post/me HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
      `Authorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const read = { body: { items: ["post"] }, token };
  await becomes("the like on the disk", async () => {
    const { items } = await blog.at(0).ask("POST", "/v1/blog/likes:read", read);
    return items[0]?.me?.revision === 1;
  });
  socket.destroy(); // nobody has read the answer
  await blog.restart("SIGKILL");
  const { set } = await blog.at(1).me("PUT", "post", like);
  assert.is(set.me.value, 1);
  await blog.expectLikes("post", 1);
});

test("an add with one Idempotency-Key counts once, though it is given at three LikesServers", async () => {
  await using blog = await Blog.start();
  const fields = { "Idempotency-Key": `"${randomUUID()}"` };
  const add = { body: { likes: "5" }, token: blog.key, fields };
  const given = [0, 1, 2, 0].map((at) => blog.at(at).ask("POST", "/v1/blog/likes/post/add", add));
  for (const { status, text } of await Promise.all(given)) assert.is(status, 200, text);
  await blog.expectLikes("post", 5);
});

test("a subject is one person over HTTP, over gRPC and on the command line", async () => {
  await using blog = await Blog.start();
  const token = await blog.token("ada");
  const [role] = blog.roles;
  assert.ok(role !== undefined);
  const client = new LikesClient(role.address);
  const set = (likes: number, revision: number) => {
    const wanted = { likes, reaction: likes };
    const asked = { itemId: "blog/post", subject: "ada", wanted, revision };
    return client.setLike(asked, CALL_WAIT_MS);
  };
  await blog.at(1).me("PUT", "post", { body: LIKE, token });
  await set(1, 1);
  const line = ["set", "blog/post", "1", "--person", "ada", "--revision", "1"];
  const typed = await blog.counter.likes([...line, "--primary", blog.counter.primary]);
  assert.is(typed.code, 0, typed.stderr);
  await blog.expectLikes("post", 1);
  await set(0, 2);
  client.close();
  await blog.expectLikes("post", 0);
  const read = { body: { items: ["post"] }, token };
  const { items } = await blog.at(2).ask("POST", "/v1/blog/likes:read", read);
  assert.equal(items[0]?.me, { revision: 2, value: 0, counted: 0 });
});

test("start-likes --json tells where the pages are", async () => {
  await using counter = new Counter();
  const folders = ["--data-dir", counter.dataDir, "--log-dir", counter.logDir];
  const role = counter.spawn(["start-likes", "--json", ...folders, "--port", "0", ...PAGES]);
  const [, port] = await role.waitFor(/"http":"127\.0\.0\.1:(\d+)"/);
  const pages = new PagesClient(Number(port));
  assert.is((await pages.ask("GET", "/livez")).text, "ok\n");
  await pages.refused("not-accepting", "GET", "/readyz"); // there is no primary
});

test.run();

/** The pages of a LikesServer. */
class BlogPages extends PagesClient {
  /** Sets what a person gives to an item, or takes it back. */
  async me(method: string, item: string, asked: Ask): Promise<Answer> {
    const answer = await this.ask(method, `/v1/blog/likes/${item}/me`, asked);
    assert.is(answer.status, 200, answer.text);
    return answer;
  }
}

/** A site whose pages three LikesServers serve, and their primary. */
class Blog implements AsyncDisposable {
  readonly counter = new Counter();
  /** The LikesServers. */
  roles: readonly Role[] = [];
  /** A key of the site's backend. */
  key = "";
  #processes: readonly Role[] = [];
  #pages: readonly BlogPages[] = [];
  readonly #streams: EventStream[] = [];

  static async start(): Promise<Blog> {
    const blog = new Blog();
    const { stdout } = await blog.counter.likes(["key", "blog", ...blog.data]);
    blog.key = stdout.trim();
    await blog.#start();
    return blog;
  }

  get data(): readonly string[] {
    return ["--data-dir", this.counter.dataDir];
  }

  /** The pages of a LikesServer, counted round and round. */
  at(index: number): BlogPages {
    const pages = this.#pages[index % this.#pages.length];
    assert.ok(pages !== undefined);
    return pages;
  }

  /** Returns a token as the site's backend signs it. */
  async token(subject: string): Promise<string> {
    return new SignJWT({})
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(subject)
      .setAudience("blog")
      .setExpirationTime(Math.floor(Date.now() / 1_000) + DAY_S / 2)
      .sign(Buffer.from(this.key));
  }

  /** Watches an item at each LikesServer. */
  async watch(item: string): Promise<readonly EventStream[]> {
    for (const { port } of this.#pages) {
      this.#streams.push(await EventStream.of(port, "blog", [item]));
    }
    return this.#streams;
  }

  /** Ends all processes, and starts them again. */
  async restart(signal: NodeJS.Signals): Promise<void> {
    await Promise.all(this.#processes.map((role) => role.end(signal)));
    await this.#start();
  }

  async converged(): Promise<void> {
    await waitForConvergence(this.counter.primary, CONVERGE_WAIT_MS, () => {});
  }

  /** Waits until all is counted. Then every LikesServer tells `likes`, over HTTP and gRPC. */
  async expectLikes(item: string, likes: number): Promise<void> {
    await this.converged();
    for (const pages of this.#pages) {
      await becomes(`${likes} likes over HTTP`, async () => {
        const { items } = await pages.ask("GET", `/v1/blog/likes?item=${item}`);
        return items[0]?.likes === `${likes}`;
      });
    }
    for (const { address } of this.roles) {
      const client = new LikesClient(address);
      await becomes(`${likes} likes over gRPC`, async () => {
        const asked = { itemIds: [`blog/${item}`], limit: 0 };
        const { counts } = await client.counts(asked, CALL_WAIT_MS);
        return counts[0]?.fetched?.likes === BigInt(likes);
      });
      client.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#streams.map((stream) => stream[Symbol.asyncDispose]()));
    await this.counter[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    const primary = await this.counter.startPrimary();
    this.roles = await Promise.all(
      IDS.map((id) => this.counter.startAccepting(id, { flags: PAGES })),
    );
    this.#processes = [primary, ...this.roles];
    this.#pages = await Promise.all(
      this.roles.map(async (role) => {
        const [, port] = await role.waitFor(READY);
        return new BlogPages(Number(port));
      }),
    );
  }
}
