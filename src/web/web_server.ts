/**
 * The server of the pages: Node's HTTP with Hono's routes. It turns requests into ours and answers
 * back, with the checks that all routes share. It knows sockets, and handlers do not.
 */
import { STATUS_CODES, createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { RequestError, getRequestListener } from "@hono/node-server";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono } from "hono";
import type { Context } from "hono";
import {
  CONNECTION_IDLE_MAX_MS,
  REQUEST_WAIT_MAX_MS,
  SHUTDOWN_WAIT_MAX_MS,
  WEB_CONNECTIONS_MAX,
  WEB_CONNECTIONS_OF_CLIENT_MAX,
  WEB_FIELDS_MAX,
  WEB_HEADER_BYTES_MAX,
  WEB_SILENCE_MAX_MS,
} from "../limits.ts";
import type { Address } from "../text/address.ts";
import { Tally } from "../tally.ts";
import { addressOf } from "../text/peer_address.ts";
import { Bodies } from "./body.ts";
import { PUBLIC, corsFields, preflight } from "./cors.ts";
import type { Web, WebAnswer } from "./exchange.ts";
import { listen } from "./listen.ts";
import { Pipelines } from "./pipelines.ts";
import { Problem } from "./problem.ts";
import { RequestReader } from "./request.ts";
import type { Proxies } from "./request.ts";
import { ROUTES } from "./routes.ts";
import type { Route } from "./routes.ts";

/** How often Node looks for requests that take too long to arrive. */
const SWEEP_MS = 1_000;

const UNADDRESSED = new Problem("request-invalid", "Cannot read the request: its address is none");
const NO_REQUEST = "Cannot read the request: it is no HTTP/1.1";
const MALFORMED = new Map([
  [
    "HPE_HEADER_OVERFLOW",
    new Problem(
      "fields-too-large",
      `Cannot read the request: line and fields have more than ${WEB_HEADER_BYTES_MAX} bytes`,
    ),
  ],
  [
    "ERR_HTTP_REQUEST_TIMEOUT",
    new Problem(
      "request-slow",
      `Cannot wait longer than ${REQUEST_WAIT_MAX_MS} ms for the request`,
    ),
  ],
]);

type Env = { Bindings: HttpBindings };

/** What a server needs beside what its handlers share. */
export interface WebServerOptions extends Address {
  readonly web: Web;
  readonly proxies: Proxies;
  /** Called with an error that is a bug. */
  readonly onBug: (error: unknown) => void;
}

/** A server that listens. */
export interface WebServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens. Throws LikesError `port_taken`. */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const errorHandler = (error: unknown): Response => {
    const isAddress = error instanceof RequestError;
    return problemAnswer(isAddress ? UNADDRESSED : reported(error, options.onBug), {});
  };
  const server = serverOf(getRequestListener(appOf(options).fetch, { errorHandler }));
  server.maxConnections = WEB_CONNECTIONS_MAX;
  if (options.proxies.hops === 0) boundClients(server);
  const { port } = await listen(server, options, "HTTP");
  return { port, close: async () => close(server, options.web) };
}

function serverOf(answer: ReturnType<typeof getRequestListener>): Server {
  const pipelines = new Pipelines();
  const options = {
    maxHeaderSize: WEB_HEADER_BYTES_MAX,
    headersTimeout: REQUEST_WAIT_MAX_MS,
    requestTimeout: REQUEST_WAIT_MAX_MS,
    keepAliveTimeout: CONNECTION_IDLE_MAX_MS,
    connectionsCheckingInterval: SWEEP_MS,
  };
  const server = createServer(options, (incoming, outgoing) => {
    if (pipelines.admit(incoming, outgoing)) void answer(incoming, outgoing);
  });
  server.maxHeadersCount = WEB_FIELDS_MAX + 1; // one more is seen, and refused
  // Whoever does not read what was sent holds a connection, and with it others off.
  server.timeout = WEB_SILENCE_MAX_MS;
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code !== "ECONNRESET" && socket.writable && pipelines.isClear(socket)) {
      return answerMalformed(error, socket);
    }
    return void socket.destroy();
  });
  return server;
}

function appOf({ web, proxies, onBug }: WebServerOptions): Hono<Env> {
  const app = new Hono<Env>();
  const reader = new RequestReader(web.sites, web.tokens, new Bodies(), proxies);
  const answer = async (context: Context<Env>, route: Route): Promise<Response> => {
    const startedMs = performance.now();
    const result = await answered(() => serve(web, reader, context, route), onBug);
    if (result instanceof Problem) web.metrics.problem(result.problem);
    web.metrics.answered(
      `${route.method} ${route.path}`,
      result.status,
      (performance.now() - startedMs) / 1_000,
    );
    return send(context, result, corsFields(route, web.sites.get(siteIn(context)), context));
  };
  for (const route of ROUTES) app.on(route.method, route.path, (context) => answer(context, route));
  app.options("/v1/:site/*", (context) => preflight(web.sites.get(siteIn(context)), context));
  app.options("*", (context) => preflight(undefined, context));
  // Such as an answer that cannot be sent.
  app.onError((error, context) => send(context, reported(error, onBug), {}));
  app.notFound((context) => send(context, unrouted(context.req), PUBLIC));
  return app;
}

/** Returns the problem of a request that no route has. */
function unrouted({ method, path }: Pick<Context["req"], "method" | "path">): Problem {
  const found = ROUTES.filter((route) => matches(route.path, path));
  const methods = found.flatMap((route) =>
    route.method === "GET" ? ["GET", "HEAD"] : route.method,
  );
  if (methods.length === 0) {
    return new Problem("not-found", `Cannot find ${path}: see /openapi.json for all pages`);
  }
  const detail = `Cannot ${method} ${path}: see /openapi.json for its methods`;
  return new Problem("method-unknown", detail, {}, { Allow: [...methods, "OPTIONS"].join(", ") });
}

async function serve(
  web: Web,
  reader: RequestReader,
  context: Context<Env>,
  route: Route,
): Promise<WebAnswer> {
  return route.handle(web, await reader.read(route, context));
}

/** Returns an answer or a problem, and reports any other error. */
async function answered(
  work: () => Promise<WebAnswer>,
  onBug: (error: unknown) => void,
): Promise<WebAnswer | Problem> {
  try {
    return await work();
  } catch (error) {
    return error instanceof Problem ? error : reported(error, onBug);
  }
}

/** Reports an error that is a bug. A client learns nothing of it. */
function reported(error: unknown, onBug: (error: unknown) => void): Problem {
  onBug(error);
  return new Problem("internal", "Cannot answer: an internal error");
}

function send(
  context: Context<Env>,
  result: WebAnswer | Problem,
  cors: Readonly<Record<string, string>>,
): Response {
  const always = { "X-Content-Type-Options": "nosniff", ...cors };
  if (result instanceof Problem) return problemAnswer(result, always);
  const { status, body, type, fields, stream } = result;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const kind = type ?? (body === undefined ? undefined : "application/json");
  const headers = {
    ...(kind === undefined ? {} : { "Content-Type": `${kind}; charset=utf-8` }),
    ...always,
    ...fields,
  };
  if (stream === undefined || context.req.method === "HEAD")
    return new Response(body === undefined ? null : text, { status, headers });
  const outgoing = context.env.outgoing;
  outgoing.writeHead(status, headers);
  // Its close ends the stream: a write that comes before that fails.
  outgoing.on("error", () => outgoing.destroy());
  start(outgoing, stream);
  return RESPONSE_ALREADY_SENT;
}

function problemAnswer(problem: Problem, more: Readonly<Record<string, string>>): Response {
  const type = { "Content-Type": "application/problem+json", "Cache-Control": "no-store" };
  const headers = { ...type, ...more, ...problem.fields };
  return new Response(JSON.stringify(problem.body), { status: problem.status, headers });
}

/** Streams once it is this answer's turn. One behind an answer without an end never has it. */
function start(outgoing: ServerResponse, stream: (sink: ServerResponse) => void): void {
  if (outgoing.destroyed) return; // the client has left
  if (outgoing.socket === null) outgoing.once("socket", () => stream(outgoing));
  else stream(outgoing);
}

function siteIn(context: Context<Env>): string {
  return context.req.param("site") ?? "";
}

function matches(pattern: string, path: string): boolean {
  const parts = pattern.split("/");
  const found = path.split("/");
  return (
    parts.length === found.length &&
    parts.every(
      (part, index) => (part.startsWith(":") && found[index] !== "") || part === found[index],
    )
  );
}

/** Answers what is no request of HTTP, and hangs up. */
function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  const problem = MALFORMED.get(error.code ?? "") ?? new Problem("request-invalid", NO_REQUEST);
  const body = JSON.stringify(problem.body);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nConnection: close\r\n` +
      `Content-Type: application/problem+json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** Ends connections of a network that has too many, so that others get in. */
function boundClients(server: Server): void {
  const open = new Tally();
  server.on("connection", (socket: Socket) => {
    const client = addressOf(socket.remoteAddress ?? "");
    if (open.of(client) === WEB_CONNECTIONS_OF_CLIENT_MAX) return socket.destroy();
    open.add(client);
    socket.once("close", () => open.remove(client));
    return undefined;
  });
}

/** Ends streams at once, and requests after a grace period. */
async function close(server: Server, web: Web): Promise<void> {
  web.watchers.close();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), SHUTDOWN_WAIT_MAX_MS).unref();
  await closed;
}
