/**
 * Shared by all clients: channel options, timeouts and connecting.
 *
 * No call carries a gRPC deadline. A deadline is a time of day, which grpc-js converts to a wait
 * several times. A step of the wall clock in between would end a call at once, or make it wait for
 * days. Timers are monotonic: they time the waits here, and a late call is cancelled.
 */
import { lookup } from "node:dns/promises";
import { connectivityState, credentials, status } from "@grpc/grpc-js";
import type { ChannelOptions, Client, ServiceError } from "@grpc/grpc-js";
import { LikesError } from "../../errors.ts";
import {
  BACKOFF_FIRST_MS,
  BACKOFF_MAX_MS,
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
} from "../../limits.ts";
import { monotonicMs } from "../../monotonic.ts";
import { unresolved } from "../faults.ts";

/**
 * Channel options of every client. Proxies are off, because grpc-js would send even loopback
 * through `http_proxy`. Retries are off, because only the delivery protocol may send anything
 * twice. Each client has its own subchannels: a new client must not inherit an old one's backoff.
 */
export const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.enable_http_proxy": 0,
  "grpc.enable_retries": 0,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.initial_reconnect_backoff_ms": BACKOFF_FIRST_MS,
  "grpc.max_reconnect_backoff_ms": BACKOFF_MAX_MS,
  "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
  "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
  "grpc.keepalive_time_ms": KEEPALIVE_TIME_MS,
  "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
};

/**
 * Returns the gRPC target of a `host:port`. The explicit scheme keeps an address from a peer from
 * naming another one, such as a Unix socket of this machine.
 */
export function targetOf(address: string): string {
  return `dns:${address}`;
}

/** No encryption yet. Serving beyond loopback needs `--insecure`. */
export const CREDENTIALS = credentials.createInsecure();

/** Connects `client`. Throws LikesError `peer_unreachable` when that fails or takes too long. */
export async function connected(client: Client, peer: string, timeoutMs: number): Promise<void> {
  const channel = client.getChannel();
  const untilMs = monotonicMs() + timeoutMs;
  let state = channel.getConnectivityState(true);
  while (state !== connectivityState.READY) {
    if (state === connectivityState.TRANSIENT_FAILURE) {
      if (await isUnresolved(channel.getTarget())) throw unresolved(peer);
      throw new LikesError("peer_unreachable", `Cannot reach ${peer}: nothing answers there`);
    }
    if (!(await changes(channel, state, untilMs - monotonicMs()))) {
      throw unanswered(peer, timeoutMs);
    }
    state = channel.getConnectivityState(true);
  }
}

/**
 * Returns whether the host name of a target cannot be resolved. A channel does not say why it
 * failed.
 */
async function isUnresolved(target: string): Promise<boolean> {
  const [, name] = /^dns:([^[\]:]+):\d+$/.exec(target) ?? [];
  if (name === undefined) return false;
  return lookup(name).then(
    () => false,
    () => true,
  );
}

/** Returns the error for a peer that did not answer within `timeoutMs`. */
export function unanswered(peer: string, timeoutMs: number): LikesError {
  const waitedMs = Math.ceil(timeoutMs);
  const message = `Cannot reach ${peer}: it did not answer within ${waitedMs} ms`;
  return new LikesError("peer_unreachable", message);
}

/** Returns whether the state of `channel` changes from `from` within `waitMs`. */
function changes(
  channel: ReturnType<Client["getChannel"]>,
  from: connectivityState,
  waitMs: number,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), Math.max(waitMs, 0));
    channel.watchConnectivityState(from, Infinity, (error) => {
      clearTimeout(timer);
      if (error === undefined) resolve(true);
      else reject(error);
    });
  });
}

type Answer<T> = (error: ServiceError | null, response?: T) => void;

/**
 * Makes a unary call. After `waitMs` it is cancelled and fails with DEADLINE_EXCEEDED. Throws the
 * LikesError that `explain` returns for a failure.
 */
export function unary<T>(
  call: (answer: Answer<T>) => { cancel(): void },
  waitMs: number,
  explain: (error: ServiceError) => LikesError | Promise<LikesError>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const started = call((error, response) => {
      clearTimeout(timer);
      if (error !== null) void Promise.resolve(explain(isLate ? late(error) : error)).then(reject);
      else if (response === undefined)
        reject(new Error("Assertion failed: the call has an answer"));
      else resolve(response);
    });
    let isLate = false;
    const cancel = (): void => {
      isLate = true;
      started.cancel();
    };
    const timer = setTimeout(cancel, Math.max(waitMs, 0));
  });
}

/** Returns the failure of a call that was cancelled here, unless it had failed before. */
function late(error: ServiceError): ServiceError {
  if (error.code !== status.CANCELLED) return error;
  return Object.assign(error, { code: status.DEADLINE_EXCEEDED, details: "no answer in time" });
}
