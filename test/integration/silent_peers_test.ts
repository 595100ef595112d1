/**
 * Connections that fall silent, with the real bounds: both sides detect a black hole within the
 * keepalive, and an unused connection is closed. All wait at the same time.
 */
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { STATUS } from "../../src/errors.ts";
import {
  ANSWER_WAIT_MAX_MS,
  CONNECTION_IDLE_MAX_MS,
  HANDSHAKE_WAIT_MAX_MS,
  KEEPALIVE_TIMEOUT_MS,
  STATUS_INTERVAL_MIN_MS,
  WATCHER_STALLED_MAX_MS,
} from "../../src/limits.ts";
import { monotonicMs } from "../../src/monotonic.ts";
import { PrimaryClient, openDelivery } from "../../src/rpc/client/primary_client.ts";
import { primaryService } from "../../src/rpc/server/primary_service.ts";
import { protos } from "../../src/rpc/protos.ts";
import { becomes, within } from "../fixtures/eventually.ts";
import { healthOf } from "../fixtures/health.ts";
import { helloOf, newIdentity } from "../fixtures/delivery_peer.ts";
import { RawCall } from "../fixtures/raw_call.ts";
import { Tunnel } from "../fixtures/tunnel.ts";
import { NO_PRIMARY, serve } from "../rpc/serving.ts";

const { Status } = protos.PrimaryService.service;
const SLACK_MS = 20_000;

test("both sides detect a black hole, and idle and mute connections are closed", async () => {
  const opened = promise<void>();
  const serverSaw = promise<number>();
  const open = () => ({
    received: () => opened.resolve(),
    writable: () => {},
    closed: () => serverSaw.resolve(performance.now()),
  });
  await using serving = await serve(primaryService({ ...NO_PRIMARY, open }).add);
  await using tunnel = await Tunnel.to(serving.address);
  const clientSaw = promise<number>();
  const link = openDelivery(tunnel.address, {
    received: () => {},
    writable: () => {},
    broken: () => clientSaw.resolve(performance.now()),
  });
  link.send(helloOf(newIdentity("a"), {}));
  await within("the stream", opened.promise);

  const startedMs = performance.now();
  const idle = connectHttp2(`http://${serving.address}`);
  const idleSaw = once(
    idle.on("error", () => {}),
    "close",
  ).then(() => performance.now());
  const [host = "", port = ""] = serving.address.split(":");
  const mute = connect(Number(port), host);
  const muteSaw = once(mute.on("error", () => {}).resume(), "close").then(() => performance.now());
  tunnel.swallow();

  const saw = within(
    "all ends",
    Promise.all([serverSaw.promise, clientSaw.promise, idleSaw, muteSaw]),
  );
  const [serverMs, clientMs, idleMs, muteMs] = (await saw).map((ms) => ms - startedMs);
  link.close();
  // Each took its own bound, so none ended at once for another reason. A ping may have been due.
  assert.ok((serverMs ?? 0) >= KEEPALIVE_TIMEOUT_MS, `the server: ${serverMs} ms`);
  assert.ok((clientMs ?? 0) >= KEEPALIVE_TIMEOUT_MS, `the client: ${clientMs} ms`);
  assert.ok((idleMs ?? 0) >= CONNECTION_IDLE_MAX_MS - 100, `the idle one: ${idleMs} ms`);
  assert.ok((muteMs ?? 0) >= HANDSHAKE_WAIT_MAX_MS - 100, `the mute one: ${muteMs} ms`);
  assert.is(await healthOf(serving.address), "NOT_SERVING", "it answers");
});

test("a watcher that reads nothing is told that it is dropped, and is then cut", async () => {
  await using serving = await serve(primaryService(NO_PRIMARY).add);
  const settings = { initialWindowSize: 0 };
  await using slow = new RawCall(serving.address, Status.path, { settings });
  await using deaf = new RawCall(serving.address, Status.path, { settings });
  let states = 0;
  for (const call of [slow, deaf]) {
    const { unreadBytes } = serving.server.load;
    call.send(Status.requestSerialize({ intervalMs: STATUS_INTERVAL_MIN_MS }));
    call.endSending();
    call.read(() => states++);
    // Once it holds a state, a timer of this process runs, which ends before the test's own.
    await becomes("a state held", () => serving.server.load.unreadBytes > unreadBytes);
  }
  await pause(WATCHER_STALLED_MAX_MS);
  slow.change({ initialWindowSize: 1024 * 1024 });
  const end = await within("the end", slow.ended);
  assert.is(end.fault, "watcher_stalled", end.details);
  assert.is(end.code, STATUS.DEADLINE_EXCEEDED);
  assert.is(states, 1, "it held one state, not a backlog");
  serving.server.sweep(monotonicMs() + 2 * ANSWER_WAIT_MAX_MS); // a state is small
  assert.ok(Number.isNaN((await within("the cut", deaf.ended)).code));
  await becomes("nothing held", () => serving.server.load.unreadBytes === 0);
  const watcher = new PrimaryClient(serving.address);
  assert.is((await watcher.status(SLACK_MS)).version, 1);
  watcher.close();
});

/** Returns a promise and the function that resolves it. */
function promise<T>() {
  let resolve: (value: T) => void = () => {};
  const settled = new Promise<T>((done) => (resolve = done));
  return { promise: settled, resolve };
}

test.run();
