/** LikesService for persons: sets, their batches, named adds, and counts with a person. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CachedCount } from "../../../src/core/likes_server/count_cache.ts";
import type { SetResult } from "../../../src/core/likes_server/likes_server.ts";
import type { LikeEvent } from "../../../src/core/protocol/like_event.ts";
import { STATUS } from "../../../src/errors.ts";
import { ADDS_MAX } from "../../../src/limits.ts";
import { CHANNEL_OPTIONS, CREDENTIALS } from "../../../src/rpc/client/client.ts";
import { LikesClient } from "../../../src/rpc/client/likes_client.ts";
import type { SetLikeBatchResponse__Output } from "../../../src/rpc/gen/likes/v1/SetLikeBatchResponse.ts";
import type { SetLikeRequest } from "../../../src/rpc/gen/likes/v1/SetLikeRequest.ts";
import { protos } from "../../../src/rpc/protos.ts";
import { likesService } from "../../../src/rpc/server/likes_service.ts";
import type { RequestedItems } from "../../../src/core/likes_server/client_requests.ts";
import { readSetOutcome } from "../../../src/rpc/wire/set_wire.ts";
import type { SubjectSet } from "../../../src/core/likes_server/client_requests.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { NO_LIKES, serve } from "../serving.ts";

const LIMIT_MS = 5_000;
const ONE = { likes: 1, reaction: 1 };
const STATE = { revision: 3, ...ONE };
const SET: SubjectSet = { itemId: "video", subject: "ada", wanted: ONE, revision: undefined };
const STORED: SetResult = { type: "stored", incarnation: testId(1), sequence: 7, state: STATE };
const FULL: SetResult = {
  type: "refused",
  refusal: { code: "outbox_full", message: "Cannot accept: full" },
};
const OUTCOMES: readonly SetResult[] = [
  STORED,
  { type: "same", state: STATE },
  { type: "superseded", state: { revision: 4, likes: 0, reaction: 0 } },
];

test("setLike() sends the set, and returns each outcome", async () => {
  for (const outcome of OUTCOMES) {
    await using service = await serving(() => outcome);
    using client = new Closing(service.address);
    const answer = await client.likes.setLike({ ...SET, revision: 3 }, LIMIT_MS);
    assert.equal(answer, { serverId: "a", outcome });
    await client.likes.setLike({ ...SET, wanted: { likes: 0, reaction: 0 } }, LIMIT_MS);
    const none = { ...SET, wanted: { likes: 0, reaction: 0 } };
    assert.equal(service.sets, [{ ...SET, revision: 3 }, none]);
  }
});

test("setLike() throws the role's fault when it refused", async () => {
  await using service = await serving(() => FULL);
  using client = new Closing(service.address);
  const fault = await faultOf("outbox_full", () => client.likes.setLike(SET, LIMIT_MS));
  assert.is(fault.message, "Cannot accept: full");
});

test("setLike() throws outcome_unknown without an answer, and says that a repetition is safe", async () => {
  await using silent = await serve(likesService({ ...NO_LIKES, set: () => {} }));
  using client = new Closing(silent.address);
  const fault = await faultOf("outcome_unknown", () => client.likes.setLike(SET, 200));
  assert.match(fault.message, "Cannot tell whether this was stored");
  assert.match(fault.message, "send the same again, which changes nothing if it was");
});

test("setLike() throws peer_unreachable when nothing listens, and INTERNAL for a bug", async () => {
  using nobody = new Closing("127.0.0.1:1");
  await faultOf("peer_unreachable", () => nobody.likes.setLike(SET, 200));
  await using broken = await serve(likesService(NO_LIKES));
  using client = new Closing(broken.address);
  const fault = await faultOf("outcome_unknown", () => client.likes.setLike(SET, LIMIT_MS));
  assert.not.match(fault.message, "secret");
});

test("SetLike is INVALID_ARGUMENT when the likes are missing, and asks nobody", async () => {
  await using service = await serving(() => STORED);
  using raw = new Raw(service.address);
  const error = await raw.setFails({ itemId: "video", person: "ada" });
  assert.is(error.code, STATUS.INVALID_ARGUMENT);
  assert.match(error.details, "missing");
  assert.equal(service.sets, []);
});

test("SetLikeBatch answers each set, in order, whatever becomes of the others", async () => {
  const outcomes = [...OUTCOMES, FULL];
  await using service = await serving(({ itemId }) => outcomes[Number(itemId)] ?? FULL);
  using raw = new Raw(service.address);
  const sets: SetLikeRequest[] = [3, 0, 1, 2].map((index) => ({ ...RAW, itemId: `${index}` }));
  sets.splice(2, 0, { itemId: "1", person: "ada" });
  const response = await raw.setBatch(sets);
  assert.is(response.serverId, "a");
  assert.equal(
    response.outcomes.map(readSetOutcome).map((outcome) => {
      return outcome.type === "refused" ? outcome.refusal.code : outcome;
    }),
    ["outbox_full", OUTCOMES[0], "like_invalid", OUTCOMES[1], OUTCOMES[2]],
  );
  assert.is(service.sets.length, 4, "the one without likes was not asked for");
  assert.equal((await raw.setBatch([])).outcomes, []);
});

test("SetLikeBatch takes ADDS_MAX sets, and stores nothing of more", async () => {
  await using service = await serving(() => STORED);
  using raw = new Raw(service.address);
  const sets = Array.from({ length: ADDS_MAX }, () => RAW);
  assert.is((await raw.setBatch(sets)).outcomes.length, ADDS_MAX);
  assert.is(service.sets.length, ADDS_MAX);
  const error = await raw.setBatchFails([...sets, RAW]);
  assert.is(error.code, STATUS.INVALID_ARGUMENT);
  assert.match(error.details, `Cannot accept ${ADDS_MAX + 1} requests: at most ${ADDS_MAX}`);
  assert.is(service.sets.length, ADDS_MAX);
});

test("addLikes() and addLikesBatch() send the name of each add", async () => {
  const given: LikeEvent[] = [];
  await using service = await serve(
    likesService({
      ...NO_LIKES,
      add: (events, done) => {
        given.push(...events);
        done(events.map(() => ({ type: "accepted", incarnation: testId(1), sequence: 7 })));
      },
    }),
  );
  using client = new Closing(service.address);
  const operation = { client: testId(0xc1), number: Number.MAX_SAFE_INTEGER };
  const named = { itemId: "video", likes: 1n, operation };
  await client.likes.addLikes(named, LIMIT_MS);
  await client.likes.addLikesBatch([named, { itemId: "video", likes: 1n }], LIMIT_MS);
  assert.equal(
    given.map(({ change }) => (change.kind === "add" ? change.operation : change.kind)),
    [operation, operation, undefined],
  );
});

test("addLikes() without an answer says that a named add can be repeated", async () => {
  await using silent = await serve(likesService({ ...NO_LIKES, add: () => {} }));
  using client = new Closing(silent.address);
  const add = { itemId: "video", likes: 1n };
  const named = { ...add, operation: { client: testId(0xc1), number: 1 } };
  for (const [adds, text] of [
    [[named], "add them again with the same operation, which counts them once"],
    [[named, add], "adding them again may count them twice"],
  ] as const) {
    const fault = await faultOf("outcome_unknown", () => client.likes.addLikesBatch(adds, 50));
    assert.match(fault.message, text);
  }
});

test("AddLikes is INVALID_ARGUMENT when the client of its operation has not 16 bytes", async () => {
  const given: LikeEvent[] = [];
  await using service = await serve(
    likesService({
      ...NO_LIKES,
      add: (events, done) => {
        given.push(...events);
        done([]);
      },
    }),
  );
  using raw = new Raw(service.address);
  const operation = { client: Buffer.alloc(15), number: "1" };
  const error = await failureOf((done) => {
    raw.service.addLikes({ itemId: "video", likes: "1", operation }, done);
  });
  assert.is(error.code, STATUS.INVALID_ARGUMENT);
  assert.match(error.details, "a client of 15 bytes: give 16");
  assert.equal(given, []);
});

test("counts() sends the person, and returns what that person gives", async () => {
  const asked: RequestedItems[] = [];
  const own = { state: STATE, countedLikes: 0, isCertain: true };
  const counts: readonly CachedCount[] = [
    { itemId: "video", fetched: undefined, own },
    { itemId: "song", fetched: undefined, own: { ...own, countedLikes: undefined } },
    { itemId: "none", fetched: undefined },
  ];
  await using service = await serve(
    likesService({
      ...NO_LIKES,
      count: (items, done) => {
        asked.push(items);
        done({ type: "counted", counts });
      },
    }),
  );
  using client = new Closing(service.address);
  const itemIds = ["video", "song", "none"];
  const answer = await client.likes.counts({ itemIds, limit: 0, subject: "ada" }, LIMIT_MS);
  assert.equal(answer, { serverId: "a", counts });
  await client.likes.counts({ itemIds, limit: 5 }, LIMIT_MS);
  assert.equal(
    asked.map(({ subject }) => subject),
    ["ada", undefined],
  );
});

test.run();

const RAW: SetLikeRequest = { itemId: "0", person: "ada", likes: 1 };

/** Serves sets with `outcomeOf`, and keeps those that it is asked for. */
async function serving(outcomeOf: (set: SubjectSet) => SetResult) {
  const sets: SubjectSet[] = [];
  const service = await serve(
    likesService({
      ...NO_LIKES,
      set: (asked, done) => {
        sets.push(...asked);
        done(asked.map(outcomeOf));
      },
    }),
  );
  return { ...service, sets };
}

/** A client that is closed at the end of a test. */
class Closing implements Disposable {
  readonly likes: LikesClient;

  constructor(address: string) {
    this.likes = new LikesClient(address);
  }

  [Symbol.dispose](): void {
    this.likes.close();
  }
}

interface Failure {
  readonly code: number;
  readonly details: string;
}

/** A generated client, which sends what ours does not. */
class Raw implements Disposable {
  readonly service: InstanceType<typeof protos.LikesService>;

  constructor(address: string) {
    this.service = new protos.LikesService(address, CREDENTIALS, CHANNEL_OPTIONS);
  }

  setBatch(sets: SetLikeRequest[]): Promise<SetLikeBatchResponse__Output> {
    return new Promise((resolve, reject) => {
      this.service.setLikeBatch({ sets }, (error, value) => {
        if (value === undefined) reject(error ?? new Error("no answer"));
        else resolve(value);
      });
    });
  }

  setFails(set: SetLikeRequest): Promise<Failure> {
    return failureOf((done) => this.service.setLike(set, done));
  }

  setBatchFails(sets: SetLikeRequest[]): Promise<Failure> {
    return failureOf((done) => this.service.setLikeBatch({ sets }, done));
  }

  [Symbol.dispose](): void {
    this.service.close();
  }
}

/** Makes a call. Returns the error that it must fail with. */
function failureOf(call: (done: (error: Failure | null) => void) => unknown): Promise<Failure> {
  return new Promise((resolve, reject) => {
    call((error) => {
      if (error === null) reject(new Error("The call did not fail"));
      else resolve(error);
    });
  });
}
