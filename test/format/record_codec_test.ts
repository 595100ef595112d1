import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import protobuf from "protobufjs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { LikeEvent } from "../../src/core/protocol/like_event.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { testId } from "../store/faults.ts";

const PROTO = fileURLToPath(import.meta.resolve("#proto/likes/v1/like_event.proto"));
const LikeEvents = protobuf.loadSync(PROTO).lookupType("likes.v1.LikeEvents");

const event = fc
  .record({
    itemId: fc.string({ unit: "binary", maxLength: 64 }).filter((text) => text.isWellFormed()),
    likes: fc.bigInt({ min: 0n, max: 1_000_000n }),
  })
  .map(({ itemId, likes }) => add(itemId, likes));
const events = fc.array(event, { maxLength: 50 });

test("encode() returns bytes that protobufjs decodes as LikeEvents when concatenated", () => {
  fc.assert(
    fc.property(events, (given) => {
      const message = LikeEvents.decode(encodeAll(given));
      const { events: found = [] } = LikeEvents.toObject(message, { longs: String });
      const expected = given.map(({ itemId, change }) => ({ itemId, add: String(change.likes) }));
      assert.equal(
        (found as { itemId: string; add: string }[]).map(({ itemId, add }) => ({ itemId, add })),
        expected,
      );
    }),
  );
});

test("decode() returns the events that encode() wrote", () => {
  fc.assert(fc.property(events, (given) => assert.equal(decodeAll(given), given)));
});

test("decode() returns the events that protobufjs wrote", () => {
  const bytes = foreign([
    { itemId: "video", add: 5 },
    { add: 0, itemId: "song" },
  ]);
  assert.equal(recordCodec.decode(bytes), [add("video", 5n), add("song", 0n)]);
});

test("decode() keeps 0 likes, and likes beyond 2^53", () => {
  assert.equal(decodeAll([add("video", 0n)]), [add("video", 0n)]);
  const varint = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
  const bytes = eventsOf([0x0a, 1, 0x61, 0x10, ...varint]);
  assert.equal(recordCodec.decode(bytes), [add("a", 2n ** 64n - 1n)]);
});

test("decode() marks an event when its change is absent or of an unknown kind", () => {
  assert.equal(recordCodec.decode(foreign([{ itemId: "a" }, { itemId: "b", add: 1 }])), [
    undefined,
    add("b", 1n),
  ]);
  // Field 3, as a newer release may write it, in every wire type.
  const itemId = [0x0a, 1, 0x61];
  const kinds = [
    [0x18, 7],
    [0x19, 1, 2, 3, 4, 5, 6, 7, 8],
    [0x1a, 2, 0x08, 1],
    [0x1d, 1, 2, 3, 4],
  ];
  for (const kind of kinds) {
    assert.equal(recordCodec.decode(eventsOf([...itemId, ...kind])), [undefined]);
  }
});

test("decode() returns undefined when the bytes are not LikeEvents", () => {
  const whole = encodeAll([add("video", 5n)]);
  assert.equal(recordCodec.decode(new Uint8Array()), []);
  for (let length = 1; length < whole.length; length++) {
    assert.is(recordCodec.decode(whole.subarray(0, length)), undefined, `${length} bytes`);
  }
  assert.is(recordCodec.decode(Uint8Array.of(0x12, 0)), undefined, "another field");
  const beyond = Uint8Array.of(0x0a, 2, 0x0a, 3, 0x61, 0x62, 0x63);
  assert.is(recordCodec.decode(beyond), undefined, "the id ends beyond its event");
  assert.is(recordCodec.decode(eventsOf([0x0a, 1, 0xff])), undefined, "not UTF-8");
  assert.is(
    recordCodec.decode(Uint8Array.of(0x0a, 2, 0x0a, 5, 0x61)),
    undefined,
    "the id ends beyond the bytes",
  );
});

test("decode() never throws when the bytes are arbitrary or damaged", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodes), { numRuns: 2_000 });
  fc.assert(
    fc.property(events, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, flip) => {
      const bytes = Uint8Array.from(encodeAll(given));
      const index = at % Math.max(bytes.length, 1);
      if (bytes.length > 0) bytes[index] = (bytes[index] ?? 0) ^ flip;
      decodes(bytes);
    }),
    { numRuns: 1_000 },
  );
});

test("digest() matches the proto's documentation", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.uint8Array(), (previous, first, bytes) => {
      const before = testId(previous);
      const input = Buffer.concat([
        Buffer.from(before, "hex"),
        Buffer.from(first.toString(16).padStart(16, "0"), "hex"),
        bytes,
      ]);
      const expected = createHash("sha256").update(input).digest().subarray(0, 16);
      assert.is(recordCodec.digest(before, first, bytes), expected.toString("hex"));
    }),
  );
});

test("digest() is unchanged since the protocol was fixed", () => {
  const bytes = encodeAll([add("video", 5n), add("video", 0n)]);
  assert.is(Buffer.from(bytes).toString("hex"), "0a090a05766964656f10050a090a05766964656f1000");
  assert.is(recordCodec.digest(testId(1), 1, bytes), "1bb6109fded85c1958f430da869cbd0a");
});

function add(itemId: string, likes: bigint): LikeEvent {
  return { itemId, change: { kind: "add", likes } };
}

function encodeAll(given: readonly LikeEvent[]): Uint8Array {
  return Buffer.concat(given.map((one) => recordCodec.encode(one)));
}

function decodeAll(given: readonly LikeEvent[]): unknown {
  return recordCodec.decode(encodeAll(given));
}

function foreign(given: readonly object[]): Uint8Array {
  return LikeEvents.encode(LikeEvents.create({ events: given })).finish();
}

/** Returns a LikeEvents message with one event of these bytes. */
function eventsOf(bytes: readonly number[]): Uint8Array {
  return Uint8Array.of(0x0a, bytes.length, ...bytes);
}

function decodes(bytes: Uint8Array): void {
  recordCodec.decode(bytes);
}

test.run();
