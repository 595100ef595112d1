/** Messages as a peer receives them: written, encoded, decoded again, and not checked yet. */
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

/** The fields of a Hello, as few as it may have. */
export const WIRE_HELLO = {
  protocolVersion: 1,
  serverId: "a",
  address: "127.0.0.1:1",
  outboxId: testId(1),
  incarnation: testId(1),
};

/** What a primary receives for `message`. */
export function requestOf(message: FromLikesServer): StreamLikesRequest__Output {
  return recode(writeFromLikesServer(message));
}

/** What a primary receives for the fields of `wire`, whatever they say. */
export function recode(wire: StreamLikesRequest): StreamLikesRequest__Output {
  return StreamLikes.requestDeserialize(StreamLikes.requestSerialize(wire));
}

/** What a LikesServer receives for `message`. */
export function responseOf(message: FromPrimary): StreamLikesResponse__Output {
  return recodeResponse(writeFromPrimary(message));
}

/** What a LikesServer receives for the fields of `wire`, whatever they say. */
export function recodeResponse(wire: StreamLikesResponse): StreamLikesResponse__Output {
  return StreamLikes.responseDeserialize(StreamLikes.responseSerialize(wire));
}

/** What a watcher receives for the fields of `wire`, whatever they say. */
export function recodeStatus(wire: StatusResponse): StatusResponse__Output {
  return Status.responseDeserialize(Status.responseSerialize(wire));
}
