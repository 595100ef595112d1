import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  acceptedLikes,
  checkEvent,
  checkItemId,
  likesAtMost,
} from "../../../src/core/protocol/like_event.ts";
import type { LikeEvent } from "../../../src/core/protocol/like_event.ts";
import type { RegisterState } from "../../../src/core/protocol/register.ts";
import { testId } from "../../store/faults.ts";
import { ITEM_ID_BYTES_MAX, LIKES_PER_EVENT_MAX } from "../../../src/limits.ts";
import { like } from "../core_fixture.ts";

const PERSON = testId(0x7e);

function set(changes: Partial<RegisterState> = {}): LikeEvent {
  const state = { revision: 1, reaction: 1, likes: 1, ...changes };
  return { itemId: "video", change: { kind: "set", person: PERSON, state } };
}

test("acceptedLikes() and likesAtMost() return an add's likes", () => {
  for (const likes of [0, 42]) {
    assert.is(acceptedLikes(like(likes).change), BigInt(likes));
    assert.is(likesAtMost(like(likes).change), BigInt(likes));
  }
});

test("what a set adds is known to the ledger alone, and is at most its likes", () => {
  assert.is(acceptedLikes(set({ likes: 7 }).change), 0n);
  assert.is(likesAtMost(set({ likes: 7 }).change), 7n);
});

test("checkEvent() accepts the bounds of a set, and refuses what is outside", () => {
  const good = [{}, { revision: 2 ** 31 - 1, reaction: 63, likes: 50 }, { reaction: 0, likes: 0 }];
  for (const changes of good) assert.is(checkEvent(set(changes)), undefined);
  const bad: readonly (readonly [Partial<RegisterState>, RegExp])[] = [
    [{ revision: 0 }, /revision 0: give 1 to 2147483647/],
    [{ revision: 2 ** 31 }, /revision 2147483648/],
    [{ revision: 1.5 }, /revision 1.5/],
    [{ likes: 51 }, /51 likes: a person gives 0 to 50/],
    [{ likes: -1 }, /-1 likes/],
    [{ reaction: 64 }, /reaction 64: give 1 to 63/],
    [{ reaction: 0 }, /1 likes of reaction 0/],
    [{ likes: 0 }, /0 likes of reaction 1/],
  ];
  for (const [changes, reason] of bad) {
    assert.match(checkEvent(set(changes))?.message ?? "", reason);
  }
});

test("checkEvent() accepts operations from 1 to 2^53-1, and refuses others", () => {
  const named = (number: number): LikeEvent => {
    const operation = { client: testId(1), number };
    return { itemId: "video", change: { kind: "add", likes: 1n, operation } };
  };
  for (const number of [1, 2 ** 53 - 1]) assert.is(checkEvent(named(number)), undefined);
  for (const number of [0, -1, 1.5, 2 ** 53]) {
    assert.match(checkEvent(named(number))?.message ?? "", /^Cannot accept operation /);
  }
});

test("checkItemId() accepts text of 1 to 256 bytes", () => {
  for (const itemId of [
    "video",
    "a/b:c d",
    "é".repeat(128),
    "日本",
    "x".repeat(256),
    "constructor",
    "\u{1f469}\u200d\u{1f680}", // an emoji of two, joined
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", // Persian
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", // the flag of England
  ]) {
    assert.is(checkItemId(itemId), undefined, itemId);
  }
});

test("checkItemId() returns the reason when an id is invalid", () => {
  const long = "é".repeat(128) + "x";
  const bad: readonly (readonly [string, RegExp])[] = [
    ["", /an empty item id/],
    [long, /of 257 bytes: at most 256/],
    ["𝄞".repeat(65), /of 260 bytes/],
    ["a\nb", /"a\\nb": it has control/],
    ["a\u0000", /control/],
    ["a\u007f", /control/],
    ["a\u0085", /control/],
    ["a\u202eb", /control/],
    ["a\u2028b", /control/],
    ["\ud800", /control/],
    ["a\ufffd", /not valid UTF-8/],
    ["__proto__", /reserved/],
  ];
  assert.is(ITEM_ID_BYTES_MAX, 256);
  for (const [itemId, reason] of bad) {
    const refusal = checkItemId(itemId);
    assert.is(refusal?.code, "like_invalid", JSON.stringify(itemId));
    assert.match(refusal?.message ?? "", reason);
  }
});

test("checkItemId() refuses direction marks and invisible characters", () => {
  const unseen = "61c 200b 200e 200f 202a 202b 202c 202d 202e 2060 2066 2067 2068 2069 feff";
  for (const code of unseen.split(" ")) {
    const character = String.fromCodePoint(parseInt(code, 16));
    for (const itemId of [`video${character}`, `${character}5`]) {
      assert.is(checkItemId(itemId)?.code, "like_invalid", code);
    }
  }
});

test("checkItemId() refuses a blank at either end, with which two ids look alike", () => {
  const blanks = "20 a0 1680 2000 2003 200a 202f 205f 3000";
  for (const code of blanks.split(" ")) {
    const blank = String.fromCodePoint(parseInt(code, 16));
    for (const itemId of [blank, `${blank}video`, `video${blank}`]) {
      assert.match(checkItemId(itemId)?.message ?? "", /begins or ends with a blank/, code);
    }
    assert.is(checkItemId(`a${blank}b`), undefined, code);
  }
});

test("checkEvent() accepts 0 and the maximum, and refuses what is outside", () => {
  for (const likes of [0, 1, LIKES_PER_EVENT_MAX]) assert.is(checkEvent(like(likes)), undefined);
  for (const likes of [-1, LIKES_PER_EVENT_MAX + 1, 2n ** 64n]) {
    assert.match(checkEvent(like(likes))?.message ?? "", /^Cannot accept -?\d+ likes: /);
  }
  assert.match(checkEvent(like(1, ""))?.message ?? "", /empty item id/);
});

test.run();
