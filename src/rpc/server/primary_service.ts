/** PrimaryService over gRPC: translates calls for the role's handler. */
import type { ServerDuplexStream, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { LikesError } from "../../errors.ts";
import type { Refusal } from "../../errors.ts";
import type { CountsRequest } from "../../core/primary/counts_page.ts";
import type { CountsOutcome } from "../../core/primary/counts_reader.ts";
import type { FromLikesServer, FromPrimary } from "../../core/protocol/messages.ts";
import type { Status } from "../../core/primary/status.ts";
import { toStatus, toStatusOf } from "../faults.ts";
import type { GetCountsRequest__Output } from "../gen/likes/v1/GetCountsRequest.ts";
import type { GetCountsResponse } from "../gen/likes/v1/GetCountsResponse.ts";
import type { StreamLikesRequest__Output } from "../gen/likes/v1/StreamLikesRequest.ts";
import type { StreamLikesResponse } from "../gen/likes/v1/StreamLikesResponse.ts";
import { protos } from "../protos.ts";
import type { AddServices } from "./server.ts";
import { readCountsRequest, writeCounts } from "../wire/counts_wire.ts";
import { StatusWatchers } from "./status_watchers.ts";
import type { StatusCall } from "./status_watchers.ts";
import { readFromLikesServer, writeFromPrimary } from "../wire/wire.ts";

type LikesCall = ServerDuplexStream<StreamLikesRequest__Output, StreamLikesResponse>;
type CountsCall = ServerUnaryCall<GetCountsRequest__Output, GetCountsResponse>;

/** The far end of a delivery stream, for the role to use. */
export interface DeliveryPeer {
  /** The peer's IP address without brackets; empty when it has none. */
  readonly host: string;
  /** False when the transport's buffer is full; `writable` comes once it has drained. */
  send(message: FromPrimary): boolean;
  end(refusal: Refusal): void;
  pause(): void;
  resume(): void;
}

/** The events of a delivery stream, for the role to handle. */
export interface DeliveryEvents {
  received(message: FromLikesServer): void;
  writable(): void;
  closed(): void;
}

/** What the service needs from the role. */
export interface PrimaryServiceHandler {
  open(peer: DeliveryPeer): DeliveryEvents;
  status(): Status;
  /** Reads counts; `done` is called once. Throws LikesError while the ledger is not open. */
  count(request: CountsRequest, done: (outcome: CountsOutcome) => void): void;
}

/** A service to add to a server. `close` ends its status watchers. */
export interface PrimaryService {
  readonly add: AddServices;
  close(): void;
}

/** Returns PrimaryService for a server, answered by `handler`. */
export function primaryService(handler: PrimaryServiceHandler): PrimaryService {
  const watchers = new StatusWatchers(() => handler.status());
  const implementation = {
    streamLikes: (call: LikesCall) => streamLikes(call, handler),
    status: (call: StatusCall) => watchers.watch(call),
    getCounts: (call: CountsCall, callback: sendUnaryData<GetCountsResponse>) => {
      count(call.request, handler, callback);
    },
  };
  return {
    add: (server) => server.addService(protos.PrimaryService.service, implementation),
    close: () => watchers.close(),
  };
}

function count(
  request: GetCountsRequest__Output,
  handler: PrimaryServiceHandler,
  callback: sendUnaryData<GetCountsResponse>,
): void {
  try {
    handler.count(readCountsRequest(request), (outcome) => {
      if (outcome.type === "refused") return callback(toStatus(outcome.refusal));
      callback(null, writeCounts(outcome.counts));
    });
  } catch (error) {
    callback(toStatusOf(error));
  }
}

/** Returns the host of `peer`, which gRPC writes as `host:port`. */
function hostOf(peer: string): string {
  return peer.slice(0, Math.max(peer.lastIndexOf(":"), 0)).replace(/^\[(.*)\]$/, "$1");
}

function streamLikes(call: LikesCall, handler: PrimaryServiceHandler): void {
  let ended = false;
  const events = handler.open({
    host: hostOf(call.getPeer()),
    send: (message) => call.write(writeFromPrimary(message)),
    end: (refusal) => {
      ended = true;
      call.emit("error", toStatus(refusal));
    },
    pause: () => call.pause(),
    resume: () => call.resume(),
  });
  const close = (): void => {
    if (ended) return;
    ended = true;
    events.closed();
  };
  const hangUp = (): void => {
    close();
    call.end();
  };
  call.on("data", (wire: StreamLikesRequest__Output) => {
    if (ended) return;
    try {
      events.received(readFromLikesServer(wire));
    } catch (error) {
      if (!(error instanceof LikesError)) throw error;
      close();
      call.emit("error", toStatus(error));
    }
  });
  call.on("drain", () => !ended && events.writable());
  call.on("end", hangUp);
  call.on("cancelled", hangUp);
  call.on("error", close);
}
