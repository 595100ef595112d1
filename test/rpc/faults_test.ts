import { Metadata } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXIT, FAULTS, LikesError, STATUS } from "../../src/errors.ts";
import type { FaultCode } from "../../src/errors.ts";
import { CHANNEL_OPTIONS, CREDENTIALS, targetOf } from "../../src/rpc/client/client.ts";
import { toLikesError, hadNoEffect, toStatus, toStatusOf } from "../../src/rpc/faults.ts";
import { likesService } from "../../src/rpc/server/likes_service.ts";
import { protos } from "../../src/rpc/protos.ts";
import { NO_LIKES, serve } from "./serving.ts";

const CODES = Object.keys(FAULTS) as FaultCode[];

test("FAULTS has a documented status and exit code for every fault", () => {
  assert.ok(CODES.length > 20);
  for (const code of CODES) {
    assert.ok(FAULTS[code].status in STATUS, code);
    assert.ok(Object.values(EXIT).includes(FAULTS[code].exit), code);
    assert.is.not(FAULTS[code].exit, EXIT.done, code);
  }
});

test("toLikesError() returns the fault that toStatus() named", () => {
  for (const code of CODES) {
    const status = toStatus({ code, message: `Cannot ${code}` });
    assert.is(status.code, STATUS[FAULTS[code].status]);
    assert.is(status.details, `Cannot ${code}`);
    const error = toLikesError(status, "the primary");
    assert.is(error.code, code);
    assert.is(error.message, `Cannot ${code}`);
  }
});

test("toLikesError() goes by the status when the peer named no fault, or an unknown one", () => {
  for (const name of ["", "newer_fault", "constructor", "__proto__", "toString"]) {
    const metadata = new Metadata();
    if (name !== "") metadata.set("likes-fault", name);
    assert.is(
      toLikesError({ code: 14, details: "", metadata }, "it").code,
      "peer_unreachable",
      name,
    );
  }
  assert.is(toLikesError(new Error("no metadata"), "it").code, "peer_failed");
});

test("toLikesError() returns peer_unreachable when the peer did not answer", () => {
  const cause = { code: 14, details: "ECONNREFUSED 127.0.0.1:1", metadata: new Metadata() };
  const error = toLikesError(cause, "the primary at 127.0.0.1:1");
  assert.is(error.code, "peer_unreachable");
  const found = "Cannot reach the primary at 127.0.0.1:1: ECONNREFUSED 127.0.0.1:1";
  assert.is(error.message, `${found}; check that it is running there`);
  assert.is(error.cause, cause);
});

test("toLikesError() returns peer_unreachable when a name cannot be resolved", () => {
  const details = "Name resolution failed for target dns:nosuch.invalid:1";
  const error = toLikesError({ code: 14, details, metadata: new Metadata() }, "the primary at x:1");
  assert.is(error.code, "peer_unreachable");
  assert.match(error.message, "the primary at x:1: its name cannot be resolved; give another name");
});

test("toLikesError() returns peer_failed when the peer answered without a fault's name", () => {
  const cause = { code: 13, details: "broken", metadata: new Metadata() };
  const error = toLikesError(cause, "the primary at 127.0.0.1:1");
  assert.is(error.code, "peer_failed");
  assert.is(error.message, "Cannot get an answer from the primary at 127.0.0.1:1: broken");
});

test("hadNoEffect() is true for a refusal, unless the peer does not know the outcome", () => {
  for (const code of CODES) {
    const inDoubt = code === "outcome_unknown" || code === "store_failed";
    const refusal = toStatus({ code, message: `Cannot ${code}` }) as ServiceError;
    assert.is(hadNoEffect(refusal), !inDoubt, code);
  }
});

test("hadNoEffect() is true when a client of grpc-js has sent nothing", async () => {
  const options = { ...CHANNEL_OPTIONS, "grpc.max_send_message_length": 1 };
  await using serving = await serve(likesService(NO_LIKES));
  const unsent = [
    ["127.0.0.1:1", CHANNEL_OPTIONS, /No connection established.*ECONNREFUSED/],
    ["nosuch.invalid:1", CHANNEL_OPTIONS, /Name resolution failed/],
    [serving.address, options, /larger than/],
  ] as const;
  for (const [address, of, details] of unsent) {
    const client = new protos.LikesService(targetOf(address), CREDENTIALS, of);
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.addLikes({ itemId: "video", likes: 1 }, resolve);
    });
    client.close();
    if (error === null) throw new Error(`${address} was expected to fail`);
    assert.match(error.details, details);
    assert.ok(hadNoEffect(error), error.details);
  }
});

test("toStatusOf() sends a fault's message, but not that of a bug", () => {
  const fault = toStatusOf(new LikesError("too_many", "Cannot take another"));
  assert.is(fault.code, STATUS.RESOURCE_EXHAUSTED);
  assert.is(fault.details, "Cannot take another");
  for (const bug of [new Error("a secret"), new TypeError("a secret"), "a secret", undefined]) {
    const status = toStatusOf(bug);
    assert.is(status.code, STATUS.INTERNAL);
    assert.not.match(status.details, "secret");
    assert.is(toLikesError(status, "it").code, "peer_failed");
  }
});

test.run();
