/**
 * Bytes that no LikesServer and no client would send, at every method of both ports: frames that
 * are cut, too large, compressed or malformed, and valid messages with flipped bits. Every call
 * ends, the processes survive with bounded memory, and a good client is still served and counted.
 */
// nightly because many of its calls end only by a server's timeout
import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session, OutgoingHttpHeaders } from "node:http2";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { STATUS } from "../../src/errors.ts";
import { MESSAGE_BYTES_MAX } from "../../src/limits.ts";
import { protos } from "../../src/rpc/protos.ts";
import { writeFromLikesServer } from "../../src/rpc/wire/wire.ts";
import { batchAfter, helloOf, newId, newIdentity, reportOf } from "../fixtures/delivery_peer.ts";
import { becomes, within } from "../fixtures/eventually.ts";
import { extent } from "../fixtures/extent.ts";
import { frame, mutated, pick, randomOf } from "../fixtures/mutation.ts";
import { residentBytes } from "../fixtures/resident_memory.ts";
import { Counter } from "../fixtures/roles.ts";

const MUTATED = extent(1_000, 10_000);
const SEED = Number(process.env["LIKES_SEED"] ?? 42);
const AT_ONCE = 50;
const GROWTH_BYTES_MAX = 150 * 1024 * 1024;
/** HTTP answers without a gRPC status: 415 for another content type, or a reset stream. */
const CUT = -1;

/** A method, and valid messages for it. */
interface Target {
  readonly path: string;
  readonly messages: readonly Buffer[];
}

const { AddLikes, GetTotal, GetCachedCounts } = protos.LikesService.service;
const { StreamLikes, Status, GetCounts } = protos.PrimaryService.service;
const identity = newIdentity("hostile");
const delivered = [
  helloOf(identity, { seen: { ledgerId: newId(), generation: newId(), version: 7 } }),
  reportOf(identity.incarnation, 1, { lastSequence: 5, acceptedLikes: 9n }),
  batchAfter(identity.incarnation, undefined, [1, 2, 3]).batch,
].map((message) => StreamLikes.requestSerialize(writeFromLikesServer(message)));
const LIKES_TARGETS: readonly Target[] = [
  { path: AddLikes.path, messages: [AddLikes.requestSerialize({ itemId: "video", likes: "5" })] },
  { path: GetTotal.path, messages: [GetTotal.requestSerialize({})] },
  {
    path: GetCachedCounts.path,
    messages: [GetCachedCounts.requestSerialize({ itemIds: ["video"] })],
  },
];
const PRIMARY_TARGETS: readonly Target[] = [
  { path: StreamLikes.path, messages: delivered },
  { path: Status.path, messages: [Status.requestSerialize({ intervalMs: 0 })] },
  { path: GetCounts.path, messages: [GetCounts.requestSerialize({ itemIds: ["video", "other"] })] },
];

test("both ports survive frames that are cut, too large, compressed or malformed", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  for (const [address, targets] of [
    [a.address, LIKES_TARGETS],
    [counter.primary, PRIMARY_TARGETS],
  ] as const) {
    const session = await opened(address);
    for (const { path, messages } of targets) {
      const [message = Buffer.alloc(0)] = messages;
      const large = Buffer.alloc(MESSAGE_BYTES_MAX + 1, 1);
      assert.is(await call(session, path, frame(large)), STATUS.RESOURCE_EXHAUSTED, path);
      const text = { "content-type": "text/plain" };
      assert.is(await call(session, path, frame(message), text), CUT, path);
      for (const bytes of [
        Buffer.alloc(0),
        Buffer.alloc(3),
        frame(message).subarray(0, -1),
        frame(message, 1),
        frame(message, 255),
        Buffer.concat([frame(message), frame(message)]),
        Buffer.from([0, 255, 255, 255, 255, 1]),
        frame(Buffer.from([0xff, 0xff, 0xff])),
      ]) {
        await call(session, path, bytes); // it only has to end
      }
    }
    session.destroy();
  }
  await expectServed(counter, primary.pid, a.pid);
  await counter.add(a, 5, "good");
  await becomes("the good like counted", async () => {
    return (await counter.status()).totalLikes === counter.tally("a").likes;
  });
});

test("both ports survive valid messages with flipped bits, and count what was accepted", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const random = randomOf(SEED);
  const before = [primary, a].map(({ pid }) => residentBytes(pid) ?? 0);
  const addresses = [a.address, counter.primary] as const;
  const sessions = [await opened(addresses[0]), await opened(addresses[1])];
  const ends = new Map<number, number>();
  for (let sent = 0; sent < MUTATED; sent += AT_ONCE) {
    // A server ends a connection with too many reset streams.
    for (const [port, address] of addresses.entries()) {
      if (sessions[port]?.destroyed !== false || sessions[port].closed)
        sessions[port] = await opened(address);
    }
    const group = Array.from({ length: AT_ONCE }, async (_, index) => {
      const port = index % 2 === 0 ? 0 : 1;
      const targets = port === 0 ? LIKES_TARGETS : PRIMARY_TARGETS;
      const { path, messages } = pick(targets, random);
      const code = await call(sessions[port], path, frame(mutated(pick(messages, random), random)));
      ends.set(code, (ends.get(code) ?? 0) + 1);
    });
    await Promise.all(group);
  }
  for (const session of sessions) session.destroy();
  console.log(`seed ${SEED}: ${JSON.stringify(Object.fromEntries(ends))}`);
  assert.ok((ends.get(0) ?? 0) > 0, "some are still valid");
  assert.ok((ends.get(STATUS.INVALID_ARGUMENT) ?? 0) > MUTATED / 10, "many are rejected");
  await expectServed(counter, primary.pid, a.pid);
  await counter.add(a, 5, "good");
  await becomes("all accepted likes counted", async () => {
    return (await counter.status()).totalLikes === counter.tally("a").likes;
  });
  const after = [primary, a].map(({ pid }) => residentBytes(pid) ?? 0);
  for (const [index, bytes] of after.entries()) {
    assert.ok(
      bytes - (before[index] ?? 0) < GROWTH_BYTES_MAX,
      `${before.join()} to ${after.join()}`,
    );
  }
});

/** Checks that both are still the same processes, and healthy. */
async function expectServed(counter: Counter, ...pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 0);
  const { convergence, servers } = await counter.status();
  assert.ok(["converged", "catching_up"].includes(convergence), convergence);
  assert.is(servers.length, 1);
}

async function opened(address: string): Promise<ClientHttp2Session> {
  const session = connect(`http://${address}`);
  await once(session, "connect");
  session.on("error", () => {});
  return session;
}

/** Sends `bytes` as the body of one call. Returns its gRPC status, or CUT. */
function call(
  session: ClientHttp2Session | undefined,
  path: string,
  bytes: Buffer,
  more: OutgoingHttpHeaders = {},
): Promise<number> {
  if (session === undefined || session.destroyed || session.closed) return Promise.resolve(CUT);
  const headers = { ":method": "POST", ":path": path, te: "trailers" };
  const stream = session.request({ ...headers, "content-type": "application/grpc", ...more });
  const ended = new Promise<number>((resolve) => {
    const end = (found: { readonly "grpc-status"?: unknown }): void => {
      if (found["grpc-status"] !== undefined) resolve(Number(found["grpc-status"]));
    };
    stream
      .on("response", end)
      .on("trailers", end)
      .on("error", () => resolve(CUT));
    stream.on("close", () => resolve(CUT));
    stream.on("data", () => resolve(0)); // a server stream does not end
  });
  stream.end(bytes);
  return within(`the end of ${path}`, ended).finally(() => stream.close());
}

test.run();
