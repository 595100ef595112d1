import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import protobuf from "protobufjs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { LikeEvent } from "../../src/core/protocol/like_event.ts";
import { LIKES_PER_PERSON_MAX, REACTIONS_MAX, REVISIONS_MAX } from "../../src/limits.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { testId } from "../store/faults.ts";

const PROTO = fileURLToPath(import.meta.resolve("#proto/likes/v1/like_event.proto"));
const LikeEvents = protobuf.loadSync(PROTO).lookupType("likes.v1.LikeEvents");

const numbers = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const id = fc.nat().map((seed) => testId(seed));
const set = fc
  .record({
    itemId: fc.constantFrom("video", "a"),
    person: id,
    revision: fc.integer({ min: 1, max: REVISIONS_MAX }),
    reaction: fc.integer({ min: 1, max: REACTIONS_MAX }),
    likes: fc.integer({ min: 0, max: LIKES_PER_PERSON_MAX }),
  })
  .map(({ itemId, person, revision, reaction, likes }): LikeEvent => {
    const state = { revision, reaction: likes === 0 ? 0 : reaction, likes };
    return { itemId, change: { kind: "set", person, state } };
  });
const named = fc.tuple(id, numbers).map(([client, number]): LikeEvent => {
  const operation = { client, number };
  return { itemId: "song", change: { kind: "add", likes: 3n, operation } };
});
const forgetting = fc.tuple(id, fc.boolean()).map(([person, withdraw]): LikeEvent => {
  return { itemId: "", change: { kind: "forget", person, withdraw } };
});
const plain = fc
  .record({
    itemId: fc.string({ unit: "binary", maxLength: 64 }).filter((text) => text.isWellFormed()),
    likes: fc.bigInt({ min: 0n, max: 1_000_000n }),
  })
  .map(({ itemId, likes }) => add(itemId, likes));
const events = fc.array(fc.oneof(plain, set, named, forgetting), { maxLength: 50 });

test("encode() returns bytes that protobufjs decodes as LikeEvents when concatenated", () => {
  fc.assert(
    fc.property(events, (given) => {
      const message = LikeEvents.decode(encodeAll(given));
      const { events: found = [] } = LikeEvents.toObject(message, { longs: String });
      assert.equal(found, given.map(messageOf));
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
  // Field 6, as a newer release may write it, in every wire type.
  const itemId = [0x0a, 1, 0x61];
  const kinds = [
    [0x30, 7],
    [0x31, 1, 2, 3, 4, 5, 6, 7, 8],
    [0x32, 2, 0x08, 1],
    [0x35, 1, 2, 3, 4],
  ];
  for (const kind of kinds) {
    assert.equal(recordCodec.decode(eventsOf([...itemId, ...kind])), [undefined]);
  }
});

test("decode() marks a set without a whole person, and an operation that names no add", () => {
  const person = Buffer.alloc(16, 7);
  const set = { person, revision: 1, reaction: 1, likes: 1 };
  const operation = { client: person, number: 1 };
  const bad = [
    { set: { ...set, person: Buffer.alloc(15) } },
    { set: { ...set, person: Buffer.alloc(17) } },
    { forget: { person: Buffer.alloc(15) } },
    { forget: { person }, operation },
    { set, operation },
    { operation },
    { add: 1, operation: { ...operation, client: Buffer.alloc(15) } },
  ];
  for (const changes of bad) {
    assert.equal(recordCodec.decode(foreign([{ itemId: "a", ...changes }])), [undefined]);
  }
});

test("decode() takes the last of several changes, as protobuf does", () => {
  const set = [0x1a, 20, 0x0a, 16, ...Array<number>(16).fill(7), 0x10, 3];
  const both = [0x0a, 1, 0x61, ...set, 0x10, 5];
  assert.equal(recordCodec.decode(eventsOf(both)), [add("a", 5n)]);
  const [event] = recordCodec.decode(eventsOf([0x0a, 1, 0x61, 0x10, 5, ...set])) ?? [];
  assert.is(event?.change.kind, "set");
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
  const state = { revision: 300, reaction: 2, likes: 1 };
  const set = recordCodec.encode({
    itemId: "a",
    change: { kind: "set", person: testId(1), state },
  });
  const person = "00000000000000000000000000000001";
  assert.is(Buffer.from(set).toString("hex"), `0a1e0a01611a190a10${person}10ac0218022001`);
  const operation = { client: testId(1), number: 300 };
  const named = recordCodec.encode({ itemId: "a", change: { kind: "add", likes: 1n, operation } });
  assert.is(Buffer.from(named).toString("hex"), `0a1c0a0161100122150a10${person}10ac02`);
});

/** Returns the message of an event, as protobufjs shows it: without fields that are not sent. */
function messageOf({ itemId, change }: LikeEvent): object {
  if (change.kind === "set") {
    const { revision, reaction, likes } = change.state;
    const given = likes === 0 ? {} : { reaction, likes };
    return { itemId, set: { person: Buffer.from(change.person, "hex"), revision, ...given } };
  }
  if (change.kind === "forget") {
    const person = Buffer.from(change.person, "hex");
    return { forget: change.withdraw ? { person, withdraw: true } : { person } };
  }
  const { likes, operation } = change;
  if (operation === undefined) return { itemId, add: String(likes) };
  const client = Buffer.from(operation.client, "hex");
  return { itemId, add: String(likes), operation: { client, number: String(operation.number) } };
}

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
