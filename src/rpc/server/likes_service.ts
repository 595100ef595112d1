/** LikesService over gRPC: calls in, the role's own calls out. */
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

/** Items that someone asks for; without names, the most liked. */
export type RequestedItems = Omit<CountsQuery, "requestId">;

/** What the service needs of the role. */
export interface LikesServiceHandler {
  readonly serverId: string;
  /** Gives likes; `done` is called once, after the disk sync or with the reason why not. */
  add(event: LikeEvent, done: (outcome: AddResult) => void): void;
  /** Undefined before the first pulse. */
  total(): TotalView | undefined;
  /** Asks for the likes of the named items, or of the `limit` most liked; `done` is called once. */
  count(asked: RequestedItems, done: (outcome: CountsResult) => void): void;
}

/** LikesService in front of `port`. */
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

/** The event that is given; its bounds are the role's to check. Throws LikesError `like_invalid`. */
function readEvent({ itemId, likes: given, _likes: presence }: AddLikesRequest__Output): LikeEvent {
  if (presence === undefined || given === undefined) {
    const message = "Cannot accept likes: their number is absent; 0 has to be said too";
    throw new LikesError("like_invalid", message);
  }
  return { itemId, change: { kind: "add", likes: toBigInt(given) } };
}

function getTotal(handler: LikesServiceHandler): GetTotalResponse {
  const view = handler.total();
  if (view === undefined) {
    const message = `Cannot tell the total at ${handler.serverId}: no pulse has come from the primary yet`;
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
