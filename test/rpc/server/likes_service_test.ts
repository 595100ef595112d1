import type { ServiceError } from "@grpc/grpc-js";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CountsResult, AddResult } from "../../../src/core/likes_server/likes_server.ts";
import type { LikeEvent } from "../../../src/core/protocol/like_event.ts";
import { STATUS } from "../../../src/errors.ts";
import { ADDS_MAX } from "../../../src/limits.ts";
import { CHANNEL_OPTIONS, CREDENTIALS } from "../../../src/rpc/client/client.ts";
import type { AddLikesBatchResponse__Output } from "../../../src/rpc/gen/likes/v1/AddLikesBatchResponse.ts";
import type { AddLikesRequest } from "../../../src/rpc/gen/likes/v1/AddLikesRequest.ts";
import { LikesClient } from "../../../src/rpc/client/likes_client.ts";
import { likesService } from "../../../src/rpc/server/likes_service.ts";
import { protos } from "../../../src/rpc/protos.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { NO_LIKES, serve } from "../serving.ts";
import { acceptedLikes } from "../../../src/core/protocol/like_event.ts";

const LIMIT_MS = 5_000;
const ONE = { itemId: "video", likes: 1n };
const ACCEPTED: AddResult = { type: "accepted", incarnation: testId(1), sequence: 7 };

test("addLikes() returns the accepted event's identity", async () => {
  const given: LikeEvent[] = [];
  await using serving = await serveGiving((event) => {
    given.push(event);
    return ACCEPTED;
  });
  using client = new Closing(serving.address);
  assert.equal(await client.likes.addLikes({ itemId: "video", likes: 0n }, LIMIT_MS), {
    serverId: "a",
    incarnation: testId(1),
    sequence: 7,
  });
  await client.likes.addLikes({ itemId: "video", likes: 2n ** 64n - 1n }, LIMIT_MS);
  assert.equal(
    given.map(({ change }) => acceptedLikes(change)),
    [0n, 2n ** 64n - 1n],
  );
});

test("addLikes() throws the role's fault when it refused", async () => {
  const refusal = { code: "outbox_full", message: "Cannot accept: full" } as const;
  await using serving = await serveGiving(() => ({ type: "refused", refusal }));
  using client = new Closing(serving.address);
  const fault = await faultOf("outbox_full", () =>
    client.likes.addLikes({ itemId: "a", likes: 1n }, LIMIT_MS),
  );
  assert.is(fault.message, "Cannot accept: full");
});

test("AddLikes is INVALID_ARGUMENT when the likes are missing, which is not 0", async () => {
  await using serving = await serveGiving(() => ACCEPTED);
  const { code, details } = await addRaw(serving.address, { itemId: "video" });
  assert.is(code, STATUS.INVALID_ARGUMENT);
  assert.match(details, "missing");
});

test("addLikesBatch() returns the outcome of each add, in order", async () => {
  const refusal = { code: "outbox_full", message: "Cannot accept: full" } as const;
  await using serving = await serveGiving(({ itemId }) => {
    return itemId === "b" ? { type: "refused", refusal } : ACCEPTED;
  });
  using client = new Closing(serving.address);
  const adds = ["a", "b", "c"].map((itemId) => ({ itemId, likes: 1n }));
  const { serverId, outcomes } = await client.likes.addLikesBatch(adds, LIMIT_MS);
  assert.is(serverId, "a");
  assert.equal(outcomes, [ACCEPTED, { type: "refused", refusal }, ACCEPTED]);
  assert.equal((await client.likes.addLikesBatch([], LIMIT_MS)).outcomes, []);
});

test("addLikesBatch() takes ADDS_MAX adds, and stores nothing of more", async () => {
  const given: LikeEvent[] = [];
  await using serving = await serveGiving((event) => {
    given.push(event);
    return ACCEPTED;
  });
  using client = new Closing(serving.address);
  const adds = Array.from({ length: ADDS_MAX }, () => ({ itemId: "video", likes: 1n }));
  const { outcomes } = await client.likes.addLikesBatch(adds, LIMIT_MS);
  assert.equal([outcomes.length, given.length], [ADDS_MAX, ADDS_MAX]);
  const more = [...adds, { itemId: "video", likes: 1n }];
  await faultOf("like_invalid", () => client.likes.addLikesBatch(more, LIMIT_MS));
  assert.is(given.length, ADDS_MAX);
});

test("AddLikesBatch refuses an add without likes, and accepts the others", async () => {
  await using serving = await serveGiving(() => ACCEPTED);
  const raw = new protos.LikesService(serving.address, CREDENTIALS, CHANNEL_OPTIONS);
  const adds = [{ itemId: "a", likes: "1" }, { itemId: "b" }, { itemId: "c", likes: "0" }];
  const response = await new Promise<AddLikesBatchResponse__Output>((resolve, reject) => {
    raw.addLikesBatch({ adds }, (error, value) => {
      if (value === undefined) reject(error ?? new Error("no answer"));
      else resolve(value);
    });
  });
  raw.close();
  assert.equal(
    response.outcomes.map(({ refusal, sequence }) => refusal?.fault ?? sequence),
    ["7", "like_invalid", "7"],
  );
});

test("addLikesBatch() throws outcome_unknown when no answer comes in time", async () => {
  await using serving = await serve(likesService({ ...NO_LIKES, add: () => {} }));
  using client = new Closing(serving.address);
  await faultOf("outcome_unknown", () => client.likes.addLikesBatch([ONE], 50));
});

test("AddLikes is INTERNAL without the text when the role has a bug", async () => {
  await using serving = await serve(likesService(NO_LIKES));
  const { code, details } = await addRaw(serving.address, { itemId: "video", likes: "1" });
  assert.is(code, STATUS.INTERNAL);
  assert.is(details, "Cannot answer: an internal error");
});

test("addLikes() throws outcome_unknown when no answer comes in time", async () => {
  await using serving = await serve(likesService({ ...NO_LIKES, add: () => {} }));
  using client = new Closing(serving.address);
  const fault = await faultOf("outcome_unknown", () =>
    client.likes.addLikes({ itemId: "a", likes: 1n }, 200),
  );
  assert.match(fault.message, "Cannot tell whether the likes were accepted");
});

test("addLikes() and total() throw peer_unreachable when nothing listens", async () => {
  using client = new Closing("127.0.0.1:1");
  await faultOf("peer_unreachable", () => client.likes.addLikes({ itemId: "a", likes: 1n }, 200));
  await faultOf("peer_unreachable", () => client.likes.total(200));
});

test("total() throws total_unknown before the first pulse, and returns 64 bits", async () => {
  await using early = await serve(likesService(NO_LIKES));
  using before = new Closing(early.address);
  await faultOf("total_unknown", () => before.likes.total(LIMIT_MS));
  const totalLikes = 2n ** 63n + 1n;
  const pulse = { type: "pulse", pulseMs: 5, generation: testId(2), version: 9 } as const;
  const total = () => ({
    pulse: { ...pulse, totalLikes, asOfMs: 4, convergence: "converged" as const },
    pendingLikes: 3n,
    pulseAgeMs: 12,
  });
  await using serving = await serve(likesService({ ...NO_LIKES, total }));
  using client = new Closing(serving.address);
  assert.equal(await client.likes.total(LIMIT_MS), {
    serverId: "a",
    totalLikes,
    version: 9,
    asOfMs: 4,
    pendingLikes: 3n,
    pulseAgeMs: 12,
  });
});

test("counts() sends the request, and returns known and unknown counts", async () => {
  const requests: unknown[] = [];
  const fetched = {
    likes: 2n ** 63n - 1n,
    pending: { likes: 0n, sets: 0 },
    asOfMs: 4,
    version: 2 ** 53 - 1,
    generation: testId(2),
    ageMs: 12,
  };
  const counts = [
    { itemId: "video", fetched },
    { itemId: "untold", fetched: { ...fetched, likes: 0n, pending: undefined } },
    { itemId: "unknown", fetched: undefined },
  ];
  const count = (items: unknown, done: (outcome: CountsResult) => void): void => {
    requests.push(items);
    done({ type: "counted", counts });
  };
  await using serving = await serve(likesService({ ...NO_LIKES, count }));
  using client = new Closing(serving.address);
  const itemIds = ["video", "untold", "unknown"];
  assert.equal(await client.likes.counts({ itemIds, limit: 0 }, LIMIT_MS), {
    serverId: "a",
    counts,
  });
  await client.likes.counts({ itemIds: [], limit: 7 }, LIMIT_MS);
  assert.equal(requests, [
    { itemIds, limit: 20, subject: undefined },
    { itemIds: [], limit: 7, subject: undefined },
  ]);
});

test("counts() throws the role's fault when it refused, and INTERNAL for a bug", async () => {
  const refusal = { code: "count_unknown", message: "Cannot tell" } as const;
  const count = (_items: unknown, done: (outcome: CountsResult) => void): void =>
    done({ type: "refused", refusal });
  await using serving = await serve(likesService({ ...NO_LIKES, count }));
  using client = new Closing(serving.address);
  await faultOf("count_unknown", () =>
    client.likes.counts({ itemIds: ["video"], limit: 0 }, LIMIT_MS),
  );
  await using broken = await serve(likesService(NO_LIKES));
  using other = new Closing(broken.address);
  const fault = await faultOf("peer_failed", () =>
    other.likes.counts({ itemIds: ["video"], limit: 0 }, LIMIT_MS),
  );
  assert.not.match(fault.message, "secret");
});

function serveGiving(add: (event: LikeEvent) => AddResult) {
  return serve(likesService({ ...NO_LIKES, add: (events, done) => done(events.map(add)) }));
}

/** Returns a client that is closed at the end of a test. */
class Closing implements Disposable {
  readonly likes: LikesClient;

  constructor(address: string) {
    this.likes = new LikesClient(address);
  }

  [Symbol.dispose](): void {
    this.likes.close();
  }
}

/** Makes a call without our client. Returns the error that it must fail with. */
async function addRaw(address: string, request: AddLikesRequest): Promise<ServiceError> {
  const client = new protos.LikesService(address, CREDENTIALS, CHANNEL_OPTIONS);
  try {
    return await new Promise((resolve, reject) => {
      client.addLikes(request, (error) => {
        if (error === null) reject(new Error("The call did not fail"));
        else resolve(error);
      });
    });
  } finally {
    client.close();
  }
}

test.run();
