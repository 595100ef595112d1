/** PrimaryService over gRPC: calls in, the role's own calls out. */
import type {
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from "@grpc/grpc-js";
import { LikesError } from "../errors.ts";
import type { Refusal } from "../errors.ts";
import {
  COUNTS_DEFAULT,
  COUNTS_MAX,
  STATUS_INTERVAL_DEFAULT_MS,
  STATUS_INTERVAL_MAX_MS,
  STATUS_INTERVAL_MIN_MS,
  WATCHERS_MAX,
} from "../limits.ts";
import { monotonicMs } from "../monotonic.ts";
import { refuseItemId } from "../core/like_event.ts";
import type { FromLikesServer, FromPrimary } from "../core/messages.ts";
import type { Status } from "../core/status.ts";
import { answer, toStatus, toStatusOf } from "./faults.ts";
import type { GetCountsRequest__Output } from "./gen/likes/v1/GetCountsRequest.ts";
import type { GetCountsResponse } from "./gen/likes/v1/GetCountsResponse.ts";
import type { StatusRequest__Output } from "./gen/likes/v1/StatusRequest.ts";
import type { StatusResponse } from "./gen/likes/v1/StatusResponse.ts";
import type { StreamLikesRequest__Output } from "./gen/likes/v1/StreamLikesRequest.ts";
import type { StreamLikesResponse } from "./gen/likes/v1/StreamLikesResponse.ts";
import { protos } from "./protos.ts";
import type { AddServices } from "./server.ts";
import { writeCounts, writeStatus } from "./status_wire.ts";
import type { Counts } from "./status_wire.ts";
import { readFromLikesServer, writeFromPrimary } from "./wire.ts";

/** How old a status may be that several watchers share; the first answer to each is of the moment. */
const STATUS_SHARED_MS = 50;

type LikesCall = ServerDuplexStream<StreamLikesRequest__Output, StreamLikesResponse>;
type StatusCall = ServerWritableStream<StatusRequest__Output, StatusResponse>;
type CountsCall = ServerUnaryCall<GetCountsRequest__Output, GetCountsResponse>;

/** The far end of a delivery stream, for the role to use. */
export interface DeliveryPeer {
  /** False when the transport's buffer is full; `writable` comes once it has drained. */
  send(message: FromPrimary): boolean;
  end(refusal: Refusal): void;
  pause(): void;
  resume(): void;
}

/** What the role wants to hear of a delivery stream. */
export interface DeliveryEvents {
  received(message: FromLikesServer): void;
  writable(): void;
  closed(): void;
}

/** What the service needs of the role. */
export interface PrimaryPort {
  open(peer: DeliveryPeer): DeliveryEvents;
  status(): Status;
  /** The named items, or the most liked. */
  counts(itemIds: readonly string[], limit: number): Counts;
}

/** A service that can be added to a server, and whose watchers can be sent away. */
export interface PrimaryService {
  readonly add: AddServices;
  close(): void;
}

/** PrimaryService in front of `port`. */
export function primaryService(port: PrimaryPort): PrimaryService {
  const watchers = new Set<StatusCall>();
  const shared = sharedStatus(port);
  const implementation = {
    streamLikes: (call: LikesCall) => streamLikes(call, port),
    status: (call: StatusCall) =>
      watch(call, { watchers, fresh: () => writeStatus(port.status()), shared }),
    getCounts: (call: CountsCall, callback: sendUnaryData<GetCountsResponse>) => {
      answer(callback, () => writeCounts(getCounts(call.request, port)));
    },
  };
  return {
    add: (server) => server.addService(protos.PrimaryService.service, implementation),
    close: () => {
      const message = "Cannot go on: the primary is stopping; call again";
      for (const call of watchers) call.emit("error", toStatus({ code: "stopping", message }));
    },
  };
}

function streamLikes(call: LikesCall, port: PrimaryPort): void {
  let ended = false;
  const events = port.open({
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

interface Watching {
  readonly watchers: Set<StatusCall>;
  readonly fresh: () => StatusResponse;
  readonly shared: () => StatusResponse;
}

/** One status for all watchers whose turn comes at about the same time: it lists every member. */
function sharedStatus(port: PrimaryPort): () => StatusResponse {
  let newest: StatusResponse | undefined;
  let madeMs = -Infinity;
  return () => {
    const nowMs = monotonicMs();
    if (newest === undefined || nowMs - madeMs >= STATUS_SHARED_MS) {
      newest = writeStatus(port.status());
      madeMs = nowMs;
    }
    return newest;
  };
}

/** The newest state at once, then at every interval; one that does not drain gets none in between. */
function watch(call: StatusCall, { watchers, fresh, shared }: Watching): void {
  const intervalMs = call.request.intervalMs || STATUS_INTERVAL_DEFAULT_MS;
  const refusal = refuseWatch(intervalMs, watchers.size);
  if (refusal !== undefined) {
    call.emit("error", toStatus(refusal));
    return;
  }
  // Not what write() returns: the stream would take several states before it says that it is full.
  let sending = false;
  const send = (status: () => StatusResponse): void => {
    if (sending) return;
    try {
      call.write(status(), () => (sending = false));
      sending = true;
    } catch (error) {
      call.emit("error", toStatusOf(error));
    }
  };
  const timer = setInterval(() => send(shared), intervalMs);
  const stop = (): void => {
    clearInterval(timer);
    watchers.delete(call);
  };
  watchers.add(call);
  call.on("cancelled", stop);
  call.on("error", stop);
  call.on("close", stop);
  send(fresh);
}

function refuseWatch(intervalMs: number, watchers: number): Refusal | undefined {
  if (intervalMs < STATUS_INTERVAL_MIN_MS || intervalMs > STATUS_INTERVAL_MAX_MS) {
    const message =
      `Cannot watch every ${intervalMs} ms: give ${STATUS_INTERVAL_MIN_MS} to ` +
      `${STATUS_INTERVAL_MAX_MS}`;
    return { code: "usage", message };
  }
  if (watchers < WATCHERS_MAX) return undefined;
  return { code: "too_many", message: `Cannot take another watcher: there are ${WATCHERS_MAX}` };
}

function getCounts({ itemIds, limit }: GetCountsRequest__Output, port: PrimaryPort): Counts {
  if (itemIds.length > COUNTS_MAX || limit > COUNTS_MAX) {
    const asked = Math.max(itemIds.length, limit);
    throw new LikesError("usage", `Cannot count ${asked} items at once: at most ${COUNTS_MAX}`);
  }
  for (const itemId of itemIds) {
    const refusal = refuseItemId(itemId);
    if (refusal !== undefined) throw new LikesError(refusal.code, refusal.message);
  }
  return port.counts(itemIds, limit || COUNTS_DEFAULT);
}
