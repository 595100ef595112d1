/** LikesService over gRPC: translates calls for the role's handler. */
import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { LikesError } from "../../errors.ts";
import { COUNTS_DEFAULT } from "../../limits.ts";
import type { CountsQuery } from "../../core/likes_server/count_cache.ts";
import type { LikeEvent } from "../../core/protocol/like_event.ts";
import type { CountsResult, AddResult, TotalView } from "../../core/likes_server/likes_server.ts";
import { writeCachedCounts } from "../wire/counts_wire.ts";
import { answer, toStatus, toStatusOf } from "../faults.ts";
import type { AddLikesRequest__Output } from "../gen/likes/v1/AddLikesRequest.ts";
import type { AddLikesResponse } from "../gen/likes/v1/AddLikesResponse.ts";
import type { GetCachedCountsRequest__Output } from "../gen/likes/v1/GetCachedCountsRequest.ts";
import type { GetCachedCountsResponse } from "../gen/likes/v1/GetCachedCountsResponse.ts";
import type { GetTotalRequest__Output } from "../gen/likes/v1/GetTotalRequest.ts";
import type { GetTotalResponse } from "../gen/likes/v1/GetTotalResponse.ts";
import { protos } from "../protos.ts";
import type { AddServices } from "./server.ts";
import { toUint64, toBigInt } from "../wire/wire_fields.ts";

type AddCall = ServerUnaryCall<AddLikesRequest__Output, AddLikesResponse>;
type CountsCall = ServerUnaryCall<GetCachedCountsRequest__Output, GetCachedCountsResponse>;
type TotalCall = ServerUnaryCall<GetTotalRequest__Output, GetTotalResponse>;

/** The requested items; without ids, the most liked. */
export type RequestedItems = Omit<CountsQuery, "requestId">;

/** What the service needs from the role. */
export interface LikesServiceHandler {
  readonly serverId: string;
  /** Adds likes. `done` is called once, after the disk sync or with a refusal. */
  add(event: LikeEvent, done: (outcome: AddResult) => void): void;
  /** Returns the total; undefined before the first pulse. */
  total(): TotalView | undefined;
  /** Reads the likes of the named items, or of the `limit` most liked. `done` is called once. */
  count(items: RequestedItems, done: (outcome: CountsResult) => void): void;
}

/** Returns LikesService for a server, answered by `handler`. */
export function likesService(handler: LikesServiceHandler): AddServices {
  const implementation = {
    addLikes: (call: AddCall, callback: sendUnaryData<AddLikesResponse>) => {
      addLikes(call.request, handler, callback);
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
  try {
    handler.add(readEvent(request), (outcome) => {
      if (outcome.type === "refused") return callback(toStatus(outcome.refusal));
      const { incarnation, sequence } = outcome;
      callback(null, { serverId: handler.serverId, incarnation, sequence: toUint64(sequence) });
    });
  } catch (error) {
    callback(toStatusOf(error));
  }
}

function getCachedCounts(
  { itemIds, limit }: GetCachedCountsRequest__Output,
  handler: LikesServiceHandler,
  callback: sendUnaryData<GetCachedCountsResponse>,
): void {
  try {
    handler.count({ itemIds, limit: limit || COUNTS_DEFAULT }, (outcome) => {
      if (outcome.type === "refused") return callback(toStatus(outcome.refusal));
      callback(null, writeCachedCounts({ serverId: handler.serverId, counts: outcome.counts }));
    });
  } catch (error) {
    callback(toStatusOf(error));
  }
}

/** Returns the event of a request. The role checks its bounds. Throws LikesError `like_invalid`. */
function readEvent({ itemId, likes, _likes: presence }: AddLikesRequest__Output): LikeEvent {
  if (presence === undefined || likes === undefined) {
    const message = "Cannot accept likes: their number is missing; set it, even to 0";
    throw new LikesError("like_invalid", message);
  }
  return { itemId, change: { kind: "add", likes: toBigInt(likes) } };
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
