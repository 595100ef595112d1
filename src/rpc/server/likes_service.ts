/** LikesService over gRPC: calls in, the role's own calls out. */
import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { LikesError } from "../../errors.ts";
import { COUNTS_DEFAULT } from "../../limits.ts";
import type { CountsAsk } from "../../core/likes_server/count_cache.ts";
import type { LikeEvent } from "../../core/protocol/like_event.ts";
import type { CountOutcome, GiveOutcome, TotalView } from "../../core/likes_server/likes_server.ts";
import { writeLearntCounts } from "../wire/counts_wire.ts";
import { answer, toStatus, toStatusOf } from "../faults.ts";
import type { AddLikesRequest__Output } from "../gen/likes/v1/AddLikesRequest.ts";
import type { AddLikesResponse } from "../gen/likes/v1/AddLikesResponse.ts";
import type { GetLearntCountsRequest__Output } from "../gen/likes/v1/GetLearntCountsRequest.ts";
import type { GetLearntCountsResponse } from "../gen/likes/v1/GetLearntCountsResponse.ts";
import type { GetTotalRequest__Output } from "../gen/likes/v1/GetTotalRequest.ts";
import type { GetTotalResponse } from "../gen/likes/v1/GetTotalResponse.ts";
import { protos } from "../protos.ts";
import type { AddServices } from "./server.ts";
import { count, likes } from "../wire/wire_fields.ts";

type AddCall = ServerUnaryCall<AddLikesRequest__Output, AddLikesResponse>;
type CountsCall = ServerUnaryCall<GetLearntCountsRequest__Output, GetLearntCountsResponse>;
type TotalCall = ServerUnaryCall<GetTotalRequest__Output, GetTotalResponse>;

/** Items that someone asks for; without names, the most liked. */
export type AskedItems = Omit<CountsAsk, "requestId">;

/** What the service needs of the role. */
export interface LikesServiceHandler {
  readonly serverId: string;
  /** Gives likes; `done` is called once, after the disk sync or with the reason why not. */
  give(event: LikeEvent, done: (outcome: GiveOutcome) => void): void;
  /** Undefined before the first pulse. */
  total(): TotalView | undefined;
  /** Asks for the likes of the named items, or of the `limit` most liked; `done` is called once. */
  count(asked: AskedItems, done: (outcome: CountOutcome) => void): void;
}

/** LikesService in front of `port`. */
export function likesService(port: LikesServiceHandler): AddServices {
  const implementation = {
    addLikes: (call: AddCall, callback: sendUnaryData<AddLikesResponse>) => {
      addLikes(call.request, port, callback);
    },
    getTotal: (_call: TotalCall, callback: sendUnaryData<GetTotalResponse>) => {
      answer(callback, () => getTotal(port));
    },
    getLearntCounts: (call: CountsCall, callback: sendUnaryData<GetLearntCountsResponse>) => {
      getLearntCounts(call.request, port, callback);
    },
  };
  return (server) => server.addService(protos.LikesService.service, implementation);
}

function addLikes(
  request: AddLikesRequest__Output,
  port: LikesServiceHandler,
  callback: sendUnaryData<AddLikesResponse>,
): void {
  try {
    port.give(readEvent(request), (outcome) => {
      if (outcome.type === "refused") return callback(toStatus(outcome.refusal));
      const { incarnation, sequence } = outcome;
      callback(null, { serverId: port.serverId, incarnation, sequence: count(sequence) });
    });
  } catch (error) {
    callback(toStatusOf(error));
  }
}

function getLearntCounts(
  { itemIds, limit }: GetLearntCountsRequest__Output,
  port: LikesServiceHandler,
  callback: sendUnaryData<GetLearntCountsResponse>,
): void {
  try {
    port.count({ itemIds, limit: limit || COUNTS_DEFAULT }, (outcome) => {
      if (outcome.type === "refused") return callback(toStatus(outcome.refusal));
      callback(null, writeLearntCounts({ serverId: port.serverId, counts: outcome.counts }));
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
  return { itemId, change: { kind: "add", likes: likes(given) } };
}

function getTotal(port: LikesServiceHandler): GetTotalResponse {
  const view = port.total();
  if (view === undefined) {
    const message = `Cannot tell the total at ${port.serverId}: no pulse has come from the primary yet`;
    throw new LikesError("total_unknown", message);
  }
  const { pulse, pendingLikes, pulseAgeMs } = view;
  return {
    serverId: port.serverId,
    totalLikes: count(pulse.totalLikes),
    version: count(pulse.version),
    asOfUnixMs: count(pulse.asOfMs),
    generation: pulse.generation,
    pendingLikes: count(pendingLikes),
    pulseAgeMs: count(pulseAgeMs),
  };
}
