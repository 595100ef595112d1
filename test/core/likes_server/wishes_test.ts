import { test } from "uvu";
import * as assert from "uvu/assert";
import type { OwnLikes } from "../../../src/core/likes_server/count_cache.ts";
import type { CountsResult } from "../../../src/core/likes_server/likes_server.ts";
import { Wishes } from "../../../src/core/likes_server/wishes.ts";
import type { DecidedWish, WishRequest } from "../../../src/core/likes_server/wishes.ts";
import { UNSET } from "../../../src/core/protocol/register.ts";
import type { FaultCode } from "../../../src/errors.ts";
import {
  ADA,
  ADA_OF_VIDEO,
  likeWish,
  liked,
  setOf,
  takeBackWish,
  takenBack,
} from "./persons_fixture.ts";

const REQUEST_ID = 7;
const AWAY = refusing("count_unknown");

test("ask() asks for the register of the wish, with an id that no caller has", () => {
  const wishes = newWishes();
  const first = wishes.ask({ requestId: REQUEST_ID, wish: likeWish() });
  assert.equal(
    { ...first, requestId: 0 },
    {
      requestId: 0,
      itemIds: ["video"],
      limit: 0,
      registers: [ADA_OF_VIDEO],
    },
  );
  const second = wishes.ask({ requestId: REQUEST_ID, wish: likeWish() });
  assert.is.not(second.requestId, first.requestId);
  assert.ok(first.requestId < 0 && second.requestId < 0);
  assert.equal([wishes.has(first.requestId), wishes.has(REQUEST_ID)], [true, false]);
  wishes.answered(first.requestId, AWAY);
  assert.equal([wishes.has(first.requestId), wishes.has(second.requestId)], [false, true]);
});

test("answered() makes the next revision of the greatest known state", () => {
  assert.equal(decided(likeWish(), told(UNSET)), stored(liked(1)));
  assert.equal(decided(takeBackWish(), told(liked(1))), stored(takenBack(2)));
  assert.equal(decided(likeWish(), told(takenBack(2))), stored(liked(3)));
  const other = { itemId: "video", person: ADA, wanted: { reaction: 3, likes: 7 } };
  assert.equal(decided(other, told(liked(3))), stored({ revision: 4, reaction: 3, likes: 7 }));
});

test("answered() makes the next revision of a set that the ledger does not have yet", () => {
  const unheard = counted({ state: liked(4), countedLikes: undefined, isCertain: true });
  assert.equal(decided(takeBackWish(), unheard), stored(takenBack(5)));
});

test("answered() is the same when nothing is to change", () => {
  for (const [wish, state] of [
    [likeWish(), liked(3)],
    [takeBackWish(), takenBack(2)],
    [takeBackWish(), UNSET],
  ] as const) {
    const outcome = { type: "same", state } as const;
    assert.equal(decided(wish, told(state)), { type: "answer", requestId: REQUEST_ID, outcome });
  }
});

test("answered() takes a like for the first one of its person when the state is unknown", () => {
  assert.equal(decided(likeWish(), AWAY), stored(liked(1)));
  assert.equal(decided(likeWish(), counted(undefined)), stored(liked(1)), "with a cached count");
});

test("answered() takes nothing back on a guess, and says what to do", () => {
  for (const outcome of [AWAY, counted(undefined)]) {
    const { code, message } = refusalOf(decided(takeBackWish(), outcome));
    assert.is(code, "count_unknown");
    assert.match(
      message,
      "Cannot take back the like at likes-server-0: the primary at 127.0.0.1:1",
    );
    assert.match(message, "give the revision, or try again later");
  }
});

test("answered() decides no taking back while a greater set may be stored", () => {
  for (const state of [UNSET, liked(3), takenBack(2)]) {
    const { code, message } = refusalOf(decided(takeBackWish(), told(state, false)));
    assert.is(code, "count_unknown");
    assert.match(message, "the primary has not applied all that this outbox stored before");
  }
  for (const [state, revision] of [
    [UNSET, 1],
    [takenBack(2), 3],
    [liked(3), 5], // and above a state 4 that may have taken it back
  ] as const) {
    assert.equal(decided(likeWish(), told(state, false)), stored(liked(revision)));
  }
});

test("answered() guesses nothing when the query was refused for another reason", () => {
  for (const wish of [likeWish(), takeBackWish()]) {
    assert.equal(refusalOf(decided(wish, refusing("too_many"))).code, "too_many");
  }
});

test.run();

function newWishes(): Wishes {
  return new Wishes({ serverId: "likes-server-0", primary: "127.0.0.1:1" });
}

/** Returns what becomes of a wish when its query is answered with `outcome`. */
function decided(wish: WishRequest["wish"], outcome: CountsResult): DecidedWish {
  const wishes = newWishes();
  return wishes.answered(wishes.ask({ requestId: REQUEST_ID, wish }).requestId, outcome);
}

/** An answer of the primary: the ledger has `state`. */
function told(state: OwnLikes["state"], isCertain = true): CountsResult {
  return counted({ state, countedLikes: state.likes, isCertain });
}

function counted(own: OwnLikes | undefined): CountsResult {
  const count = { itemId: "video", fetched: undefined };
  return { type: "counted", counts: [own === undefined ? count : { ...count, own }] };
}

function refusing(code: FaultCode): CountsResult {
  return { type: "refused", refusal: { code, message: "Cannot tell" } };
}

function stored(state: OwnLikes["state"]): DecidedWish {
  const event = setOf(state);
  return { type: "set", request: { requestId: REQUEST_ID, event, mark: undefined } };
}

function refusalOf(wish: DecidedWish) {
  assert.is(wish.type, "answer");
  if (wish.type !== "answer" || wish.outcome.type !== "refused") throw new Error("Not refused");
  return wish.outcome.refusal;
}
