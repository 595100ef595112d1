/**
 * Protocol violations by an admitted outbox that random changes would not find: batches with a
 * right digest and events that no LikesServer accepts, and messages out of order.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIKES_PER_EVENT_MAX, RECORD_EVENTS_MAX } from "../../src/limits.ts";
import type { FromLikesServer } from "../../src/core/protocol/messages.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { like } from "../core/core_fixture.ts";
import { admit, expectOutcome, newLane, repeated, sealed } from "../fixtures/delivery_lane.ts";
import type { Fate, Lane } from "../fixtures/delivery_lane.ts";
import { batchAfter, helloOf, newId, newIdentity, reportOf } from "../fixtures/delivery_peer.ts";
import { RawDelivery, encoded } from "../fixtures/raw_delivery.ts";
import { Counter } from "../fixtures/roles.ts";

test("a primary rejects a whole batch when one event in it violates the protocol", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const lane = newLane("sealed");
  await admit(counter.primary, lane);
  const known = recordCodec.encode(like(1));
  const event = (itemId: string, likes = 1n) =>
    recordCodec.encode({ itemId, change: { kind: "add", likes } });
  const cases: readonly (readonly [string, Uint8Array, number, Fate])[] = [
    ["too many likes", event("video", BigInt(LIKES_PER_EVENT_MAX) + 1n), 1, "INVALID_ARGUMENT"],
    ["likes beyond 2^63", event("video", 2n ** 64n - 1n), 1, "INVALID_ARGUMENT"],
    ["no item", event(""), 1, "INVALID_ARGUMENT"],
    ["__proto__", event("__proto__"), 1, "INVALID_ARGUMENT"],
    ["a NUL", event("a\0b"), 1, "INVALID_ARGUMENT"],
    ["an item of 257 bytes", event("a".repeat(257)), 1, "INVALID_ARGUMENT"],
    ["no events", Buffer.alloc(0), 1, "INVALID_ARGUMENT"],
    [
      "too many events",
      repeated(known, RECORD_EVENTS_MAX + 1),
      RECORD_EVENTS_MAX + 1,
      "INVALID_ARGUMENT",
    ],
    ["no change", Buffer.from([0x0a, 3, 0x0a, 1, 0x61]), 1, "FAILED_PRECONDITION"],
    ["an unknown change", Buffer.from([0x0a, 5, 0x0a, 1, 0x61, 0x18, 7]), 1, "FAILED_PRECONDITION"],
    ["no LikeEvents", Buffer.from([0xff, 0xff]), 1, "ABORTED"],
    ["an event cut short", known.subarray(0, -1), 1, "ABORTED"],
    ["fewer events than it says", known, 2, "ABORTED"],
    ["more events than it says", repeated(known, 2), 1, "ABORTED"],
  ];
  for (const [what, bytes, events, fate] of cases) {
    for (const offset of [0, 1]) {
      // Also behind a valid record, which must not count either.
      const records = offset === 0 ? [bytes] : [known, bytes];
      const batch = sealed(lane, records, offset + events);
      await expectFate(counter.primary, lane, [encoded(batch)], [fate, `${what} at ${offset}`]);
    }
  }
  assert.is((await counter.status()).totalLikes, 0n);
  const whole = sealed(lane, [repeated(known, RECORD_EVENTS_MAX), known], RECORD_EVENTS_MAX + 1);
  await expectFate(counter.primary, lane, [encoded(whole)], ["applied", "the most of both"]);
  assert.is((await counter.status()).totalLikes, BigInt(RECORD_EVENTS_MAX + 1));
});

test("a primary ends a stream whose messages are out of order, and keeps serving", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const lane = newLane("disorder");
  const { incarnation } = lane.identity;
  await admit(counter.primary, lane);
  const [first, second] = [batchAfter(incarnation), batchAfter(incarnation, undefined, [1, 2])];
  const next = batchAfter(incarnation, first.after, [4]);
  const far = batchAfter(incarnation, next.after, [9]);
  const report = (pulseMs: number, change = {}) => reportOf(incarnation, pulseMs, change);
  const cases: Readonly<Record<string, readonly [readonly FromLikesServer[], Fate]>> = {
    "a second Hello": [[helloOf(lane.identity, {})], "INVALID_ARGUMENT"],
    "a Hello of another": [[helloOf(newIdentity("other"), {})], "INVALID_ARGUMENT"],
    "a batch of another incarnation": [[batchAfter(newId()).batch], "INVALID_ARGUMENT"],
    "a report of another incarnation": [[reportOf(newId(), 1, {})], "INVALID_ARGUMENT"],
    "a pulse time of 0": [[report(0)], "INVALID_ARGUMENT"],
    "a time of no pulse": [[report(Number.MAX_SAFE_INTEGER)], "INVALID_ARGUMENT"],
    "leaving, and not final": [[report(1, { leaving: true })], "INVALID_ARGUMENT"],
    "a gap": [[next.batch], "ABORTED"],
    "a gap after a batch": [[first.batch, far.batch], "ABORTED"],
    "an overlap": [[second.batch], "ABORTED"],
    "a digest of another batch": [[{ ...next.batch, digest: far.batch.digest }], "ABORTED"],
  };
  for (const [what, [messages, fate]] of Object.entries(cases)) {
    await expectFate(counter.primary, lane, messages.map(encoded), [fate, what]);
  }
  for (const message of [first.batch, report(1)]) {
    await using early = new RawDelivery(counter.primary);
    early.send(encoded(message));
    await expectOutcome(early, "INVALID_ARGUMENT", `${message.type} before the Hello`);
  }
  {
    await using twice = await RawDelivery.welcomed(counter.primary, lane.identity);
    for (const _ of [1, 2]) twice.send(encoded(report(twice.welcome.pulse.pulseMs)));
    await expectOutcome(twice, "INVALID_ARGUMENT", "a pulse time that was answered");
  }
  await using good = await RawDelivery.welcomed(counter.primary, lane.identity);
  assert.is(good.welcome.appliedSequence, first.after.sequence, "the batch before the gap counts");
  good.send(encoded(next.batch));
  const ack = await good.next("ack");
  assert.ok("appliedSequence" in ack && ack.appliedSequence === next.after.sequence);
  assert.is((await counter.status()).totalLikes, next.after.likes);
  assert.not(primary.hasEnded);
});

/** Says Hello, sends `messages`, and checks the outcome of the last one. */
async function expectFate(
  address: string,
  { identity }: Lane,
  messages: readonly Buffer[],
  [fate, what]: readonly [Fate, string],
): Promise<void> {
  await using stream = await RawDelivery.welcomed(address, identity);
  for (const message of messages) stream.send(message);
  await expectOutcome(stream, fate, what);
}

test.run();
