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
import { Tally } from "./tally.ts";

const ACCEPT_ENCODING = "grpc-accept-encoding";
/** The services whose own roles bound their streams. */
const OWN = "/likes.v1.";

type Method = Parameters<ServerInterceptor>[0];
type NextCall = Parameters<ServerInterceptor>[1];
type Listener = Parameters<NextCall["start"]>[0];

const TOO_MUCH_UNREAD: Refusal = {
  code: "too_many",
  message: `Cannot answer now: ${UNREAD_BYTES_MAX} bytes of answers wait to be read; try again later`,
};
const NO_REQUEST: Refusal = {
  code: "peer_silent",
  message: `Cannot wait longer for the request: it did not come within ${REQUEST_WAIT_MAX_MS} ms`,
};

/** What calls need of the server that they come through. */
export interface CallSource {
  /** A call of the peer of that name begins or ends at the monotonic time `nowMs`. */
  used(name: string, nowMs: number): void;
  /** Ends the connection of the peer of that name at once. */
  cut(name: string): void;
  /** Where a call comes from, and why it is refused before it is read, if it is. */
  of(stream: ServerHttp2Stream): { readonly peer: Peer; readonly refusal: Refusal | undefined };
  /** Does a part of a call when its turn comes, unless the call is gone by then. */
  inTurn(stream: ServerHttp2Stream, job: () => void): void;
}

/** The calls of one server. */
export class CallBounds {
  readonly source: CallSource;
  readonly #open = new Set<BoundedCall>();
  /** Open streams of each service that is not our own. */
  readonly #foreign = new Tally();
  /** Those whose request is not complete, oldest first. */
  readonly #asking = new Map<BoundedCall, number>();
  /** Those whose answer is not read, and until when it may be so. */
  readonly #unread = new Map<BoundedCall, { readonly untilMs: number; readonly bytes: number }>();
  #unreadBytes = 0;
  /** Those that ended, whose peer has not ended its own side: HTTP/2 keeps their streams. */
  readonly #lingering = new Map<BoundedCall, number>();

  constructor(source: CallSource) {
    this.source = source;
  }

  /** For the server's options. */
  readonly interceptor: ServerInterceptor = (method, call) => new BoundedCall(this, method, call);

  /** Bytes of answers that are not read. */
  get unreadBytes(): number {
    return this.#unreadBytes;
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
      if (nowMs >= untilMs) late.add(call.peer.name);
    }
    for (const peer of late) this.source.cut(peer);
  }

  /** Takes a call in, or says why not. */
  open(call: BoundedCall, method: Method): Refusal | undefined {
    const service = libraryService(method);
    if (service !== undefined) {
      if (this.#foreign.of(service) >= LIBRARY_STREAMS_MAX) return tooManyStreams(service);
      this.#foreign.add(service);
    }
    this.#open.add(call);
    this.source.used(call.peer.name, monotonicMs());
    if (!method.requestStream) this.#asking.set(call, monotonicMs());
    return undefined;
  }

  /** The request is complete. */
  asked(call: BoundedCall): void {
    this.#asking.delete(call);
  }

  /** Says why no request can be answered now, if so. */
  checkWork(): Refusal | undefined {
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
    if (!this.#open.delete(call)) return;
    this.source.used(call.peer.name, monotonicMs());
    const service = libraryService(method);
    if (service !== undefined) this.#foreign.remove(service);
  }
}

/** One call, between grpc-js and whoever serves it. */
class BoundedCall extends ServerInterceptingCall {
  /** Where it comes from, also when its connection is gone. */
  readonly peer: Peer;
  readonly #bounds: CallBounds;
  readonly #method: Method;
  readonly #next: NextCall;
  /** Why it is refused, whatever its headers say. */
  readonly #refusal: Refusal | undefined;
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
        listener.onCancel(); // who serves a stream has to hear that it is gone
      },
      onReceiveHalfClose: () => {
        if (this.#isRefused) return;
        if (this.#method.requestStream) return listener.onReceiveHalfClose();
        this.#bounds.asked(this);
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

  /** A message of a foreign stream waits for its turn; our own streams bound what they take. */
  #received(message: unknown, listener: Listener): void {
    const { path, requestStream } = this.#method;
    if (!requestStream || path.startsWith(OWN)) return listener.onReceiveMessage(message);
    this.#bounds.source.inTurn(this.#stream, () => listener.onReceiveMessage(message));
  }

  /** The turn of a request that is complete. */
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

  /** Says to a peer that was answered that nothing more is read of it (RFC 9113, 8.1). */
  reset(): void {
    this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }

  /** Where grpc-js keeps it. */
  get #stream(): ServerHttp2Stream {
    return (this.#next as unknown as { readonly stream: ServerHttp2Stream }).stream;
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
function libraryService({ path, responseStream }: Method): string | undefined {
  return responseStream && !path.startsWith(OWN) ? path.split("/")[1] : undefined;
}

function tooManyStreams(service: string): Refusal {
  const message = `Cannot take another stream of ${service}: there are ${LIBRARY_STREAMS_MAX}`;
  return { code: "too_many", message };
}
