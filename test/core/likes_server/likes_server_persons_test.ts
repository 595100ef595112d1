/** A LikesServer and persons: wishes, repeated sets and repeated operations. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RegisterState } from "../../../src/core/protocol/register.ts";
import {
  ADDS_MAX,
  COUNT_REQUESTS_WAITING_MAX,
  LIKES_PER_PERSON_MAX,
  REACTIONS_MAX,
} from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";
import { FIRST, SECOND, ack } from "../core_fixture.ts";
import { LikesServerHarness } from "./likes_server_harness.ts";
import {
  ADA_OF_VIDEO,
  BOB,
  answerTo,
  likeWish,
  liked,
  namedAdd,
  setOf,
  takeBackWish,
  takenBack,
} from "./persons_fixture.ts";

test("a wish is stored with the next revision, and answered once the disk has it", async () => {
  const server = await LikesServerHarness.admitted();
  const [requestId = 0] = server.wish(takeBackWish());
  assert.equal(server.diskCalls, [], "the revision is not known yet");
  answer(server, { [ADA_OF_VIDEO]: liked(7) });
  assert.is(server.outcome(requestId), undefined, "nothing is synced yet");
  await server.settle();
  assert.equal(server.outcome(requestId), {
    type: "stored",
    incarnation: FIRST,
    sequence: 1,
    state: takenBack(8),
  });
});

test("a wish that changes nothing is answered without a write", async () => {
  const server = await LikesServerHarness.admitted();
  const [requestId = 0] = server.wish(likeWish());
  answer(server, { [ADA_OF_VIDEO]: liked(7) });
  assert.equal(server.outcome(requestId), { type: "same", state: liked(7) });
  assert.equal(server.diskCalls, []);
});

test("wishes that arrive together share one fetch and one write", async () => {
  const server = await LikesServerHarness.admitted();
  const wishes = [likeWish(), likeWish("video", BOB), takeBackWish("song")];
  const ids = server.wish(...wishes);
  answer(server);
  await server.settle();
  assert.equal(
    ids.map((requestId) => server.outcomeText(requestId)),
    ["#1", "#2", "same"],
  );
  assert.is(server.all("fetch_counts").length, 1);
  assert.is(server.writes.filter(({ type }) => type === "append").length, 1);
});

test("a like is taken for the first one while the primary is away", async () => {
  const server = await LikesServerHarness.admitted();
  const [requestId = 0] = server.wish(likeWish());
  server.drive({ type: "counts_fetched", answer: undefined });
  await server.settle();
  const outcome = server.outcome(requestId);
  assert.equal(outcome?.type === "stored" && outcome.state, liked(1));
});

test("nothing is taken back while the primary is away, unless this outbox has the like", async () => {
  const server = await LikesServerHarness.admitted();
  const [unknown = 0] = server.wish(takeBackWish());
  server.drive({ type: "counts_fetched", answer: undefined });
  assert.is(server.outcomeText(unknown), "count_unknown");
  assert.equal(server.diskCalls, []);
  server.give(setOf(liked(4)));
  await server.settle();
  const [known = 0] = server.wish(takeBackWish());
  await server.settle();
  const outcome = server.outcome(known);
  assert.equal(outcome?.type === "stored" && outcome.state, takenBack(5));
});

test("a wish follows a set of this outbox that the ledger does not have yet", async () => {
  const server = await LikesServerHarness.admitted();
  server.give(setOf(liked(1)));
  await server.settle();
  const [same = 0, back = 0] = server.wish(likeWish(), takeBackWish());
  answer(server);
  await server.settle();
  assert.is(server.outcomeText(same), "same");
  const outcome = server.outcome(back);
  assert.equal(outcome?.type === "stored" && outcome.state, takenBack(2));
});

test("a wish is refused without a fetch when it is out of bounds", async () => {
  const server = await LikesServerHarness.admitted();
  const wishes = [
    { ...likeWish(), wanted: { reaction: 1, likes: LIKES_PER_PERSON_MAX + 1 } },
    { ...likeWish(), wanted: { reaction: REACTIONS_MAX + 1, likes: 1 } },
    { ...likeWish(), wanted: { reaction: 1, likes: 0 } },
    { ...likeWish(), wanted: { reaction: 0, likes: 1 } },
    likeWish(""),
    likeWish("__proto__"),
  ];
  for (const requestId of server.wish(...wishes)) {
    assert.is(server.outcomeText(requestId), "like_invalid");
  }
  assert.is(server.all("fetch_counts").length, 0);
});

test("a wish is refused when too many wait for the primary, and never guessed then", async () => {
  const server = await LikesServerHarness.admitted();
  const first = Array.from({ length: ADDS_MAX }, (_, index) => likeWish("video", testId(index)));
  server.wish(...first);
  const waiting = Array.from({ length: COUNT_REQUESTS_WAITING_MAX }, (_, index) => {
    return likeWish("video", testId(0x1000 + index));
  });
  server.wish(...waiting);
  const more = server.wish(likeWish(), takeBackWish());
  assert.equal(
    more.map((requestId) => server.outcomeText(requestId)),
    ["too_many", "too_many"],
  );
  assert.equal(server.diskCalls, []);
});

test("a wish is refused before the LikesServer is a member", async () => {
  const server = await LikesServerHarness.start();
  const [requestId = 0] = server.wish(likeWish());
  server.drive({ type: "counts_fetched", answer: undefined });
  assert.is(server.outcomeText(requestId), "not_accepting");
});

test("a repeated set or operation has the name of the stored event, and is not stored", async () => {
  const server = await LikesServerHarness.admitted();
  server.give(setOf(liked(3)));
  server.give(namedAdd(1));
  await server.settle();
  const writes = server.writes.length;
  assert.equal(server.outcome(server.give(setOf(liked(3)))), {
    type: "stored",
    incarnation: FIRST,
    sequence: 1,
    state: liked(3),
  });
  const accepted = { type: "accepted", incarnation: FIRST, sequence: 2 };
  assert.equal(server.outcome(server.give(namedAdd(1))), accepted);
  assert.is(server.outcomeText(server.give(namedAdd(1, 6n))), "operation_reused");
  const older = { type: "superseded", state: liked(3) };
  assert.equal(server.outcome(server.give(setOf(liked(2)))), older);
  await server.settle();
  assert.is(server.writes.length, writes);
});

test("a set or an operation is stored again once the ledger has the first", async () => {
  const server = await LikesServerHarness.admitted();
  server.give(setOf(liked(3)));
  server.give(namedAdd(1));
  await server.settle();
  await server.receive(ack(FIRST, { appliedSequence: 2 }));
  const again = [server.give(setOf(liked(3))), server.give(namedAdd(1))];
  await server.settle();
  assert.equal(
    again.map((requestId) => server.outcomeText(requestId)),
    ["#3", "#4"],
  );
});

test("an add without a name is stored as often as it comes", async () => {
  const server = await LikesServerHarness.admitted();
  const ids = [server.add(5), server.add(5)];
  await server.settle();
  const again = server.add(5);
  await server.settle();
  assert.equal(
    [...ids, again].map((requestId) => server.outcomeText(requestId)),
    ["#1", "#2", "#3"],
  );
});

test("a set adds nothing to the accepted likes: what it adds the ledger alone knows", async () => {
  const server = await LikesServerHarness.admitted();
  server.give(setOf(liked(1)));
  server.add(5);
  await server.settle();
  assert.equal(server.core.accepted, { events: 2, likes: 5n });
});

test("a next process stores a set again that the one before has stored", async () => {
  const before = await LikesServerHarness.admitted();
  before.give(setOf(liked(3)));
  await before.settle();
  const server = await before.restart(SECOND);
  const requestId = server.give(setOf(liked(3)));
  await server.settle();
  assert.equal(server.outcome(requestId), {
    type: "stored",
    incarnation: SECOND,
    sequence: 1,
    state: liked(3),
  });
});

test("count with a person tells what the person gives, and the likes that lack it", async () => {
  const server = await LikesServerHarness.admitted();
  server.give(setOf(liked(1)));
  await server.settle();
  const registers = [ADA_OF_VIDEO];
  server.drive({ type: "count", query: { requestId: 1, itemIds: ["video"], limit: 0, registers } });
  answer(server);
  const outcome = server.all("counted")[0]?.outcome;
  const [count] = (outcome?.type === "counted" && outcome.counts) || [];
  assert.equal(count?.own, { state: liked(1), countedLikes: 0, isCertain: true });
  assert.equal(count?.fetched?.pending, { likes: 0n, sets: 1 });
});

test.run();

/** The primary answers the last fetch. A register without a state in `states` is unset. */
function answer(
  server: LikesServerHarness,
  states: Readonly<Record<string, RegisterState>> = {},
): void {
  const fetch = server.all("fetch_counts").at(-1)?.fetch;
  if (fetch === undefined) throw new Error("Nothing is fetched");
  server.drive({ type: "counts_fetched", answer: answerTo(fetch, { states }) });
}
