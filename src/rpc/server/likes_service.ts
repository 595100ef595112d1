/** LikesService over gRPC: translates calls for the role's handler. */
import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { LikesError } from "../../errors.ts";
import type { Refusal } from "../../errors.ts";
import { assert } from "../../assert.ts";
import { ADDS_MAX, COUNTS_DEFAULT } from "../../limits.ts";
import type { Accepting, Reading, SubjectSet } from "../../core/likes_server/client_requests.ts";
import type { LikeEvent } from "../../core/protocol/like_event.ts";
import type { AddResult, SetResult } from "../../core/likes_server/likes_server.ts";
import { writeCachedCounts } from "../wire/counts_wire.ts";
import { answer, toStatus, toStatusOf } from "../faults.ts";
import type { AddLikesBatchRequest__Output } from "../gen/likes/v1/AddLikesBatchRequest.ts";
import type { AddLikesBatchResponse } from "../gen/likes/v1/AddLikesBatchResponse.ts";
import type { AddLikesRequest__Output } from "../gen/likes/v1/AddLikesRequest.ts";
import type { AddLikesResponse } from "../gen/likes/v1/AddLikesResponse.ts";
import type { GetCachedCountsRequest__Output } from "../gen/likes/v1/GetCachedCountsRequest.ts";
import type { GetCachedCountsResponse } from "../gen/likes/v1/GetCachedCountsResponse.ts";
import type { GetTotalRequest__Output } from "../gen/likes/v1/GetTotalRequest.ts";
import type { GetTotalResponse } from "../gen/likes/v1/GetTotalResponse.ts";
import type { ForgetPersonRequest__Output } from "../gen/likes/v1/ForgetPersonRequest.ts";
import type { ForgetPersonResponse } from "../gen/likes/v1/ForgetPersonResponse.ts";
import type { SetLikeBatchRequest__Output } from "../gen/likes/v1/SetLikeBatchRequest.ts";
import type { SetLikeBatchResponse } from "../gen/likes/v1/SetLikeBatchResponse.ts";
import type { SetLikeRequest__Output } from "../gen/likes/v1/SetLikeRequest.ts";
import type { SetLikeResponse } from "../gen/likes/v1/SetLikeResponse.ts";
import { readSet, writeSetOutcome } from "../wire/set_wire.ts";
import { protos } from "../protos.ts";
import type { AddServices } from "./server.ts";
import { readEvent, writeOutcome } from "../wire/add_wire.ts";
import { toUint64 } from "../wire/wire_fields.ts";

type AddCall = ServerUnaryCall<AddLikesRequest__Output, AddLikesResponse>;
type BatchCall = ServerUnaryCall<AddLikesBatchRequest__Output, AddLikesBatchResponse>;
type SetCall = ServerUnaryCall<SetLikeRequest__Output, SetLikeResponse>;
type SetBatchCall = ServerUnaryCall<SetLikeBatchRequest__Output, SetLikeBatchResponse>;
type ForgetCall = ServerUnaryCall<ForgetPersonRequest__Output, ForgetPersonResponse>;
type CountsCall = ServerUnaryCall<GetCachedCountsRequest__Output, GetCachedCountsResponse>;
type TotalCall = ServerUnaryCall<GetTotalRequest__Output, GetTotalResponse>;

type Refused = Extract<AddResult, { readonly type: "refused" }>;

/** What the service needs from the role. */
export interface LikesServiceHandler extends Accepting, Pick<Reading, "count" | "total"> {
  readonly serverId: string;
}

/** Returns LikesService for a server, answered by `handler`. */
export function likesService(handler: LikesServiceHandler): AddServices {
  const implementation = {
    addLikes: (call: AddCall, callback: sendUnaryData<AddLikesResponse>) => {
      addLikes(call.request, handler, callback);
    },
    addLikesBatch: (call: BatchCall, callback: sendUnaryData<AddLikesBatchResponse>) => {
      addLikesBatch(call.request, handler, callback);
    },
    setLike: (call: SetCall, callback: sendUnaryData<SetLikeResponse>) => {
      setLike(call.request, handler, callback);
    },
    setLikeBatch: (call: SetBatchCall, callback: sendUnaryData<SetLikeBatchResponse>) => {
      setLikeBatch(call.request, handler, callback);
    },
    forgetPerson: (call: ForgetCall, callback: sendUnaryData<ForgetPersonResponse>) => {
      forgetPerson(call.request, handler, callback);
    },
    getTotal: (_call: TotalCall, callback: sendUnaryData<GetTotalResponse>) => {
      answer(callback, () => getTotal(handler));
    },
    getCachedCounts: (call: CountsCall, callback: sendUnaryData<GetCachedCountsResponse>) => {
      getCachedCounts(call.request, handler, callback);
    },
  };
  return (server) => server.addService(protos.LikesService.service, implementation);
}

function addLikes(
  request: AddLikesRequest__Output,
  handler: LikesServiceHandler,
  callback: sendUnaryData<AddLikesResponse>,
): void {
  addAll([request], handler, callback, ([outcome]) => {
    assert(outcome !== undefined, "each add has an outcome");
    if (outcome.type === "refused") return callback(toStatus(outcome.refusal));
    const { incarnation, sequence } = outcome;
    callback(null, { serverId: handler.serverId, incarnation, sequence: toUint64(sequence) });
  });
}

function addLikesBatch(
  { adds }: AddLikesBatchRequest__Output,
  handler: LikesServiceHandler,
  callback: sendUnaryData<AddLikesBatchResponse>,
): void {
  const tooMany = checkBatch(adds.length);
  if (tooMany !== undefined) return callback(toStatus(tooMany));
  addAll(adds, handler, callback, (outcomes) => {
    callback(null, { serverId: handler.serverId, outcomes: outcomes.map(writeOutcome) });
  });
}

/** Adds likes. `done` is called with the outcome of each request, in order. */
function addAll<Response>(
  requests: readonly AddLikesRequest__Output[],
  handler: LikesServiceHandler,
  callback: sendUnaryData<Response>,
  done: (outcomes: readonly AddResult[]) => void,
): void {
  answered(callback, () =>
    eachOf<LikeEvent, AddResult>(
      requests.map(readEvent),
      (events, then) => handler.add(events, then),
      done,
    ),
  );
}

function setLike(
  request: SetLikeRequest__Output,
  handler: LikesServiceHandler,
  callback: sendUnaryData<SetLikeResponse>,
): void {
  setAll([request], handler, callback, ([outcome]) => {
    assert(outcome !== undefined, "each set has an outcome");
    if (outcome.type === "refused") return callback(toStatus(outcome.refusal));
    callback(null, { serverId: handler.serverId, outcome: writeSetOutcome(outcome) });
  });
}

function setLikeBatch(
  { sets }: SetLikeBatchRequest__Output,
  handler: LikesServiceHandler,
  callback: sendUnaryData<SetLikeBatchResponse>,
): void {
  const tooMany = checkBatch(sets.length);
  if (tooMany !== undefined) return callback(toStatus(tooMany));
  setAll(sets, handler, callback, (outcomes) => {
    callback(null, { serverId: handler.serverId, outcomes: outcomes.map(writeSetOutcome) });
  });
}

/** Sets what persons give. `done` is called with the outcome of each request, in order. */
function setAll<Response>(
  requests: readonly SetLikeRequest__Output[],
  handler: LikesServiceHandler,
  callback: sendUnaryData<Response>,
  done: (outcomes: readonly SetResult[]) => void,
): void {
  answered(callback, () =>
    eachOf<SubjectSet, SetResult>(
      requests.map(readSet),
      (sets, then) => handler.set(sets, then),
      done,
    ),
  );
}

function forgetPerson(
  { site, person: subject, withdraw }: ForgetPersonRequest__Output,
  handler: LikesServiceHandler,
  callback: sendUnaryData<ForgetPersonResponse>,
): void {
  answered(callback, () => {
    handler.forget({ site, subject, withdraw }, (outcome) => {
      if (outcome.type === "refused") return callback(toStatus(outcome.refusal));
      const { incarnation, sequence } = outcome;
      callback(null, { serverId: handler.serverId, incarnation, sequence: toUint64(sequence) });
    });
  });
}

function checkBatch(size: number): Refusal | undefined {
  if (size <= ADDS_MAX) return undefined;
  const message = `Cannot accept ${size} requests: at most ${ADDS_MAX} are allowed in a call`;
  return { code: "like_invalid", message };
}

/**
 * Asks for all that could be read. `done` is called with the outcome of each, in order: those that
 * could not be read are refused.
 */
function eachOf<One extends object, Outcome>(
  read: readonly (One | Refusal)[],
  ask: (ones: readonly One[], done: (outcomes: readonly Outcome[]) => void) => void,
  done: (outcomes: readonly (Outcome | Refused)[]) => void,
): void {
  ask(
    read.filter((one): one is One => !isRefusal(one)),
    (outcomes) => {
      const inOrder = outcomes.values();
      done(
        read.map((one) => {
          if (isRefusal(one)) return { type: "refused", refusal: one };
          const { value } = inOrder.next();
          assert(value !== undefined, "each request has an outcome");
          return value;
        }),
      );
    },
  );
}

function isRefusal(one: object): one is Refusal {
  return "code" in one;
}

/** Runs `work`. Answers with the status of what it throws. */
function answered<Response>(callback: sendUnaryData<Response>, work: () => void): void {
  try {
    work();
  } catch (error) {
    callback(toStatusOf(error));
  }
}

function getCachedCounts(
  { itemIds, limit, person }: GetCachedCountsRequest__Output,
  handler: LikesServiceHandler,
  callback: sendUnaryData<GetCachedCountsResponse>,
): void {
  const subject = person === "" ? undefined : person;
  answered(callback, () => {
    handler.count({ itemIds, limit: limit || COUNTS_DEFAULT, subject }, (outcome) => {
      if (outcome.type === "refused") return callback(toStatus(outcome.refusal));
      callback(null, writeCachedCounts({ serverId: handler.serverId, counts: outcome.counts }));
    });
  });
}

function getTotal(handler: LikesServiceHandler): GetTotalResponse {
  const view = handler.total();
  if (view === undefined) {
    const message = `Cannot tell the total at ${handler.serverId}: it has had no pulse yet`;
    throw new LikesError("total_unknown", message);
  }
  const { pulse, pendingLikes, pulseAgeMs } = view;
  return {
    serverId: handler.serverId,
    totalLikes: toUint64(pulse.totalLikes),
    version: toUint64(pulse.version),
    asOfUnixMs: toUint64(pulse.asOfMs),
    generation: pulse.generation,
    pendingLikes: toUint64(pendingLikes),
    pulseAgeMs: toUint64(pulseAgeMs),
  };
}
