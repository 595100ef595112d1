/**
 * What both clients share: bounds, waits, and a connection of their own.
 *
 * No call carries a gRPC deadline: that is a time of day, which grpc-js turns into a wait more than
 * once on the way, so a step of the wall clock in between ends a call at once or lets it wait for
 * days. Waits are timed here, by timers, which are monotonic, and a call that is late is cancelled.
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
 * Channel options of every client. Proxies are off, because grpc-js would send even loopback through
 * `http_proxy`. Retries are off, because only the delivery protocol may send anything twice. The
 * subchannels are the client's own, so that a new client does not inherit an old one's back-off.
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
 * What gRPC connects to for a `host:port`. The scheme is said, so that an address which a peer told
 * cannot name another one, such as a socket of this machine.
 */
export function targetOf(address: string): string {
  return `dns:${address}`;
}

/** Nothing is encrypted yet; non-loopback needs `--insecure` on the serving side. */
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

/** Whether the host of a target is a name that leads nowhere: no channel says why it failed. */
async function isUnresolved(target: string): Promise<boolean> {
  const [, name] = /^dns:([^[\]:]+):\d+$/.exec(target) ?? [];
  if (name === undefined) return false;
  return lookup(name).then(
    () => false,
    () => true,
  );
}

/** The error of a peer that did not answer for so long. */
export function unanswered(peer: string, timeoutMs: number): LikesError {
  const waitedMs = Math.ceil(timeoutMs);
  const message = `Cannot reach ${peer}: it did not answer within ${waitedMs} ms`;
  return new LikesError("peer_unreachable", message);
}

/** Whether the state of `channel` is another than `from` within `waitMs`. */
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
 * A unary call as a promise. After `waitMs` it is cancelled, and fails as DEADLINE_EXCEEDED. Throws
 * what `explain` makes of a failure.
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
      else if (response === undefined) reject(new Error("Assertion failed: an answer is there"));
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

/** The failure of a call that was cancelled here, unless another one came first. */
function late(error: ServiceError): ServiceError {
  if (error.code !== status.CANCELLED) return error;
  return Object.assign(error, { code: status.DEADLINE_EXCEEDED, details: "no answer in time" });
}
