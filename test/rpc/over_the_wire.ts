/** Messages as a peer receives them: encoded and decoded again, but not yet checked. */
import type { FromLikesServer, FromPrimary } from "../../src/core/protocol/messages.ts";
import type {
  StatusResponse,
  StatusResponse__Output,
} from "../../src/rpc/gen/likes/v1/StatusResponse.ts";
import type {
  StreamLikesRequest,
  StreamLikesRequest__Output,
} from "../../src/rpc/gen/likes/v1/StreamLikesRequest.ts";
import type {
  StreamLikesResponse,
  StreamLikesResponse__Output,
} from "../../src/rpc/gen/likes/v1/StreamLikesResponse.ts";
import { protos } from "../../src/rpc/protos.ts";
import { writeFromLikesServer, writeFromPrimary } from "../../src/rpc/wire/wire.ts";
import { testId } from "../store/faults.ts";

const { StreamLikes, Status } = protos.PrimaryService.service;

/** The mandatory fields of a Hello. */
export const WIRE_HELLO = {
  protocolVersion: 1,
  serverId: "a",
  address: "127.0.0.1:1",
  outboxId: testId(1),
  incarnation: testId(1),
  fingerprint: testId(1),
};

/** Returns what a primary receives for `message`. */
export function requestOf(message: FromLikesServer): StreamLikesRequest__Output {
  return recode(writeFromLikesServer(message));
}

/** Returns what a primary receives for the unchecked fields of `wire`. */
export function recode(wire: StreamLikesRequest): StreamLikesRequest__Output {
  return StreamLikes.requestDeserialize(StreamLikes.requestSerialize(wire));
}

/** Returns what a LikesServer receives for `message`. */
export function responseOf(message: FromPrimary): StreamLikesResponse__Output {
  return recodeResponse(writeFromPrimary(message));
}

/** Returns what a LikesServer receives for the unchecked fields of `wire`. */
export function recodeResponse(wire: StreamLikesResponse): StreamLikesResponse__Output {
  return StreamLikes.responseDeserialize(StreamLikes.responseSerialize(wire));
}

/** Returns what a watcher receives for the unchecked fields of `wire`. */
export function recodeStatus(wire: StatusResponse): StatusResponse__Output {
  return Status.responseDeserialize(Status.responseSerialize(wire));
}
