/**
 * Bounds that hold for every call of a server, whichever service answers it: the number of streams,
 * the time for a request to arrive and for an answer to be read, and the bytes of unread answers.
 *
 * grpc-js cannot discard an unread answer: ending the call queues the status behind it. A peer that
 * does not read therefore loses its connection.
 */
import { Buffer } from "node:buffer";
import { constants } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import { Metadata, ServerInterceptingCall } from "@grpc/grpc-js";
import type { ServerInterceptor } from "@grpc/grpc-js";
import type { Refusal } from "../../errors.ts";
import {
  ANSWER_BYTES_PER_S_MIN,
  ANSWER_WAIT_MAX_MS,
  LIBRARY_STREAMS_MAX,
  REQUEST_WAIT_MAX_MS,
  SHUTDOWN_WAIT_MAX_MS,
  UNREAD_BYTES_MAX,
} from "../../limits.ts";
import { monotonicMs } from "../../monotonic.ts";
import type { Peer } from "./arrivals.ts";
import { checkCall } from "./call_headers.ts";
import { toStatus } from "../faults.ts";
import { MALFORMED, MALFORMED_MESSAGE } from "../wire/malformed.ts";
import { Tally } from "../../tally.ts";

const ACCEPT_ENCODING = "grpc-accept-encoding";
/** Prefix of our own services, whose roles bound their streams. */
const OWN_SERVICES = "/likes.v1.";

type Method = Parameters<ServerInterceptor>[0];
type NextCall = Parameters<ServerInterceptor>[1];
type Listener = Parameters<NextCall["start"]>[0];

const TOO_MUCH_UNREAD: Refusal = {
  code: "too_many",
  message: `Cannot answer now: ${UNREAD_BYTES_MAX} bytes of answers are unread; try again later`,
};
const NO_REQUEST: Refusal = {
  code: "peer_silent",
  message: `Cannot wait longer for the request: it did not arrive within ${REQUEST_WAIT_MAX_MS} ms`,
};

/** The part of the server that its calls use. */
export interface CallSource {
  /** A call of the named peer begins or ends at the monotonic time `nowMs`. */
  used(name: string, nowMs: number): void;
  /** Closes the connection of the named peer at once. */
  cut(name: string): void;
  /** Returns the peer of a call, and why the call is refused unread, if it is. */
  of(stream: ServerHttp2Stream): { readonly peer: Peer; readonly refusal: Refusal | undefined };
  /** Runs a part of a call when its turn comes, unless the call has ended by then. */
  inTurn(stream: ServerHttp2Stream, job: () => void): void;
}

/** The calls of one server. */
export class CallBounds {
  readonly source: CallSource;
  readonly #open = new Set<BoundedCall>();
  /** Open streams of each library service. */
  readonly #libraryStreams = new Tally();
  /** Calls with an incomplete request, oldest first, and since when. */
  readonly #incomplete = new Map<BoundedCall, number>();
  /** Calls with an unread answer, its bytes, and until when it may be unread. */
  readonly #unread = new Map<BoundedCall, { readonly untilMs: number; readonly bytes: number }>();
  #unreadBytes = 0;
  /** Ended calls whose peer has not ended its side, and since when: HTTP/2 keeps their streams. */
  readonly #lingering = new Map<BoundedCall, number>();

  constructor(source: CallSource) {
    this.source = source;
  }

  /** The interceptor for the server's options. */
  readonly interceptor: ServerInterceptor = (method, call) => new BoundedCall(this, method, call);

  /** Bytes of unread answers. */
  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  /** Ends calls that have taken too long at the monotonic time `nowMs`. */
  sweep(nowMs: number): void {
    for (const [call, sinceMs] of this.#incomplete) {
      if (nowMs - sinceMs < REQUEST_WAIT_MAX_MS) break;
      call.refuse(NO_REQUEST);
    }
    for (const [call, sinceMs] of this.#lingering) {
      if (nowMs - sinceMs < SHUTDOWN_WAIT_MAX_MS) break;
      call.reset();
    }
    const late = new Set<string>();
    for (const [call, { untilMs }] of this.#unread) {
      if (nowMs >= untilMs) late.add(call.peer.name);
    }
    for (const peer of late) this.source.cut(peer);
  }

  /** Admits a call, or returns why not. */
  open(call: BoundedCall, method: Method): Refusal | undefined {
    const service = libraryService(method);
    if (service !== undefined) {
      if (this.#libraryStreams.of(service) >= LIBRARY_STREAMS_MAX) return tooManyStreams(service);
      this.#libraryStreams.add(service);
    }
    this.#open.add(call);
    this.source.used(call.peer.name, monotonicMs());
    if (!method.requestStream) this.#incomplete.set(call, monotonicMs());
    return undefined;
  }

  /** The request is complete. */
  requested(call: BoundedCall): void {
    this.#incomplete.delete(call);
  }

  /** Returns why no request can be answered now, if so. */
  checkWork(): Refusal | undefined {
    return this.#unreadBytes >= UNREAD_BYTES_MAX ? TOO_MUCH_UNREAD : undefined;
  }

  /** An answer of `bytes` is sent. The answer of an ended call is not tracked. */
  sent(call: BoundedCall, bytes: number): void {
    if (!this.#open.has(call)) return;
    const waitMs = ANSWER_WAIT_MAX_MS + (bytes / ANSWER_BYTES_PER_S_MIN) * 1_000;
    this.#unread.set(call, { untilMs: monotonicMs() + waitMs, bytes });
    this.#unreadBytes += bytes;
  }

  /** The peer has read the answers of a call. */
  read(call: BoundedCall): void {
    this.#unreadBytes -= this.#unread.get(call)?.bytes ?? 0;
    this.#unread.delete(call);
  }

  /** The stream of an ended call is closed. */
  gone(call: BoundedCall): void {
    this.#lingering.delete(call);
  }

  /** A call has ended. `lingers` means that its stream is still open. */
  closed(call: BoundedCall, method: Method, lingers: boolean): void {
    if (lingers) this.#lingering.set(call, monotonicMs());
    this.#incomplete.delete(call);
    this.read(call);
    if (!this.#open.delete(call)) return;
    this.source.used(call.peer.name, monotonicMs());
    const service = libraryService(method);
    if (service !== undefined) this.#libraryStreams.remove(service);
  }
}

/** One call, between grpc-js and the handler. */
class BoundedCall extends ServerInterceptingCall {
  /** Known even after the connection has closed. */
  readonly peer: Peer;
  readonly #bounds: CallBounds;
  readonly #method: Method;
  readonly #next: NextCall;
  /** Why the call is refused, whatever its headers say. */
  readonly #refusal: Refusal | undefined;
  #isRefused = false;
  #hasMetadata = false;
  #isUnread = false;
  /**
   * Whether the next read waits for the peer to read an answer. Our own streams do this themselves.
   */
  #readWaits = false;

  constructor(bounds: CallBounds, method: Method, next: NextCall) {
    super(next);
    this.#bounds = bounds;
    this.#method = method;
    this.#next = next;
    const { peer, refusal } = bounds.source.of(this.#stream);
    this.peer = peer;
    this.#refusal = refusal;
  }

  override start(listener: Listener): void {
    this.#next.start({
      onReceiveMetadata: (metadata) => {
        const refusal =
          this.#refusal ?? checkCall(this.#next, metadata) ?? this.#bounds.open(this, this.#method);
        if (refusal === undefined) listener.onReceiveMetadata(metadata);
        else this.refuse(refusal);
      },
      onReceiveMessage: (message) => {
        if (this.#isRefused) return;
        if (message !== MALFORMED) return this.#received(message, listener);
        this.refuse(MALFORMED_MESSAGE);
        listener.onCancel(); // tells a stream's handler that the call has ended
      },
      onReceiveHalfClose: () => {
        if (this.#isRefused) return;
        if (this.#method.requestStream) return listener.onReceiveHalfClose();
        this.#bounds.requested(this);
        this.#bounds.source.inTurn(this.#stream, () => this.#work(listener));
      },
      onCancel: () => {
        const lingers = !this.#stream.closed;
        this.#bounds.closed(this, this.#method, lingers);
        if (lingers) this.#stream.once("close", () => this.#bounds.gone(this));
        if (!this.#isRefused) listener.onCancel();
      },
    });
  }

  /**
   * A message on a library service's stream waits for its turn. Our own streams have their bounds.
   */
  #received(message: unknown, listener: Listener): void {
    const { path, requestStream } = this.#method;
    if (!requestStream || path.startsWith(OWN_SERVICES)) return listener.onReceiveMessage(message);
    this.#bounds.source.inTurn(this.#stream, () => listener.onReceiveMessage(message));
  }

  /** Handles a complete request when its turn comes. */
  #work(listener: Listener): void {
    const refusal = this.#bounds.checkWork();
    if (refusal === undefined) listener.onReceiveHalfClose();
    else this.refuse(refusal);
  }

  override startRead(): void {
    this.#readWaits = this.#isUnread && libraryService(this.#method) !== undefined;
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

  /** Tells a peer that has its answer to stop sending the request (RFC 9113, 8.1). */
  reset(): void {
    this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }

  /** The HTTP/2 stream, from a private field of grpc-js. */
  get #stream(): ServerHttp2Stream {
    return (this.#next as unknown as { readonly stream: ServerHttp2Stream }).stream;
  }

  /** Ends the call with a refusal. The handler gets no more events. */
  refuse(refusal: Refusal): void {
    this.#isRefused = true;
    const { code, details, metadata } = toStatus(refusal);
    metadata.set(ACCEPT_ENCODING, "identity");
    this.#next.sendStatus({ code, details, metadata });
  }
}

/**
 * Encodes `message` to learn its size. Returns it as it is when that fails: grpc-js then refuses
 * it.
 */
function encode({ responseSerialize }: Method, message: unknown): unknown {
  try {
    return responseSerialize(message);
  } catch {
    return message;
  }
}

/** Returns the library service of a stream, such as health; undefined for any other call. */
function libraryService({ path, responseStream }: Method): string | undefined {
  return responseStream && !path.startsWith(OWN_SERVICES) ? path.split("/")[1] : undefined;
}

function tooManyStreams(service: string): Refusal {
  const message = `Cannot accept another stream of ${service}: ${LIBRARY_STREAMS_MAX} are open`;
  return { code: "too_many", message };
}
