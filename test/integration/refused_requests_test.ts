/**
 * Requests that no method accepts: compressed ones, and bytes that are not protobuf. Each ends its
 * own call with a documented status and a fixed text, and affects no other call on its connection.
 */
import type { ClientHttp2Session } from "node:http2";
import { deflateSync, gzipSync } from "node:zlib";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { service as health } from "grpc-health-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FAULTS, STATUS } from "../../src/errors.ts";
import type { FaultCode } from "../../src/errors.ts";
import { protos } from "../../src/rpc/protos.ts";
import { batchAfter, newIdentity } from "../fixtures/delivery_peer.ts";
import { within } from "../fixtures/eventually.ts";
import { RawCall, rawSession } from "../fixtures/raw_call.ts";
import { RawDelivery, encoded } from "../fixtures/raw_delivery.ts";
import { admit, newLane } from "../fixtures/delivery_lane.ts";
import { Counter } from "../fixtures/roles.ts";

const REFLECTION = ["v1", "v1alpha"].map((version) => {
  return `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
});
const { AddLikes } = protos.LikesService.service;
const GOOD = AddLikes.requestSerialize({ itemId: "video", likes: "5" });
const COMPRESSED = "Cannot accept a compressed request: send it with grpc-encoding identity";
const MALFORMED =
  "Cannot decode a message: its bytes do not fit this call; encode it as the proto says";
/** Invalid protobuf: truncated, with an unknown wire type, or with an endless varint. */
const NO_PROTOBUF = [
  Buffer.from([0xff, 0xff, 0xff]),
  Buffer.from([0x0f]),
  Buffer.from([0x0a, 0x7f, 0x01]),
  Buffer.alloc(11, 0x80),
  gzipSync(GOOD),
];

test("every method of both ports rejects compressed requests, and keeps serving", async () => {
  await using counter = new Counter();
  for (const { address, session, paths } of await started(counter)) {
    await using watch = await watching(address, session);
    for (const path of paths) {
      for (const [encoding, body] of [
        ["gzip", gzipSync(GOOD)],
        ["deflate", deflateSync(GOOD)],
        ["br", GOOD],
        ["gzip", GOOD],
      ] as const) {
        const headers = { "grpc-encoding": encoding };
        await using call = new RawCall(address, path, { session, headers });
        call.send(body, body === GOOD ? 0 : 1);
        await expectRefused(call, "compressed", COMPRESSED, `${path} ${encoding}`);
      }
    }
    await expectGoesOn(watch, session);
    session.destroy();
  }
  assert.is(counter.tally("a").events, 0, "nothing was accepted");
});

test("every method of both ports rejects invalid protobuf, and keeps serving", async () => {
  await using counter = new Counter();
  for (const { address, session, paths } of await started(counter)) {
    await using watch = await watching(address, session);
    for (const path of paths) {
      for (const bytes of NO_PROTOBUF) {
        await using call = new RawCall(address, path, { session });
        call.send(bytes, bytes.length > 11 ? 1 : 0);
        await expectRefused(call, "message_invalid", MALFORMED, `${path} ${bytes.toString("hex")}`);
      }
    }
    await expectGoesOn(watch, session);
    session.destroy();
  }
  assert.is(counter.tally("a").events, 0, "nothing was accepted");
});

test("an admitted stream ends at invalid protobuf, and keeps what came before", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const lane = newLane("a");
  const { incarnation } = lane.identity;
  await admit(counter.primary, lane);
  let { position } = lane;
  for (const bytes of NO_PROTOBUF) {
    await using stream = await RawDelivery.welcomed(counter.primary, lane.identity);
    await using other = await RawDelivery.welcomed(counter.primary, newIdentity("other"));
    const { batch, after } = batchAfter(incarnation, position);
    stream.send(encoded(batch));
    await stream.next("ack");
    position = after;
    stream.send(bytes);
    const end = await within("its end", stream.ended);
    assert.is(end.code, STATUS.INVALID_ARGUMENT, end.details);
    assert.is(end.details, MALFORMED);
    await using again = await RawDelivery.welcomed(counter.primary, lane.identity);
    assert.is(again.welcome.appliedSequence, position.sequence);
    const open = await Promise.race([other.ended, Promise.resolve("open")]);
    assert.is(open, "open", "no other stream is affected");
  }
  assert.is(await total(counter), BigInt(NO_PROTOBUF.length));
});

/** Both ports, each with a connection and the paths of all its methods. */
async function started(counter: Counter) {
  await counter.startPrimary();
  const { address } = await counter.startAccepting("a");
  const ports = [
    { address, service: protos.LikesService.service },
    { address: counter.primary, service: protos.PrimaryService.service },
  ];
  return Promise.all(
    ports.map(async ({ address: at, service }) => {
      const own = [service as ServiceDefinition, health as ServiceDefinition];
      const paths = own.flatMap((one) => Object.values(one).map(({ path }) => path));
      assert.ok(paths.length >= 5, "its own methods and the health service's");
      return { address: at, session: await rawSession(at), paths: [...paths, ...REFLECTION] };
    }),
  );
}

/** Opens a lasting call on the same connection: a health watch, after its first answer. */
async function watching(address: string, session: ClientHttp2Session): Promise<RawCall> {
  const call = new RawCall(address, "/grpc.health.v1.Health/Watch", { session });
  const answered = new Promise<void>((resolve) => call.read(() => resolve()));
  call.send(Buffer.alloc(0));
  call.endSending();
  await within("the watch", answered);
  return call;
}

async function expectRefused(call: RawCall, fault: FaultCode, text: string, what: string) {
  call.read(() => assert.unreachable(`${what} was answered`));
  call.endSending();
  const end = await within(`the end of ${what}`, call.ended);
  assert.is(end.code, STATUS[FAULTS[fault].status], `${what}: ${end.details}`);
  assert.is(end.fault, fault, what);
  assert.is(end.details, text, what);
}

/** Checks that the other call is still open, and that the connection serves a new call. */
async function expectGoesOn(watch: RawCall, session: ClientHttp2Session): Promise<void> {
  assert.is(await Promise.race([watch.ended, Promise.resolve("open")]), "open");
  await using next = await watching("", session);
  assert.is.not(next, watch);
}

async function total(counter: Counter): Promise<bigint> {
  return (await counter.status()).totalLikes;
}

test.run();
