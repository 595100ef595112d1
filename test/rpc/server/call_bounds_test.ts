/** The bounds of every call, against peers that do what no gRPC library would. */
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers/promises";
import { makeClientConstructor } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { service as health } from "grpc-health-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { STATUS } from "../../../src/errors.ts";
import {
  ANSWER_BYTES_PER_S_MIN,
  ANSWER_WAIT_MAX_MS,
  LIBRARY_STREAMS_MAX,
  MESSAGE_BYTES_MAX,
  METADATA_BYTES_MAX,
  REQUEST_WAIT_MAX_MS,
  SHUTDOWN_WAIT_MAX_MS,
} from "../../../src/limits.ts";
import { monotonicMs } from "../../../src/monotonic.ts";
import { CallBounds } from "../../../src/rpc/server/call_bounds.ts";
import { CHANNEL_OPTIONS, CREDENTIALS } from "../../../src/rpc/client/client.ts";
import { LikesClient } from "../../../src/rpc/client/likes_client.ts";
import { likesService } from "../../../src/rpc/server/likes_service.ts";
import type { LikesServiceHandler } from "../../../src/rpc/server/likes_service.ts";
import { protos } from "../../../src/rpc/protos.ts";
import { becomes, within } from "../../fixtures/eventually.ts";
import { healthOf } from "../../fixtures/health.ts";
import { RawCall } from "../../fixtures/raw_call.ts";
import type { RawEnd } from "../../fixtures/raw_call.ts";
import { testId } from "../../store/faults.ts";
import { NO_LIKES, serve } from "../serving.ts";
import type { Serving } from "../serving.ts";

const LIMIT_MS = 15_000;
const MB = 1_000_000;
const { AddLikes } = protos.LikesService.service;
const { StreamLikes } = protos.PrimaryService.service;
const ADD = AddLikes.requestSerialize({ itemId: "video", likes: "1" });
/** HTTP/2 settings of a peer that allows nothing to be sent to it. */
const CLOSED_WINDOW = { initialWindowSize: 0 };
const ACCEPTED = { type: "accepted", incarnation: testId(1), sequence: 7 } as const;
const HealthClient = makeClientConstructor(health, "Health");

test("CallBounds refuses a compressed call, and answers others", async () => {
  await using serving = await serveLikes();
  const headers = { "grpc-encoding": "gzip" };
  for (const path of [AddLikes.path, protos.LikesService.service.GetTotal.path]) {
    await using call = new RawCall(serving.address, path, { headers });
    call.send(ADD);
    call.endSending();
    call.read(() => {});
    expectEnd(await within("the end", call.ended), "UNIMPLEMENTED", "compressed");
  }
  const gzip = { ...CHANNEL_OPTIONS, "grpc.default_compression_algorithm": 2 };
  const client = new protos.LikesService(serving.address, CREDENTIALS, gzip);
  const { code } = await new Promise<ServiceError>((resolve, reject) => {
    client.addLikes({ itemId: "video", likes: "1" }, (error) => {
      if (error === null) reject(new Error("The call was accepted"));
      else resolve(error);
    });
  });
  client.close();
  assert.is(code, STATUS.UNIMPLEMENTED);
  await expectServing(serving);
});

test("sweep() ends a call whose request does not arrive in time, but no other", async () => {
  await using serving = await serve(likesService({ ...NO_LIKES, add: () => {} }));
  await using silent = new RawCall(serving.address, AddLikes.path);
  await using half = new RawCall(serving.address, AddLikes.path);
  half.send(ADD);
  await using whole = new RawCall(serving.address, AddLikes.path);
  whole.send(ADD);
  whole.endSending();
  for (const call of [silent, half, whole]) call.read(() => {});
  await becomes("all there", () => serving.server.load.calls === 3);
  await healthOf(serving.address); // its answer shows that everything before it was read
  serving.server.sweep(monotonicMs());
  assert.is(serving.server.load.calls, 3);
  serving.server.sweep(monotonicMs() + REQUEST_WAIT_MAX_MS);
  const ends = await within("both ends", Promise.all([silent.ended, half.ended]));
  for (const end of ends) expectEnd(end, "DEADLINE_EXCEEDED", "peer_silent");
  assert.is(serving.server.load.calls, 3, "their peers have not ended their side");
  serving.server.sweep(monotonicMs() + SHUTDOWN_WAIT_MAX_MS);
  await becomes("their streams reset", () => serving.server.load.calls === 1);
});

test("CallBounds keeps nothing of a cancelled call, however late its answer comes", async () => {
  const late: (() => void)[] = [];
  const add: LikesServiceHandler["add"] = (_, done) => void late.push(() => done([ACCEPTED]));
  await using serving = await serve(likesService({ ...NO_LIKES, add }));
  for (let call = 1; call <= 20; call++) {
    const cancelled = new RawCall(serving.address, AddLikes.path);
    cancelled.send(ADD);
    cancelled.endSending();
    await becomes("the request arrived", () => late.length === call);
    await cancelled[Symbol.asyncDispose]();
  }
  await becomes("no call left", () => serving.server.load.calls === 0);
  for (const answer of late) answer();
  await setImmediate();
  assert.equal(serving.server.load.unreadBytes, 0);
  assert.is(await healthOf(serving.address), "NOT_SERVING", "it answers");
});

test("sweep() gives a slow reader the time for its answer at ANSWER_BYTES_PER_S_MIN", () => {
  const cut: string[] = [];
  const cutting = { used: () => {}, cut: (name: string) => cut.push(name) };
  const peer = { name: "a", address: "a" };
  const arrived = { of: () => ({ peer, refusal: undefined }), inTurn: () => {} };
  const bounds = new CallBounds({ ...cutting, ...arrived });
  const call = { peer } as never;
  assert.is(bounds.open(call, StreamLikes as never), undefined);
  bounds.sent(call, 60 * ANSWER_BYTES_PER_S_MIN);
  bounds.sweep(monotonicMs() + ANSWER_WAIT_MAX_MS + 59_000);
  assert.equal(cut, []);
  bounds.sweep(monotonicMs() + ANSWER_WAIT_MAX_MS + 60_000);
  assert.equal(cut, ["a"]);
});

test("sweep() cuts a connection whose peer does not read an answer in time", async () => {
  await using serving = await serveLikes();
  await using deaf = new RawCall(serving.address, AddLikes.path, { settings: CLOSED_WINDOW });
  deaf.send(ADD);
  deaf.endSending();
  await becomes("an unread answer", () => serving.server.load.unreadBytes > 0);
  await using other = new RawCall(serving.address, AddLikes.path);
  await becomes("both there", () => serving.server.load.calls === 2);
  serving.server.sweep(monotonicMs());
  assert.is(serving.server.load.calls, 2);
  // Like the timed sweep later on. The few unread bytes extend the wait by less than 1 s. The other
  // call is not cut: only its wait for a request ends.
  serving.server.sweep(monotonicMs() + ANSWER_WAIT_MAX_MS + 1_000);
  const { code } = await within("the cut", deaf.ended);
  assert.ok(Number.isNaN(code), "no status reached it");
  other.read(() => {});
  expectEnd(await within("its end", other.ended), "DEADLINE_EXCEEDED", "peer_silent");
  await becomes("nothing held", () => serving.server.load.unreadBytes === 0);
  await expectServing(serving);
});

test("CallBounds refuses another stream of health at the limit, until one has ended", async () => {
  await using serving = await serve(likesService(NO_LIKES));
  const client = new HealthClient(serving.address, CREDENTIALS, CHANNEL_OPTIONS);
  let answered = 0;
  const watch = () => {
    const call = client["watch"]?.({ service: "" });
    call.on("error", () => {}).on("data", () => answered++);
    return call;
  };
  const calls = Array.from({ length: LIBRARY_STREAMS_MAX }, watch);
  await becomes("all watching", () => answered === LIBRARY_STREAMS_MAX);
  const refused = new Promise<ServiceError>((resolve) => {
    client["watch"]?.({ service: "" }).on("error", resolve);
  });
  const { code, details } = await within("the refusal", refused);
  assert.is(code, STATUS.RESOURCE_EXHAUSTED);
  assert.match(details, `${LIBRARY_STREAMS_MAX} are open`);
  assert.is(await healthOf(serving.address), "NOT_SERVING", "a check is not a stream");
  calls[0].cancel();
  await becomes("room for one", () => {
    if (answered === LIBRARY_STREAMS_MAX) watch();
    return answered > LIBRARY_STREAMS_MAX;
  });
  client.close();
});

test("CallBounds stops reading a stream of reflection when its answers are unread", async () => {
  await using serving = await serve(likesService(NO_LIKES), true);
  const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  await using call = new RawCall(serving.address, path, { settings: CLOSED_WINDOW });
  const symbol = "likes.v1.PrimaryService"; // field 4: file_containing_symbol
  const request = Buffer.concat([Buffer.from([0x22, symbol.length]), Buffer.from(symbol)]);
  const requests = 20_000;
  for (let sent = 0; sent < requests; sent++) call.send(request);
  await becomes("an answer", () => serving.server.load.unreadBytes > 0);
  await healthOf(serving.address);
  assert.ok(call.unsentBytes > (requests * request.length) / 2, "requests are held back");
  assert.ok(serving.server.load.unreadBytes < MB, "one answer is made at a time");
});

test("RpcServer refuses an oversized message, and accepts the next call", async () => {
  await using serving = await serveLikes();
  const client = new LikesClient(serving.address);
  await using call = new RawCall(serving.address, AddLikes.path);
  call.send(Buffer.alloc(MESSAGE_BYTES_MAX + 1));
  call.read(() => {});
  const { code, details } = await within("the end", call.ended);
  assert.is(code, STATUS.RESOURCE_EXHAUSTED);
  assert.match(details, String(MESSAGE_BYTES_MAX));
  await client.addLikes({ itemId: "video", likes: 1n }, LIMIT_MS);
  client.close();
});

test("CallBounds refuses a call with too much metadata, in one header or in many", async () => {
  await using serving = await serveLikes();
  const long = { "x-long": "a".repeat(METADATA_BYTES_MAX) };
  const pieces = Array.from(
    { length: 100 },
    (_, index) => [`x-${index}`, "a".repeat(100)] as const,
  );
  for (const headers of [long, Object.fromEntries(pieces)]) {
    await using call = new RawCall(serving.address, AddLikes.path, { headers });
    call.read(() => {});
    expectEnd(await within("the end", call.ended), "RESOURCE_EXHAUSTED", "too_many");
  }
  const most = { "x-long": "a".repeat(METADATA_BYTES_MAX / 2) };
  await using taken = new RawCall(serving.address, AddLikes.path, { headers: most });
  taken.send(ADD);
  taken.endSending();
  taken.read(() => {});
  assert.is((await within("the end", taken.ended)).code, 0);
});

function serveLikes(): Promise<Serving> {
  const outcome = { type: "accepted", incarnation: testId(1), sequence: 1 } as const;
  return serve(likesService({ ...NO_LIKES, add: (_events, done) => done([outcome]) }));
}

async function expectServing({ address }: Serving): Promise<void> {
  const client = new LikesClient(address);
  assert.is((await client.addLikes({ itemId: "video", likes: 1n }, LIMIT_MS)).sequence, 1);
  client.close();
}

function expectEnd(end: RawEnd, status: keyof typeof STATUS, fault: string): void {
  assert.is(end.code, STATUS[status], end.details);
  assert.is(end.fault, fault, end.details);
}

test.run();
