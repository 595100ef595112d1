/**
 * What holds for every call of a server, whoever serves it: how many there may be, how long a
 * request may take to come and an answer to be read, and what waits to be read in all.
 *
 * An answer that is not read stays with the server, and grpc-js cannot take it back: ending the call
 * queues its status behind it. So a peer that does not read is cut, with its connection.
 */
import { Buffer } from "node:buffer";
import { constants } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import { Metadata, ServerInterceptingCall } from "@grpc/grpc-js";
import type { ServerInterceptor } from "@grpc/grpc-js";
import type { Refusal } from "../errors.ts";
import {
  ANSWER_BYTES_PER_S_MIN,
  ANSWER_WAIT_MAX_MS,
  CALLS_MAX,
  FOREIGN_STREAMS_MAX,
  REQUEST_WAIT_MAX_MS,
  SHUTDOWN_WAIT_MAX_MS,
  UNREAD_BYTES_MAX,
} from "../limits.ts";
import { monotonicMs } from "../monotonic.ts";
import { refuseCall } from "./call_headers.ts";
import { toStatus } from "./faults.ts";
import { MALFORMED, MALFORMED_MESSAGE } from "./malformed.ts";

const ACCEPT_ENCODING = "grpc-accept-encoding";
/** The services whose own roles bound their streams. */
const OWN = "/likes.v1.";

type Method = Parameters<ServerInterceptor>[0];
type NextCall = Parameters<ServerInterceptor>[1];
type Listener = Parameters<NextCall["start"]>[0];

const TOO_MANY_CALLS: Refusal = {
  code: "too_many",
  message: `Cannot take another call: there are ${CALLS_MAX}; try again later`,
};
const TOO_MUCH_UNREAD: Refusal = {
  code: "too_many",
  message: `Cannot answer now: ${UNREAD_BYTES_MAX} bytes of answers wait to be read; try again later`,
};
const NO_REQUEST: Refusal = {
  code: "peer_silent",
  message: `Cannot wait longer for the request: it did not come within ${REQUEST_WAIT_MAX_MS} ms`,
};

/** The connections of the calls, by peers as gRPC names them. */
export interface CallConnections {
  /** A call of `peer` begins or ends at the monotonic time `nowMs`. */
  used(peer: string, nowMs: number): void;
  /** Ends the connection of `peer` at once. */
  cut(peer: string): void;
}

/** The calls of one server. */
export class CallBounds {
  readonly #connections: CallConnections;
  /** Each with its peer, which a call that has ended does not know any more. */
  readonly #open = new Map<BoundedCall, string>();
  /** Open streams of each service that is not our own. */
  readonly #foreign = new Map<string, number>();
  /** Those whose request is not complete, oldest first. */
  readonly #asking = new Map<BoundedCall, number>();
  /** Those whose answer is not read, and until when it may be so. */
  readonly #unread = new Map<BoundedCall, { readonly untilMs: number; readonly bytes: number }>();
  #unreadBytes = 0;
  /** Those that ended, whose peer has not ended its own side: HTTP/2 keeps their streams. */
  readonly #lingering = new Map<BoundedCall, number>();
  /** Open calls of each peer that has some. */
  readonly #byPeer = new Map<string, number>();

  constructor(connections: CallConnections) {
    this.#connections = connections;
  }

  /** For the server's options. */
  readonly interceptor: ServerInterceptor = (method, call) => new BoundedCall(this, method, call);

  /** Calls that are open or linger, and bytes of answers that are not read. */
  get load(): { readonly calls: number; readonly unreadBytes: number } {
    return { calls: this.#open.size + this.#lingering.size, unreadBytes: this.#unreadBytes };
  }

  /** Whether a peer, as gRPC names it, has open calls. */
  isBusy(peer: string): boolean {
    return this.#byPeer.has(peer);
  }

  /** Ends what took too long by the monotonic time `nowMs`. */
  sweep(nowMs: number): void {
    for (const [call, sinceMs] of this.#asking) {
      if (nowMs - sinceMs < REQUEST_WAIT_MAX_MS) break;
      call.refuse(NO_REQUEST);
    }
    for (const [call, sinceMs] of this.#lingering) {
      if (nowMs - sinceMs < SHUTDOWN_WAIT_MAX_MS) break;
      call.reset();
    }
    const late = new Set<string>();
    for (const [call, { untilMs }] of this.#unread) {
      const peer = this.#open.get(call);
      if (nowMs >= untilMs && peer !== undefined) late.add(peer);
    }
    for (const peer of late) this.#connections.cut(peer);
  }

  /** Takes a call in, or says why not. */
  open(call: BoundedCall, method: Method): Refusal | undefined {
    if (this.load.calls >= CALLS_MAX) return TOO_MANY_CALLS;
    const service = foreignService(method);
    if (service !== undefined) {
      const streams = this.#foreign.get(service) ?? 0;
      if (streams >= FOREIGN_STREAMS_MAX) return tooManyStreams(service);
      this.#foreign.set(service, streams + 1);
    }
    const peer = call.getPeer();
    this.#open.set(call, peer);
    this.#connections.used(peer, monotonicMs());
    this.#byPeer.set(peer, (this.#byPeer.get(peer) ?? 0) + 1);
    if (!method.requestStream) this.#asking.set(call, monotonicMs());
    return undefined;
  }

  /** The request is complete. Says why it cannot be answered now, if so. */
  asked(call: BoundedCall): Refusal | undefined {
    this.#asking.delete(call);
    return this.#unreadBytes >= UNREAD_BYTES_MAX ? TOO_MUCH_UNREAD : undefined;
  }

  /** An answer of so many bytes goes out; nothing is waited for once the call has ended. */
  sent(call: BoundedCall, bytes: number): void {
    if (!this.#open.has(call)) return;
    const waitMs = ANSWER_WAIT_MAX_MS + (bytes / ANSWER_BYTES_PER_S_MIN) * 1_000;
    this.#unread.set(call, { untilMs: monotonicMs() + waitMs, bytes });
    this.#unreadBytes += bytes;
  }

  read(call: BoundedCall): void {
    this.#unreadBytes -= this.#unread.get(call)?.bytes ?? 0;
    this.#unread.delete(call);
  }

  /** The stream of a call that ended is gone. */
  gone(call: BoundedCall): void {
    this.#lingering.delete(call);
  }

  /** A call ended; `lingers` when its stream is still there. */
  closed(call: BoundedCall, method: Method, lingers: boolean): void {
    if (lingers) this.#lingering.set(call, monotonicMs());
    this.#asking.delete(call);
    this.read(call);
    const peer = this.#open.get(call);
    if (peer === undefined) return;
    this.#open.delete(call);
    this.#connections.used(peer, monotonicMs());
    lessOne(this.#byPeer, peer);
    const service = foreignService(method);
    if (service !== undefined) lessOne(this.#foreign, service);
  }
}

/** Counts one less, and forgets what there is none of. */
function lessOne(counts: Map<string, number>, name: string): void {
  const left = (counts.get(name) ?? 1) - 1;
  if (left === 0) counts.delete(name);
  else counts.set(name, left);
}

/** One call, between grpc-js and whoever serves it. */
class BoundedCall extends ServerInterceptingCall {
  readonly #bounds: CallBounds;
  readonly #method: Method;
  readonly #next: NextCall;
  #isRefused = false;
  #hasMetadata = false;
  #isUnread = false;
  /** Whether a read waits until the answer before it is read; our own streams see to that. */
  #readWaits = false;

  constructor(bounds: CallBounds, method: Method, next: NextCall) {
    super(next);
    this.#bounds = bounds;
    this.#method = method;
    this.#next = next;
  }

  override start(listener: Listener): void {
    this.#next.start({
      onReceiveMetadata: (metadata) => {
        const refusal = refuseCall(this.#next, metadata) ?? this.#bounds.open(this, this.#method);
        if (refusal === undefined) listener.onReceiveMetadata(metadata);
        else this.refuse(refusal);
      },
      onReceiveMessage: (message) => {
        if (this.#isRefused) return;
        if (message !== MALFORMED) return listener.onReceiveMessage(message);
        this.refuse(MALFORMED_MESSAGE);
        listener.onCancel(); // who serves a stream has to hear that it is gone
      },
      onReceiveHalfClose: () => {
        const refusal = this.#method.requestStream ? undefined : this.#bounds.asked(this);
        if (refusal !== undefined) this.refuse(refusal);
        if (!this.#isRefused) listener.onReceiveHalfClose();
      },
      onCancel: () => {
        const lingers = this.#stream?.closed === false;
        this.#bounds.closed(this, this.#method, lingers);
        if (lingers) this.#stream?.once("close", () => this.#bounds.gone(this));
        if (!this.#isRefused) listener.onCancel();
      },
    });
  }

  override startRead(): void {
    this.#readWaits = this.#isUnread && foreignService(this.#method) !== undefined;
    if (!this.#readWaits) this.#next.startRead();
  }

  override sendMetadata(metadata: Metadata): void {
    this.#hasMetadata = true;
    metadata.set(ACCEPT_ENCODING, "identity");
    this.#next.sendMetadata(metadata);
  }

  override sendMessage(message: unknown, callback: () => void): void {
    if (this.#isRefused) return;
    if (!this.#hasMetadata) this.sendMetadata(new Metadata());
    const encoded = encode(this.#method, message);
    this.#isUnread = true;
    this.#bounds.sent(this, Buffer.isBuffer(encoded) ? encoded.length : 0);
    this.#next.sendMessage(encoded, () => {
      this.#isUnread = false;
      this.#bounds.read(this);
      callback();
      if (this.#readWaits && !this.#isUnread) this.startRead();
    });
  }

  override sendStatus(status: Parameters<NextCall["sendStatus"]>[0]): void {
    if (this.#isRefused) return;
    if (!this.#isUnread) this.#bounds.sent(this, 0);
    this.#next.sendStatus(status);
  }

  /** Says to a peer that was answered that nothing more is read of it (RFC 9113, 8.1). */
  reset(): void {
    this.#stream?.close(constants.NGHTTP2_NO_ERROR);
  }

  /** Where grpc-js keeps it. */
  get #stream(): ServerHttp2Stream | undefined {
    return (this.#next as { readonly stream?: ServerHttp2Stream }).stream;
  }

  /** Ends the call; nobody hears of it any more. */
  refuse(refusal: Refusal): void {
    this.#isRefused = true;
    const { code, details, metadata } = toStatus(refusal);
    metadata.set(ACCEPT_ENCODING, "identity");
    this.#next.sendStatus({ code, details, metadata });
  }
}

/** Encoded here, so that its bytes are known; what cannot be encoded is left to grpc-js to refuse. */
function encode({ responseSerialize }: Method, message: unknown): unknown {
  try {
    return responseSerialize(message);
  } catch {
    return message;
  }
}

/** The service of a stream whose role is not our own, such as health. */
function foreignService({ path, responseStream }: Method): string | undefined {
  return responseStream && !path.startsWith(OWN) ? path.split("/")[1] : undefined;
}

function tooManyStreams(service: string): Refusal {
  const message = `Cannot take another stream of ${service}: there are ${FOREIGN_STREAMS_MAX}`;
  return { code: "too_many", message };
}
