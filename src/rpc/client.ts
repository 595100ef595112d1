/** What both clients share: bounds, deadlines, and a connection of their own. */
import { connectivityState, credentials } from "@grpc/grpc-js";
import type { ChannelOptions, Client, ServiceError } from "@grpc/grpc-js";
import { LikesError } from "../errors.ts";
import {
  BACKOFF_MAX_MS,
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
} from "../limits.ts";
import { fromCall } from "./faults.ts";

/**
 * Channel options of every client. Proxies are off, because grpc-js would send even loopback through
 * `http_proxy`. Retries are off, because only the delivery protocol may send anything twice. The
 * subchannels are the client's own, so that a new client does not inherit an old one's back-off.
 */
export const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.enable_http_proxy": 0,
  "grpc.enable_retries": 0,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": BACKOFF_MAX_MS,
  "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
  "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
  "grpc.keepalive_time_ms": KEEPALIVE_TIME_MS,
  "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
};

/** Nothing is encrypted yet; non-loopback needs `--insecure` on the serving side. */
export const CREDENTIALS = credentials.createInsecure();

/** Connects `client`. Throws LikesError `peer_unreachable` when that fails or takes too long. */
export async function connected(client: Client, peer: string, timeoutMs: number): Promise<void> {
  const channel = client.getChannel();
  const deadline = Date.now() + timeoutMs;
  let state = channel.getConnectivityState(true);
  while (state !== connectivityState.READY) {
    if (state === connectivityState.TRANSIENT_FAILURE) {
      throw new LikesError("peer_unreachable", `Cannot reach ${peer}: nothing answers there`);
    }
    await changed(channel, state, deadline).catch((cause: unknown) => {
      const message = `Cannot reach ${peer}: it did not answer within ${timeoutMs} ms`;
      throw new LikesError("peer_unreachable", message, { cause });
    });
    state = channel.getConnectivityState(true);
  }
}

function changed(
  channel: ReturnType<Client["getChannel"]>,
  from: connectivityState,
  deadline: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.watchConnectivityState(from, deadline, (error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}

/** A unary call as a promise. Throws what `explain` makes of a failure. */
export function unary<T>(
  call: (callback: (error: ServiceError | null, response?: T) => void) => void,
  explain: (error: ServiceError) => LikesError,
): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => {
      if (error !== null) reject(explain(error));
      else if (response === undefined) reject(new Error("Assertion failed: an answer is there"));
      else resolve(response);
    });
  });
}

/** Explains the failure of a call that may be made again. */
export function idempotent(peer: string): (error: ServiceError) => LikesError {
  return (error) => fromCall(error, peer);
}
