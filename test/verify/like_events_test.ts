import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkEvent, checkItemId } from "../../src/core/protocol/like_event.ts";
import type { Change, LikeEvent } from "../../src/core/protocol/like_event.ts";
import type { TestId } from "../store/faults.ts";
import {
  LIKES_PER_EVENT_MAX,
  LIKES_PER_PERSON_MAX,
  REACTIONS_MAX,
  REVISIONS_MAX,
} from "../../src/limits.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { decodeEvents, eventText, isSameEvent } from "../../src/verify/like_events.ts";
import type { AuditedEvent } from "../../src/verify/like_events.ts";
import { CorruptStoreError } from "../../src/verify/corrupt_store_error.ts";
import { mutated, randomOf } from "../fixtures/mutation.ts";
import { idOf } from "./stores_fixture.ts";

const PERSON = idOf("7", 1);

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

/** Returns an event as the roles have it. */
function asOfRole(event: AuditedEvent): LikeEvent {
  const { itemId } = event;
  if (event.kind === "set") {
    const { person, state } = event;
    return { itemId, change: { kind: "set", person: hexOf(person), state } };
  }
  if (event.kind === "forget") {
    const { person, withdraw } = event;
    return { itemId: "", change: { kind: "forget", person: hexOf(person), withdraw } };
  }
  const { likes, operation } = event;
  if (operation === undefined) return { itemId, change: { kind: "add", likes } };
  const named = { client: hexOf(operation.client), number: operation.number };
  return { itemId, change: { kind: "add", likes, operation: named } };
}

function hexOf(bytes: Uint8Array): TestId {
  return Buffer.from(bytes).toString("hex") as TestId;
}

/** Returns the hexadecimal bytes of a record with one event about the item `a`. */
function withField(hex: string): string {
  const event = `0a0161${hex}`;
  const length = (event.length / 2).toString(16).padStart(2, "0");
  return `0a${length}${event}`;
}

const ID = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(hexOf);
const SHAPE = { noNullPrototype: true };
const OPERATION = fc.record(
  { client: ID, number: fc.integer({ min: 1, max: 2 ** 53 - 1 }) },
  SHAPE,
);
const LIKES = fc.bigInt(0n, BigInt(LIKES_PER_EVENT_MAX));
const GIVEN = fc.record(
  {
    revision: fc.integer({ min: 1, max: REVISIONS_MAX }),
    reaction: fc.integer({ min: 1, max: REACTIONS_MAX }),
    likes: fc.integer({ min: 1, max: LIKES_PER_PERSON_MAX }),
  },
  SHAPE,
);
const STATE = fc.oneof(
  GIVEN,
  GIVEN.map(({ revision }) => ({ revision, reaction: 0, likes: 0 })),
);
const CHANGE: fc.Arbitrary<Change> = fc.oneof(
  LIKES.map((likes) => ({ kind: "add", likes }) as const),
  fc
    .tuple(LIKES, OPERATION)
    .map(([likes, operation]) => ({ kind: "add", likes, operation }) as const),
  fc.tuple(ID, STATE).map(([person, state]) => ({ kind: "set", person, state }) as const),
);
const ITEM_ID = fc
  .string({ unit: "binary", minLength: 1, maxLength: 64 })
  .filter((itemId) => checkItemId(itemId) === undefined);
const FORGET = fc.tuple(ID, fc.boolean()).map(([person, withdraw]): LikeEvent => {
  return { itemId: "", change: { kind: "forget", person, withdraw } };
});
const EVENTS = fc.array(
  fc.oneof(
    fc.tuple(ITEM_ID, CHANGE).map(([itemId, change]): LikeEvent => ({ itemId, change })),
    FORGET,
  ),
  { minLength: 1, maxLength: 20 },
);

test("decodeEvents() decodes the worked example of the protocol", () => {
  const bytes = Buffer.from("0a090a05766964656f10050a080a04736f6e671000", "hex");
  assert.equal(decodeEvents(bytes), [
    { kind: "add", itemId: "video", likes: 5n, operation: undefined },
    { kind: "add", itemId: "song", likes: 0n, operation: undefined },
  ]);
  assert.equal(decodeEvents(Buffer.from("0a080a02c3bc10c0843d", "hex")), [
    { kind: "add", itemId: "ü", likes: 1_000_000n, operation: undefined },
  ]);
});

test("decodeEvents() returns the encoded events for any valid events", () => {
  fc.assert(
    fc.property(EVENTS, (events) => {
      const bytes = Buffer.concat(events.map((event) => recordCodec.encode(event)));
      assert.equal(decodeEvents(bytes).map(asOfRole), events);
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
    ["0a070a016110052801", "an event has an unknown or repeated tag 40"],
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

test("decodeEvents() throws and says why when a set is invalid", () => {
  const person = `0a10${PERSON}`;
  const set = (fields: string): string => {
    return `1a${(fields.length / 2).toString(16).padStart(2, "0")}${fields}`;
  };
  const whole = set(`${person}100118022003`);
  assert.is(errorOf(withField(whole)), "");
  for (const [field, why] of [
    [set("100118022003"), "a person has 0 bytes"],
    [set(`0a0f${PERSON.slice(2)}100118022003`), "a person has 15 bytes"],
    [set(`0a11${PERSON}00100118022003`), "a person has 17 bytes"],
    [set(`${person}${person}1001`), "a set has an unknown or repeated tag 10"],
    [set(`${person}10011001`), "a set has an unknown or repeated tag 16"],
    [set(`${person}100118021802`), "a set has an unknown or repeated tag 24"],
    [set(`${person}1001180220032003`), "a set has an unknown or repeated tag 32"],
    [set(`${person}10012001`), "a set has revision 1 with 1 likes of reaction 0"],
    [set(`${person}10012801`), "a set has an unknown or repeated tag 40"],
    [set(`${person}18022003`), "a set has revision 0 with 3 likes of reaction 2"],
    [
      set(`${person}10808080800818022003`),
      "a set has revision 2147483648 with 3 likes of reaction 2",
    ],
    [set(`${person}100118402003`), "a set has revision 1 with 3 likes of reaction 64"],
    [set(`${person}100118022033`), "a set has revision 1 with 51 likes of reaction 2"],
    [set(`${person}10011802`), "a set has revision 1 with 0 likes of reaction 2"],
    [`${whole}${whole}`, "an event has an unknown or repeated tag 26"],
    [`${whole}1005`, "an event has an unknown or repeated tag 16"],
    [`1005${whole}`, "an event has an unknown or repeated tag 26"],
    [`${whole}22140a10${PERSON}1001`, "a set has an operation"],
  ] as const) {
    assert.is(errorOf(withField(field)), why, field);
  }
});

test("decodeEvents() throws and says why when an operation is invalid", () => {
  const operation = (fields: string): string => {
    return `100522${(fields.length / 2).toString(16).padStart(2, "0")}${fields}`;
  };
  const client = `0a10${PERSON}`;
  assert.is(errorOf(withField(operation(`${client}10ffffffffffffff0f`))), "");
  for (const [field, why] of [
    [operation("1001"), "a client has 0 bytes"],
    [operation(`0a0f${PERSON.slice(2)}1001`), "a client has 15 bytes"],
    [operation(client), "an operation has the number 0"],
    [operation(`${client}108080808080808010`), "an operation has the number 9007199254740992"],
    [operation(`${client}10011001`), "an operation has an unknown or repeated tag 16"],
    [operation(`${client}${client}1001`), "an operation has an unknown or repeated tag 10"],
    [operation(`${client}10011801`), "an operation has an unknown or repeated tag 24"],
    [`${operation(`${client}1001`)}2200`, "an event has an unknown or repeated tag 34"],
    [`22140a10${PERSON}1001`, "an event has no known change"],
  ] as const) {
    assert.is(errorOf(withField(field)), why, field);
  }
});

test("decodeEvents() agrees with the roles' decoder when bits are flipped", () => {
  const random = randomOf(7);
  const operation = { client: idOf("c", 2), number: 2 ** 40 + 5 };
  const state = { revision: 3, reaction: 2, likes: 5 };
  const changes: readonly Change[] = [
    { kind: "add", likes: 5n },
    { kind: "add", likes: 7n, operation },
    { kind: "set", person: PERSON, state },
    { kind: "set", person: PERSON, state: { revision: 2 ** 30, reaction: 0, likes: 0 } },
  ];
  const forget = { kind: "forget", person: PERSON, withdraw: true } as const;
  const records = [
    Buffer.from("0a090a05766964656f10050a080a04736f6e671000", "hex"),
    ...changes.map((change) => Buffer.from(recordCodec.encode({ itemId: "video", change }))),
    Buffer.from(recordCodec.encode({ itemId: "", change: forget })),
  ];
  const decoded = { plain: 0, named: 0, set: 0, forget: 0 };
  for (let times = 0; times < 50_000; times++) {
    const bytes = mutated(records[times % records.length] ?? Buffer.alloc(0), random);
    let events;
    try {
      events = decodeEvents(bytes);
    } catch (error) {
      assert.instance(error, CorruptStoreError);
      continue;
    }
    for (const event of events) {
      if (event.kind !== "add") decoded[event.kind]++;
      else decoded[event.operation === undefined ? "plain" : "named"]++;
    }
    const role = recordCodec.decode(bytes);
    assert.equal(events.map(asOfRole), role, bytes.toString("hex"));
    for (const event of role ?? []) {
      const hasItem = event?.change.kind !== "forget";
      const isPlain = !hasItem || checkItemId(event?.itemId ?? "") === undefined;
      const refusal = event && isPlain && checkEvent(event);
      assert.not.ok(refusal, bytes.toString("hex"));
    }
  }
  for (const [kind, count] of Object.entries(decoded)) assert.ok(count > 300, `${count} ${kind}`);
});

test("isSameEvent() tells persons and operations apart, and eventText() names neither", () => {
  const state = { revision: 1, reaction: 1, likes: 1 };
  const changes: readonly Change[] = [
    { kind: "set", person: PERSON, state },
    { kind: "set", person: idOf("7", 2), state },
    { kind: "add", likes: 5n, operation: { client: PERSON, number: 1 } },
    { kind: "add", likes: 5n, operation: { client: PERSON, number: 2 } },
    { kind: "add", likes: 5n, operation: { client: idOf("7", 2), number: 1 } },
    { kind: "add", likes: 5n },
  ];
  const bytes = changes.map((change) => recordCodec.encode({ itemId: "a", change }));
  const events = decodeEvents(Buffer.concat(bytes));
  for (const [index, event] of events.entries()) {
    for (const [at, other] of events.entries()) {
      assert.is(isSameEvent(event, other), index === at, `${index} ${at}`);
    }
    assert.not.ok(isSameEvent(event, undefined));
    assert.not.match(eventText(event), PERSON);
  }
  assert.is(eventText(events[0]), '"a" set to revision 1 with 1 likes of reaction 1');
});

test.run();
