import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesClient } from "../../../src/rpc/client/likes_client.ts";
import { likesService } from "../../../src/rpc/server/likes_service.ts";
import { PrimaryClient } from "../../../src/rpc/client/primary_client.ts";
import { primaryService } from "../../../src/rpc/server/primary_service.ts";
import { RpcServer } from "../../../src/rpc/server/server.ts";
import type { AddServices } from "../../../src/rpc/server/server.ts";
import { faultOf } from "../../store/faults.ts";
import { NO_LIKES, NO_PRIMARY } from "../serving.ts";

const LIMIT_MS = 15_000;

test("explain() names the role that answers, and the flag for its address", async () => {
  await using primary = await serving("likes.v1.PrimaryService", primaryService(NO_PRIMARY).add);
  await using likes = await serving("likes.v1.LikesService", likesService(NO_LIKES));
  await using other = await serving("likes.v2.OtherService", () => {});
  const asked = [
    [() => add(primary.address), "a primary answers there; give its address with --primary"],
    [
      () => fetchCounts(primary.address),
      "a primary answers there; give its address with --primary",
    ],
    [() => count(likes.address), "a LikesServer answers there; give the primary's address"],
    [() => watch(likes.address), "a LikesServer answers there; give the primary's address"],
    [() => add(other.address), "another kind of server is there"],
  ] as const;
  for (const [ask, found] of asked) {
    const { message } = await faultOf("wrong_role", ask);
    assert.match(message, found);
  }
});

function add(address: string): Promise<unknown> {
  return withClient(new LikesClient(address), (client) =>
    client.addLikes({ itemId: "video", likes: 1n }, LIMIT_MS),
  );
}

function fetchCounts(address: string): Promise<unknown> {
  return withClient(new LikesClient(address), (client) =>
    client.counts({ itemIds: [], limit: 1 }, LIMIT_MS),
  );
}

function count(address: string): Promise<unknown> {
  return withClient(new PrimaryClient(address), (client) => client.counts({}, LIMIT_MS));
}

function watch(address: string): Promise<unknown> {
  return withClient(new PrimaryClient(address), (client) => client.status(LIMIT_MS));
}

async function withClient<C extends { close(): void }>(
  client: C,
  ask: (client: C) => Promise<unknown>,
): Promise<unknown> {
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}

async function serving(service: string, add: AddServices) {
  const server = new RpcServer({ service, reflect: false }, add);
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    address: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

test.run();
