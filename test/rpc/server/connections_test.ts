/** The connections of a server: their number, the wait for their preface, and their end. */
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  ADDRESS_CONNECTIONS_MAX,
  CONNECTIONS_MAX,
  CONNECTION_IDLE_MAX_MS,
  HANDSHAKE_WAIT_MAX_MS,
  SHUTDOWN_WAIT_MAX_MS,
} from "../../../src/limits.ts";
import { monotonicMs } from "../../../src/monotonic.ts";
import { Connections } from "../../../src/rpc/server/connections.ts";
import { becomes, within } from "../../fixtures/eventually.ts";

/** Fewer than a system's backlog of connections that are not yet accepted. */
const AT_ONCE = 100;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const LOOPBACK = "127.0.0.1";
/** More than the grace period in which grpc-js ends an idle connection. */
const IDLE_CUT_MS = CONNECTION_IDLE_MAX_MS + 2_000;

function busy(): boolean {
  return true;
}

test("listen() closes a connection when its address has too many, or the server does", async () => {
  await using served = new Served();
  const port = await served.connections.listen(LOOPBACK, 0);
  const fill = async (from: string, upTo: number): Promise<void> => {
    while (served.connections.size < upTo) {
      const before = served.connections.size;
      await Promise.all(Array.from({ length: AT_ONCE }, () => served.connect(port, { from })));
      while (served.connections.size < before + AT_ONCE) await setImmediate();
    }
    await within("the end of another", closed(await served.connect(port, { from })));
    assert.is(served.connections.size, upTo);
  };
  await fill(LOOPBACK, ADDRESS_CONNECTIONS_MAX);
  await fill("127.0.0.2", CONNECTIONS_MAX);
  served.clients[0]?.destroy();
  await becomes("room for one", () => served.connections.size < CONNECTIONS_MAX);
  (await served.connect(port)).write(PREFACE);
  await becomes("it is served", () => served.passedOn.length === 1);
});

test("sweep() cuts a connection that sends no preface in time, but no other", async () => {
  await using served = new Served();
  const port = await served.connections.listen(LOOPBACK, 0);
  const silent = await served.connect(port);
  const slow = await served.connect(port);
  slow.write(PREFACE.slice(0, -1));
  const quick = await served.connect(port);
  quick.write(PREFACE);
  await becomes("the quick one is passed on", () => served.passedOn.length === 1);
  await becomes("all taken", () => served.connections.size === 3);
  served.connections.sweep(monotonicMs(), busy);
  assert.is(served.connections.size, 3);
  served.connections.sweep(monotonicMs() + HANDSHAKE_WAIT_MAX_MS, busy);
  await within("the end of both", Promise.all([closed(silent), closed(slow)]));
  await becomes("one left", () => served.connections.size === 1);
  assert.is(quick.destroyed, false);
});

test("Connections cuts a connection at once when it speaks another protocol", async () => {
  await using served = new Served();
  const port = await served.connections.listen(LOOPBACK, 0);
  const browser = await served.connect(port);
  browser.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await within("its end", closed(browser));
  assert.is(served.passedOn.length, 0);
});

test("sweep() cuts a connection when only the server has ended it", async () => {
  await using served = new Served();
  const port = await served.connections.listen(LOOPBACK, 0);
  const peer = await served.connect(port);
  peer.write(PREFACE);
  await becomes("it is passed on", () => served.passedOn.length === 1);
  served.passedOn[0]?.end();
  served.connections.sweep(monotonicMs(), busy);
  assert.is(served.connections.size, 1, "the peer may still end it");
  served.connections.sweep(monotonicMs() + SHUTDOWN_WAIT_MAX_MS, busy);
  await becomes("it is gone", () => served.connections.size === 0);
});

test("sweep() cuts a connection that was idle for too long by monotonic time", async () => {
  await using served = new Served();
  const port = await served.connections.listen(LOOPBACK, 0);
  (await served.connect(port)).write(PREFACE);
  await becomes("it is passed on", () => served.passedOn.length === 1);
  const idle = (): boolean => false;
  const startMs = monotonicMs();
  served.connections.sweep(startMs, idle);
  served.connections.sweep(startMs + IDLE_CUT_MS, busy);
  served.connections.sweep(startMs + IDLE_CUT_MS, idle);
  served.connections.sweep(startMs + 2 * IDLE_CUT_MS - 1, idle);
  assert.is(served.passedOn[0]?.destroyed, false, "it had calls in between");
  served.connections.sweep(startMs + 2 * IDLE_CUT_MS, idle);
  assert.is(served.passedOn[0]?.destroyed, true);
  await becomes("it is gone", () => served.connections.size === 0);
});

test("used() keeps a connection with short calls, until none comes for too long", async () => {
  await using served = new Served();
  const port = await served.connections.listen(LOOPBACK, 0);
  const client = await served.connect(port);
  client.write(PREFACE);
  await becomes("it is passed on", () => served.passedOn.length === 1);
  const never = (): boolean => false; // as if each call ended before the next sweep
  let nowMs = monotonicMs();
  for (let call = 0; call < 100; call++) {
    nowMs += 1_000;
    served.connections.used(`${LOOPBACK}:${client.localPort}`, nowMs);
    served.connections.sweep(nowMs + 500, never);
  }
  assert.is(served.passedOn[0]?.destroyed, false);
  served.connections.sweep(nowMs + IDLE_CUT_MS - 1, never);
  assert.is(served.passedOn[0]?.destroyed, false);
  served.connections.sweep(nowMs + IDLE_CUT_MS, never);
  assert.is(served.passedOn[0]?.destroyed, true);
});

test("cut() ends the connection of one peer", async () => {
  await using served = new Served();
  const port = await served.connections.listen(LOOPBACK, 0);
  const one = await served.connect(port);
  const other = await served.connect(port);
  await becomes("both taken", () => served.connections.size === 2);
  served.connections.cut(`${LOOPBACK}:${one.localPort}`);
  await within("its end", closed(one));
  assert.is(other.destroyed, false);
});

test("listen() listens on every address of a name that this machine has, on one port", async () => {
  await using served = new Served();
  const port = await served.connections.listen("localhost", 0);
  let taken = 0;
  for (const { address } of await lookup("localhost", { all: true })) {
    try {
      await served.connect(port, { host: address });
      taken++;
    } catch (error) {
      assert.match(String(error), /EADDRNOTAVAIL|EAFNOSUPPORT|ENETUNREACH/);
    }
  }
  assert.ok(taken > 0);
});

/** The addresses that a connection is made to and from. */
interface Way {
  readonly host?: string;
  readonly from?: string;
}

/** A Connections, and the sockets that it passed on. */
class Served implements AsyncDisposable {
  readonly passedOn: Socket[] = [];
  readonly connections = new Connections((socket) => this.passedOn.push(socket));
  readonly clients: Socket[] = [];

  /** Opens a connection whose client does not end its side by itself. */
  async connect(port: number, { host = LOOPBACK, from }: Way = {}): Promise<Socket> {
    const local = from === undefined ? {} : { localAddress: from };
    const socket = connect({ port, host, ...local, allowHalfOpen: true });
    this.clients.push(socket);
    await once(socket, "connect");
    socket.on("error", () => {}).resume();
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connections.close();
    for (const client of this.clients) client.destroy();
    await becomes("all gone", () => this.connections.size === 0);
  }
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed && !socket.readableEnded)
    await Promise.race([once(socket, "close"), once(socket, "end")]);
}

test.run();
