import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SetResult } from "../../../src/core/likes_server/likes_server.ts";
import { FAULTS } from "../../../src/errors.ts";
import type { FaultCode } from "../../../src/errors.ts";
import type { SetLikeRequest } from "../../../src/rpc/gen/likes/v1/SetLikeRequest.ts";
import type { SetOutcome } from "../../../src/rpc/gen/likes/v1/SetOutcome.ts";
import { protos } from "../../../src/rpc/protos.ts";
import {
  readSet,
  readSetOutcome,
  writeSet,
  writeSetOutcome,
} from "../../../src/rpc/wire/set_wire.ts";
import type { SubjectSet } from "../../../src/core/likes_server/client_requests.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { record } from "./arbitrary_messages.ts";

const { SetLike } = protos.LikesService.service;
const UINT32 = fc.nat(2 ** 32 - 1);
const TEXT = fc.string({ unit: "grapheme" });
const SOME_LIKES = record({
  likes: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  reaction: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
});

const SET: fc.Arbitrary<SubjectSet> = record({
  itemId: TEXT,
  subject: TEXT,
  wanted: fc.oneof(fc.constant({ likes: 0, reaction: 0 }), SOME_LIKES),
  revision: fc.option(UINT32, { nil: undefined }),
});

const STATE = record({ revision: UINT32, reaction: UINT32, likes: UINT32 });
const RESULT: fc.Arbitrary<SetResult> = fc.oneof(
  record({
    type: fc.constant("stored" as const),
    incarnation: fc.nat(0xffff).map(testId),
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    state: STATE,
  }),
  record({ type: fc.constantFrom("same" as const, "superseded" as const), state: STATE }),
  record({
    type: fc.constant("refused" as const),
    refusal: record({
      code: fc.constantFrom(...(Object.keys(FAULTS) as FaultCode[])),
      message: TEXT,
    }),
  }),
);

test("readSet() and readSetOutcome() return what was sent over the wire", () => {
  fc.assert(
    fc.property(SET, RESULT, (set, result) => {
      assert.equal(readSet(requestOf(writeSet(set))), set);
      assert.equal(readSetOutcome(outcomeOf(writeSetOutcome(result))), result);
    }),
  );
});

test("readSet() takes likes without a reaction as plain ones, and 0 likes without any", () => {
  for (const [wire, reaction] of [
    [{ likes: 1 }, 1],
    [{ likes: 1, reaction: 0 }, 1],
    [{ likes: 1, reaction: 7 }, 7],
    [{ likes: 0 }, 0],
    [{ likes: 0, reaction: 7 }, 0],
  ] as const) {
    const read = readSet(requestOf(wire));
    assert.equal("wanted" in read && read.wanted.reaction, reaction);
  }
});

test("readSet() tells a revision of 0 from none", () => {
  for (const [wire, revision] of [
    [{ likes: 1 }, undefined],
    [{ likes: 1, revision: 0 }, 0],
  ] as const) {
    const read = readSet(requestOf(wire));
    assert.equal("revision" in read && read.revision, revision);
  }
});

test("readSet() refuses missing likes, which are not 0", () => {
  const read = readSet(requestOf({ itemId: "video", person: "ada", reaction: 1 }));
  assert.is("code" in read && read.code, "like_invalid");
  assert.match("message" in read ? read.message : "", "missing");
});

test("readSetOutcome() refuses an invalid field", async () => {
  const state = { revision: 1, reaction: 1, likes: 1 };
  const stored = { result: "SET_RESULT_STORED", state, incarnation: testId(1), sequence: "1" };
  assert.is(readSetOutcome(outcomeOf(stored as SetOutcome)).type, "stored");
  for (const bad of [
    { result: "SET_RESULT_UNSPECIFIED" },
    { state: null },
    { incarnation: "a" },
    { sequence: "0" },
    { sequence: String(2n ** 53n) },
  ]) {
    await faultOf("message_invalid", () => {
      readSetOutcome(outcomeOf({ ...stored, ...bad } as SetOutcome));
    });
  }
});

test("readSetOutcome() takes a fault of a newer LikesServer for a failed peer", () => {
  const refusal = { fault: "not_yet_invented", message: "Cannot" };
  assert.equal(readSetOutcome(outcomeOf({ refusal })), {
    type: "refused",
    refusal: { code: "peer_failed", message: "Cannot" },
  });
});

test.run();

/** Returns what a LikesServer receives for `wire`. */
function requestOf(wire: SetLikeRequest) {
  return SetLike.requestDeserialize(SetLike.requestSerialize(wire));
}

/** Returns what a client receives for `wire`. */
function outcomeOf(wire: SetOutcome) {
  const bytes = SetLike.responseSerialize({ serverId: "a", outcome: wire });
  const { outcome } = SetLike.responseDeserialize(bytes);
  if (outcome === null) throw new Error("The outcome is absent");
  return outcome;
}
