import { test } from "uvu";
import * as assert from "uvu/assert";
import { STATUS } from "../../../src/errors.ts";
import { TIMER_MAX_MS } from "../../../src/limits.ts";
import type { LikesServiceHandler } from "../../../src/rpc/server/likes_service.ts";
import { likesService } from "../../../src/rpc/server/likes_service.ts";
import { primaryService } from "../../../src/rpc/server/primary_service.ts";
import { protos } from "../../../src/rpc/protos.ts";
import { checkTimeout } from "../../../src/rpc/server/call_timeouts.ts";
import { within } from "../../fixtures/eventually.ts";
import { healthOf } from "../../fixtures/health.ts";
import { RawCall } from "../../fixtures/raw_call.ts";
import type { RawEnd } from "../../fixtures/raw_call.ts";
import { testId } from "../../store/faults.ts";
import { NO_LIKES, NO_PRIMARY, serve } from "../serving.ts";

const OK = 0;
/** 25, 30 and 45 days in seconds and hours, and other values that wrap at 2^31 ms. */
const LONG = ["2160000S", "2592000S", "3888000S", "720H", "2147484S", "99999999H", "71582789M"];
const WRONG = ["", "5", "123456789S", "-5S", "5X", "5 S", "0x5S", "5S, 5S"];
const { AddLikes } = protos.LikesService.service;
const { Status } = protos.PrimaryService.service;
const ACCEPTED = { type: "accepted", incarnation: testId(1), sequence: 1 } as const;
const ADD = AddLikes.requestSerialize({ itemId: "video", likes: "1" });
const HEALTH = "/grpc.health.v1.Health/Check";
const REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const LIST = Buffer.from([0x3a, 0]); // field 7: list_services

test("checkTimeout() keeps a timeout that a timer holds, and removes a longer one", () => {
  const most = Math.floor(TIMER_MAX_MS / 1_000);
  for (const value of ["1n", "0S", "99999999u", "99999999m", `${most}S`, "35791M", "596H"]) {
    const headers = { "grpc-timeout": value };
    assert.is(checkTimeout(headers), undefined, value);
    assert.equal(headers, { "grpc-timeout": value });
  }
  for (const value of [`${most + 1}S`, "2160000S", "35792M", "597H", "720H", "99999999H"]) {
    const headers = { "grpc-timeout": value, te: "trailers" };
    assert.is(checkTimeout(headers), undefined, value);
    assert.equal(headers, { te: "trailers" });
  }
  assert.is(checkTimeout({}), undefined);
});

test("checkTimeout() refuses an invalid timeout, and names the way out", () => {
  for (const value of [
    "",
    "5",
    "S",
    "123456789S",
    "-5S",
    "5X",
    "5 S",
    "5s",
    "1.5S",
    "5S5S",
    "+5S",
    "5S ",
  ]) {
    const headers = { "grpc-timeout": value };
    const refusal = checkTimeout(headers);
    assert.is(refusal?.code, "usage", value);
    assert.match(refusal?.message ?? "", `${JSON.stringify(value)}: give at most eight digits`);
    assert.equal(headers, {}, "grpc-js does not judge it too");
  }
  const long = checkTimeout({ "grpc-timeout": "x".repeat(8_000) });
  assert.ok((long?.message.length ?? 0) < 200, "the quoted value is truncated");
});

test("RpcServer answers a call whose timeout is longer than a timer holds", async () => {
  const given: string[] = [];
  // Answers after some milliseconds, like a disk: a call with a wrapped timeout has ended by then.
  const add: LikesServiceHandler["add"] = (events, done) => {
    given.push(...events.map(({ itemId }) => itemId));
    void healthOf(serving.address).then(() => done([ACCEPTED]));
  };
  await using serving = await serve(likesService({ ...NO_LIKES, add }), true);
  for (const timeout of LONG) {
    assert.is((await ask(serving.address, AddLikes.path, ADD, timeout)).code, OK, timeout);
    assert.is((await ask(serving.address, HEALTH, new Uint8Array(), timeout)).code, OK, timeout);
    assert.is((await ask(serving.address, REFLECTION, LIST, timeout)).code, OK, timeout);
  }
  assert.is(given.length, LONG.length);
});

test("RpcServer continues a stream whose timeout is longer than a timer holds", async () => {
  await using serving = await serve(primaryService(NO_PRIMARY).add);
  for (const timeout of LONG) {
    await using call = new RawCall(serving.address, Status.path, {
      headers: { "grpc-timeout": timeout },
    });
    call.send(Status.requestSerialize({ intervalMs: 100 }));
    call.endSending();
    const third = new Promise<string>((resolve) => {
      let states = 0;
      call.read(() => void (++states === 3 && resolve("a third state")));
    });
    const ended = call.ended.then(({ code, details }) => `ended with ${code}, ${details}`);
    assert.is(await within("either", Promise.race([third, ended])), "a third state", timeout);
  }
});

test("RpcServer ends a call when its timeout expires", async () => {
  await using serving = await serve(likesService({ ...NO_LIKES, add: () => {} }));
  const end = await ask(serving.address, AddLikes.path, ADD, "100m");
  assert.is(end.code, STATUS.DEADLINE_EXCEEDED, end.details);
});

test("RpcServer refuses a call with an invalid timeout, and stores nothing", async () => {
  const given: string[] = [];
  const add: LikesServiceHandler["add"] = (events) => {
    given.push(...events.map(({ itemId }) => itemId));
  };
  await using serving = await serve(likesService({ ...NO_LIKES, add }));
  for (const timeout of WRONG) {
    const end = await ask(serving.address, AddLikes.path, ADD, timeout);
    assert.is(end.code, STATUS.INVALID_ARGUMENT, `${timeout}: ${end.details}`);
    assert.is(end.fault, "usage", timeout);
  }
  assert.equal(given, []);
});

async function ask(
  address: string,
  path: string,
  request: Uint8Array,
  timeout: string,
): Promise<RawEnd> {
  await using call = new RawCall(address, path, { headers: { "grpc-timeout": timeout } });
  call.send(request);
  call.endSending();
  call.read(() => {});
  return await within("the end", call.ended);
}

test.run();
