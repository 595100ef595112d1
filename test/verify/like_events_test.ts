import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkItemId } from "../../src/core/protocol/like_event.ts";
import { LIKES_PER_EVENT_MAX } from "../../src/limits.ts";
import { acceptedLikes } from "../../src/core/protocol/like_event.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { decodeEvents } from "../../src/verify/like_events.ts";
import { CorruptStoreError } from "../../src/verify/corrupt_store_error.ts";
import { mutated, randomOf } from "../fixtures/mutation.ts";

/** Returns the error of decodeEvents() for hexadecimal bytes; empty without one. */
function errorOf(hex: string): string {
  try {
    decodeEvents(Buffer.from(hex, "hex"));
    return "";
  } catch (error) {
    assert.instance(error, CorruptStoreError);
    return (error as CorruptStoreError).message;
  }
}

test("decodeEvents() decodes the worked example of the protocol", () => {
  const bytes = Buffer.from("0a090a05766964656f10050a080a04736f6e671000", "hex");
  assert.equal(decodeEvents(bytes), [
    { itemId: "video", likes: 5n },
    { itemId: "song", likes: 0n },
  ]);
  assert.equal(decodeEvents(Buffer.from("0a080a02c3bc10c0843d", "hex")), [
    { itemId: "ü", likes: 1_000_000n },
  ]);
});

test("decodeEvents() returns the encoded events for any valid events", () => {
  const event = fc.record(
    {
      itemId: fc.string({ unit: "binary", minLength: 1, maxLength: 64 }).filter((itemId) => {
        return checkItemId(itemId) === undefined;
      }),
      likes: fc.bigInt(0n, BigInt(LIKES_PER_EVENT_MAX)),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 20 }), (events) => {
      const parts = events.map(({ itemId, likes }) => {
        return recordCodec.encode({ itemId, change: { kind: "add", likes } });
      });
      assert.equal(decodeEvents(Buffer.concat(parts)), events);
    }),
  );
});

test("decodeEvents() throws and says why when the bytes are invalid", () => {
  for (const [hex, why] of [
    ["", "the record has no events"],
    ["12020801", "the record has an unknown tag 18"],
    ["0a", "its bytes are cut short"],
    ["0a090a05766964656f10", "its bytes are cut short"],
    ["0a070a05766964656f", "an event has no known change"],
    ["0a021005", "an event has no item"],
    ["0a040a001005", "an item id has 0 bytes"],
    ["0a050a01ff1005", "an item id is not UTF-8"],
    ["0a070a0161100510050a", "an event has an unknown or repeated tag 16"],
    ["0a070a016110051801", "an event has an unknown or repeated tag 24"],
    ["0a060a0161150500", "an event has an unknown or repeated tag 21"],
    ["0a0e0a016110ffffffffffffffffff02", "a number has more than 64 bits"],
    ["0a070a016110c1843d", "an event has 1000001 likes"],
    ["0affffffff7f", "its bytes are cut short"],
    [`0a88020a8402${"61".repeat(260)}1005`, "an item id has 260 bytes"],
    ["0a050a01611005".repeat(1_001), "the record has more than 1000 events"],
  ] as const) {
    assert.is(errorOf(hex), why, hex);
  }
});

test("decodeEvents() agrees with the roles' decoder when bits are flipped", () => {
  const random = randomOf(7);
  const record = Buffer.from("0a090a05766964656f10050a080a04736f6e671000", "hex");
  for (let times = 0; times < 20_000; times++) {
    const bytes = mutated(record, random);
    let events;
    try {
      events = decodeEvents(bytes);
    } catch (error) {
      assert.instance(error, CorruptStoreError);
      continue;
    }
    const role = recordCodec.decode(bytes);
    const expected = role?.map((one) => ({
      itemId: one?.itemId,
      likes: one && acceptedLikes(one.change),
    }));
    assert.equal(events, expected, bytes.toString("hex"));
  }
});

test.run();
