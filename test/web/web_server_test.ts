/** The server: paths that no route has, the operator's pages, figures, and the end. */
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startOperatorServer } from "../../src/web/operator_server.ts";
import { faultOf } from "../store/faults.ts";
import { DOCUMENT } from "./documented.ts";
import { EVIL, KEY, servingPages, signed } from "./pages_fixture.ts";
import type { ServedPages } from "./pages_fixture.ts";

const ME = "/v1/blog/likes/a/me";
const FREE = { host: "127.0.0.1", port: 0 };

test("a path that no route has is not found", async () => {
  await using pages = await servingPages();
  for (const path of [
    "/",
    "/v1",
    "/v1/blog",
    "/v1/blog/likes/",
    "/v1/blog/likes//me",
    "/v2/blog/likes",
    "/LIVEZ",
    "/livez/",
    "/%ff",
  ]) {
    for (const method of ["GET", "PUT", "POST"]) {
      const { status } = await pages.refused("not-found", method, path);
      assert.is(status, 404);
    }
  }
});

test("a method that a path does not have is refused, and the answer has those that it has", async () => {
  await using pages = await servingPages();
  for (const [method, path, allowed] of [
    ["POST", "/v1/blog/likes", "GET, HEAD, OPTIONS"],
    ["GET", ME, "PUT, DELETE, OPTIONS"],
    ["PATCH", ME, "PUT, DELETE, OPTIONS"],
    ["GET", "/v1/blog/likes:write", "POST, OPTIONS"],
    ["DELETE", "/livez", "GET, HEAD, OPTIONS"],
  ] as const) {
    const { status, fields } = await pages.refused("method-unknown", method, path);
    assert.equal([status, fields.allow], [405, allowed], `${method} ${path}`);
  }
});

test("HEAD is GET without a body, and does not watch", async () => {
  await using pages = await servingPages();
  for (const path of ["/v1/blog/likes?item=a", "/v1/blog/events?item=a"]) {
    assert.equal(await headOf(pages, path), { status: 200, text: "" });
  }
  assert.is(pages.watchers.size, 0);
});

test("openapi.json is the document of the routes", async () => {
  await using pages = await servingPages();
  const { json, fields } = await pages.ask("GET", "/openapi.json");
  assert.equal(json, DOCUMENT);
  assert.is(fields["access-control-allow-origin"], "*");
});

test("livez tells whether the process answers, and readyz whether likes are accepted", async () => {
  await using pages = await servingPages();
  for (const path of ["/livez", "/readyz"]) assert.is((await pages.ask("GET", path)).text, "ok\n");
  pages.source.accepts = false;
  assert.is((await pages.ask("GET", "/livez")).status, 200);
  const { status, text } = await pages.refused("not-accepting", "GET", "/readyz");
  assert.is(status, 503);
  assert.match(text, "Cannot accept likes at a:");
});

test("a bug anywhere is answered, and the operator learns of it", async () => {
  await using pages = await servingPages();
  const bug = new Error("a secret: a bug");
  pages.metrics.answered = () => {
    throw bug;
  };
  const { text } = await pages.refused("internal", "GET", "/v1/blog/likes?item=a");
  assert.not.match(text, "secret");
  assert.equal(pages.bugs.splice(0), [bug]);
});

test("the operator's pages tell figures, and whether the process is well", async () => {
  await using pages = await servingPages();
  await pages.ask("PUT", ME, { body: { value: 1 }, token: pages.anonymous() });
  await pages.ask("PUT", ME, { body: { value: 0 }, token: pages.anonymous() });
  await pages.ask("GET", "/v1/nowhere/likes?item=a");
  await using operator = await operating(pages);
  const { status, type, text } = await operator.get("/metrics");
  assert.equal([status, type], [200, "text/plain; version=0.0.4; charset=utf-8"]);
  for (const figure of [
    'likes_http_requests_total{route="PUT /v1/:site/likes/:item/me",status="200"} 2',
    'likes_http_requests_total{route="GET /v1/:site/likes",status="404"} 1',
    'likes_http_request_seconds_count{route="PUT /v1/:site/likes/:item/me"} 2',
    'likes_http_problems_total{problem="site-unknown"} 1',
    'likes_sets_total{outcome="stored"} 1',
    'likes_sets_total{outcome="same"} 1',
    "likes_watchers 0",
    "likes_pending_events 3",
    "likes_accepted_events 7",
    "likes_accepting 1",
  ]) {
    assert.ok(text.split("\n").includes(figure), figure);
  }
  assert.match(text, "process_cpu_seconds_total");
  for (const path of ["/livez", "/readyz"]) {
    assert.equal(await operator.get(path), { status: 200, type: "text/plain", text: "ok\n" });
  }
  pages.source.accepts = false;
  assert.is((await operator.get("/readyz")).status, 503);
  assert.is((await operator.get("/livez")).status, 200);
  assert.match((await operator.get("/metrics")).text, "\nlikes_accepting 0\n");
  for (const path of ["/", "/v1/blog/likes?item=a", "/openapi.json"]) {
    assert.is((await operator.get(path)).status, 404, path);
  }
});

test("figures name no item, no site, no person and no token", async () => {
  await using pages = await servingPages();
  const token = await signed({ sub: "kowalska" });
  const secrets = [
    "kowalska",
    "a-secret-item",
    "blog",
    "nowhere-else",
    "evil.example",
    "127.0.0.1",
    KEY,
    token,
    pages.anonymous(),
  ];
  const path = "/v1/blog/likes/a-secret-item/me";
  await pages.ask("PUT", path, { body: { value: 1 }, token });
  await pages.ask("PUT", path, { body: { value: 1 }, token: secrets.at(-1) ?? "" });
  await pages.ask("PUT", path, { body: { value: 1 }, token, fields: { Origin: EVIL } });
  await pages.ask("PUT", path, { body: { value: 1 }, token: `${token}x` });
  await pages.ask("GET", "/v1/nowhere-else/likes?item=a-secret-item");
  await pages.ask("GET", "/nowhere-else");
  await pages.ask("DELETE", "/v1/blog/persons/kowalska", { token: KEY });
  const text = await pages.metrics.text();
  for (const secret of secrets) assert.not.ok(text.includes(secret), secret);
});

test("startOperatorServer() and startWebServer() say when their port is taken", async () => {
  await using pages = await servingPages();
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const fault = await faultOf("port_taken", () => {
    return startOperatorServer({ ...FREE, port }, pages.metrics, pages.source);
  });
  assert.match(fault.message, `Cannot serve metrics at 127.0.0.1:${port}: `);
  const web = await faultOf("port_taken", () => servingPages({ port }));
  assert.match(web.message, `Cannot serve HTTP at 127.0.0.1:${port}: `);
  taken.close();
});

test("a request that is no HTTP, or has too many fields, ends its connection alone", async () => {
  await using pages = await servingPages();
  const long = `GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(40_000)}\r\n\r\n`;
  for (const [bytes, status] of [
    ["nonsense\r\n\r\n", 400],
    ["GET /livez HTTP/1.1\r\n\r\n", 400],
    [long, 431],
    ["PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
  ] as const) {
    assert.match(await exchanged(pages.port, bytes), new RegExp(`^HTTP/1\\.1 ${status} `));
  }
  assert.is((await pages.ask("GET", "/livez")).status, 200);
});

test("close() ends the streams and the connections", async () => {
  let socket: Socket | undefined;
  {
    await using pages = await servingPages();
    socket = connect(pages.port, "127.0.0.1");
    socket.write("GET /v1/blog/events?item=a HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "data");
  }
  socket.resume();
  await once(socket, "close");
});

test.run();

interface Operating extends AsyncDisposable {
  get(path: string): Promise<{ status: number; type: string | null; text: string }>;
}

async function operating({ metrics, source }: ServedPages): Promise<Operating> {
  const server = await startOperatorServer(FREE, metrics, source);
  const { port } = server.address;
  return {
    get: async (path) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      const { status, headers } = answer;
      return { status, type: headers.get("content-type"), text: await answer.text() };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(server.close()),
  };
}

/** No client of ours sends HEAD: it has no document of its own. */
async function headOf({ port }: ServedPages, path: string) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: "HEAD" });
  return { status: answer.status, text: await answer.text() };
}

async function exchanged(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
  socket.on("error", () => {});
  socket.write(bytes);
  await once(socket, "close");
  return answer;
}
