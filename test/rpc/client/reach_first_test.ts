import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { likesService } from "../../../src/rpc/server/likes_service.ts";
import { reachFirst } from "../../../src/rpc/client/reach_first.ts";
import { within } from "../../fixtures/eventually.ts";
import { knocking } from "../../fixtures/knocking.ts";
import { faultOf } from "../../store/faults.ts";
import { NO_LIKES, serve } from "../serving.ts";

const LIMIT_MS = 30_000;
/** Long enough to notice a client that waits for it. */
const PATIENCE_MS = 10 * LIMIT_MS;

test("reachFirst() returns the first that connects, and sends nothing", async () => {
  await using first = await serve(likesService(NO_LIKES));
  await using second = await serve(likesService(NO_LIKES));
  const client = await reachFirst([first.address, second.address], LIMIT_MS);
  assert.is(client.address, first.address);
  assert.is(second.server.load.connections, 0);
  client.close();
});

test("reachFirst() tries the next when nothing listens, or the listener is silent", async () => {
  await using serving = await serve(likesService(NO_LIKES));
  await using gone = await knocking();
  await using mute = await silence();
  for (const before of [
    [gone.address],
    [mute.address],
    [mute.address, gone.address, mute.address],
  ]) {
    const reaching = reachFirst([...before, serving.address], PATIENCE_MS);
    const client = await within("an answer", reaching);
    assert.is(client.address, serving.address);
    client.close();
  }
});

test("reachFirst() throws the first address's error when none answers in time", async () => {
  await using gone = await knocking();
  await using mute = await silence();
  const { message } = await faultOf("peer_unreachable", () => reachFirst([gone.address], LIMIT_MS));
  assert.is(message, `Cannot reach the LikesServer at ${gone.address}: nothing answers there`);
  const late = await faultOf("peer_unreachable", () => {
    return reachFirst([mute.address, gone.address], 300);
  });
  assert.match(late.message, `Cannot reach the LikesServer at ${mute.address}: it did not answer`);
});

/** A port that accepts connections and sends nothing. */
async function silence(): Promise<AsyncDisposable & { readonly address: string }> {
  const sockets = new Set<{ destroy(): unknown }>();
  const server = createServer((socket) => void sockets.add(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}

test.run();
