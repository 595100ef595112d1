/** Every client uses no proxy, and a bounded backoff between attempts. */
import { once } from "node:events";
import { constants, createServer as createHttp2Server } from "node:http2";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { Metadata } from "@grpc/grpc-js";
import type { ChannelOptions } from "@grpc/grpc-js";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BACKOFF_MAX_MS, COUNTS_FETCH_MAX_MS } from "../../../src/limits.ts";
import { CHANNEL_OPTIONS, CREDENTIALS } from "../../../src/rpc/client/client.ts";
import { LikesClient } from "../../../src/rpc/client/likes_client.ts";
import { likesService } from "../../../src/rpc/server/likes_service.ts";
import { PrimaryClient } from "../../../src/rpc/client/primary_client.ts";
import { protos } from "../../../src/rpc/protos.ts";
import { becomes, within } from "../../fixtures/eventually.ts";
import { knocking } from "../../fixtures/knocking.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { NO_LIKES, serve } from "../serving.ts";

const LIMIT_MS = 15_000;

test("CHANNEL_OPTIONS use no proxy when the environment names one", async () => {
  await using proxy = await knocking();
  const outcome = { type: "accepted", incarnation: testId(1), sequence: 1 } as const;
  await using serving = await serve(
    likesService({ ...NO_LIKES, add: (_, done) => done([outcome]) }),
  );
  const before = { ...process.env };
  for (const name of ["no_proxy", "no_grpc_proxy"]) delete process.env[name];
  for (const name of ["grpc_proxy", "http_proxy", "https_proxy"]) {
    process.env[name] = `http://${proxy.address}`;
  }
  try {
    const client = new LikesClient(serving.address);
    assert.is((await client.addLikes({ itemId: "video", likes: 1n }, LIMIT_MS)).sequence, 1);
    client.close();
    assert.is(proxy.knocks, 0);
    // The same with the option left as it is by default, to see that there was something to avoid.
    const { "grpc.enable_http_proxy": off, ...options } = CHANNEL_OPTIONS;
    assert.is(off, 0);
    const other = new protos.LikesService(serving.address, CREDENTIALS, options);
    other.getTotal({}, () => {});
    await becomes("a knock at the proxy", () => proxy.knocks > 0);
    other.close();
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
});

test("CHANNEL_OPTIONS bound the pause between attempts when nothing answers", async () => {
  await using nobody = await knocking();
  const client = new protos.LikesService(nobody.address, CREDENTIALS, CHANNEL_OPTIONS);
  const patient = new Metadata({ waitForReady: true });
  client.getTotal({}, patient, () => {});
  // With grpc-js's default pauses, from 1 s to 2 minutes, the last attempt would take a minute.
  await becomes("eleven attempts", () => nobody.times.length >= 11);
  client.close();
  const pauses = nobody.times.slice(1).map((ms, index) => ms - (nobody.times[index] ?? 0));
  const first = pauses.slice(0, 3).reduce((sum, ms) => sum + ms, 0);
  const last = pauses.slice(-3).reduce((sum, ms) => sum + ms, 0);
  assert.ok(first < last, `they get longer: ${pauses.join(", ")} ms`);
  assert.ok(last > 1.5 * BACKOFF_MAX_MS, `and are no busy loop: ${pauses.join(", ")} ms`);
  assert.ok(Math.max(...pauses) < 2 * BACKOFF_MAX_MS, `and bounded: ${pauses.join(", ")} ms`);
});

test("CHANNEL_OPTIONS send nothing twice when a server refuses a stream", async () => {
  let calls = 0;
  const refusing = createHttp2Server().on("stream", (stream) => {
    calls++;
    stream.on("error", () => {}).close(constants.NGHTTP2_REFUSED_STREAM);
  });
  refusing.listen(0, "127.0.0.1");
  await once(refusing, "listening");
  const address = `127.0.0.1:${(refusing.address() as AddressInfo).port}`;
  const ask = async (options: ChannelOptions): Promise<number> => {
    calls = 0;
    const client = new protos.LikesService(address, CREDENTIALS, options);
    await new Promise((resolve) => client.getTotal({}, resolve));
    client.close();
    return calls;
  };
  // The same with the option left as it is by default, to see that there was something to avoid.
  const { "grpc.enable_retries": off, ...byDefault } = CHANNEL_OPTIONS;
  const asked = [await ask(CHANNEL_OPTIONS), await ask(byDefault)] as const;
  refusing.close();
  assert.equal([off, asked[0]], [0, 1]);
  assert.ok(asked[1] > 1);
});

test("connected() throws peer_unreachable when nothing listens", async () => {
  const client = new LikesClient("127.0.0.1:1");
  await faultOf("peer_unreachable", () =>
    client.addLikes({ itemId: "video", likes: 1n }, LIMIT_MS),
  );
  client.close();
});

test("counts() times out when the primary does not answer", async () => {
  const taken: Socket[] = [];
  const silent = createServer((socket) => taken.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const client = new PrimaryClient(`127.0.0.1:${(silent.address() as AddressInfo).port}`);
  const startedMs = performance.now();
  const asked = faultOf("peer_unreachable", () => client.counts({}, COUNTS_FETCH_MAX_MS));
  await within("the timeout", asked);
  assert.ok(performance.now() - startedMs >= COUNTS_FETCH_MAX_MS - 10);
  client.close();
  silent.close();
  for (const socket of taken) socket.on("error", () => {}).destroy();
});

test.run();
