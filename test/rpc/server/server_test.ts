import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesClient } from "../../../src/rpc/client/likes_client.ts";
import { likesService } from "../../../src/rpc/server/likes_service.ts";
import { RpcServer, listenTarget } from "../../../src/rpc/server/server.ts";
import { healthOf } from "../../fixtures/health.ts";
import { within } from "../../fixtures/eventually.ts";
import { faultOf } from "../../store/faults.ts";
import { NO_LIKES, serve } from "../serving.ts";

test("setHealth() sets the role's health by its name and by none, apart from others", async () => {
  await using serving = await serve(likesService(NO_LIKES));
  const { address, server } = serving;
  assert.is(await healthOf(address), "NOT_SERVING");
  server.setHealth(true);
  assert.is(await healthOf(address), "SERVING");
  assert.is(await healthOf(address, "likes.v1.LikesService"), "SERVING");
  server.setHealth(false, "likes.v1.trouble.gap");
  assert.is(await healthOf(address, "likes.v1.trouble.gap"), "NOT_SERVING");
  assert.is(await healthOf(address), "SERVING");
  server.setHealth(false);
  assert.is(await healthOf(address, "likes.v1.LikesService"), "NOT_SERVING");
});

test("listen() names the way out when the port is taken, or the host is another", async () => {
  await using serving = await serve(likesService(NO_LIKES));
  const port = Number(serving.address.replace(/^.*:/, ""));
  const another = new RpcServer({ service: "likes.v1.LikesService", reflect: false }, () => {});
  const taken = await faultOf("port_taken", () => another.listen({ host: "127.0.0.1", port }));
  assert.match(taken.message, `Cannot listen on 127.0.0.1:${port}`);
  assert.match(taken.message, "--port");
  const nowhere = { host: "192.0.2.1", port: 0 }; // an address reserved for documentation
  assert.match((await faultOf("port_taken", () => another.listen(nowhere))).message, "--host");
  await another.close();
});

test("listenTarget() writes IPv6 in brackets", () => {
  assert.is(listenTarget({ host: "::1", port: 5 }), "[::1]:5");
  assert.is(listenTarget({ host: "localhost", port: 5 }), "localhost:5");
});

test("close() ends in time when a call hangs, and cuts it", async () => {
  let asked = false;
  const serving = await serve(likesService({ ...NO_LIKES, add: () => (asked = true) }));
  const client = new LikesClient(serving.address);
  const call = faultOf("outcome_unknown", () =>
    client.addLikes({ itemId: "video", likes: 1n }, 60_000),
  );
  while (!asked) await new Promise((resolve) => setImmediate(resolve));
  await within("the end of the server", serving.server.close());
  await within("the end of the call", call);
  client.close();
});

test.run();
