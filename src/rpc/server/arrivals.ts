/**
 * Queues connections and calls between HTTP/2 and grpc-js until their turn comes (turns.ts). Left
 * to itself, grpc-js starts each call on arrival and runs it to the end, even for a closed
 * connection.
 *
 * A waiting call occupies an HTTP/2 stream, and a new connection may have few streams. Node refuses
 * the excess streams of a flood at almost no cost, and closes the connection after 1,000 refusals.
 * Once its first calls had their turn, a connection may have many streams.
 *
 * A delivery stream starts at once if it is the first call of its connection, because the status of
 * the whole counter depends on it. Health calls have a share of their own.
 */
import { constants } from "node:http2";
import type {
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { Server } from "@grpc/grpc-js";
import { assert } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import {
  ADDRESS_CALLS_MAX,
  CALLS_MAX,
  CONNECTION_STREAMS_FIRST,
  CONNECTION_STREAMS_MAX,
  SHUTDOWN_WAIT_MAX_MS,
  WIDE_CONNECTIONS_MAX,
} from "../../limits.ts";
import { checkTimeout } from "./call_timeouts.ts";
import { toStatus } from "../faults.ts";
import { processorMs } from "../../monotonic.ts";
import { protos } from "../protos.ts";
import { Tally } from "../../tally.ts";
import { Turns } from "./turns.ts";
import type { Job, Share } from "./turns.ts";

const DELIVERY = protos.PrimaryService.service.StreamLikes.path;
const HEALTH = "/grpc.health.v1.Health/";

const TOO_MANY_CALLS: Refusal = {
  code: "too_many",
  message: `Cannot accept another call: ${CALLS_MAX} are open; try again later`,
};
const TOO_MANY_OF_ADDRESS: Refusal = {
  code: "too_many",
  message: `Cannot accept another call of this address: it has ${ADDRESS_CALLS_MAX}; try later`,
};

/** The far end of a connection. */
export interface Peer {
  /** Unique for each connection. */
  readonly name: string;
  /** The same for all connections from one machine. */
  readonly address: string;
}

/** A connection that has an HTTP/2 session, or will have one. */
interface Arrival {
  readonly peer: Peer;
  readonly share: Share;
  readonly healthShare: Share;
  /** Calls that have arrived, and those that have begun. */
  calls: number;
  begun: number;
  isWide: boolean;
}

interface ArrivedCall {
  readonly arrival: Arrival;
  /** The share that its turns are charged to. */
  readonly share: Share;
  /** Why the call is refused, whatever it requests. */
  readonly refusal: Refusal | undefined;
}

type Begin = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void;

/** The connections and calls that arrive at one server. */
export class Arrivals {
  readonly #turns = new Turns({
    nowMs: () => performance.now(),
    workedMs: processorMs,
    later: setImmediate,
  });
  readonly #bySession = new WeakMap<object, Arrival>();
  readonly #byStream = new WeakMap<ServerHttp2Stream, ArrivedCall>();
  /** Calls by address, and by the peer's name. */
  readonly #byAddress = new Tally();
  readonly #byName = new Tally();
  readonly #inject: (socket: Socket) => void;
  readonly #begin: Begin;
  #opening: Arrival | undefined;
  #calls = 0;
  #wide = 0;

  /** Fronts a gRPC server that has one connection injector, `inject`, and no port. */
  constructor(server: Server, inject: (socket: Socket) => void) {
    this.#inject = inject;
    const http2 = http2ServerOf(server);
    const [begin, ...others] = http2.listeners("stream");
    assert(begin !== undefined && others.length === 0, "grpc-js is the only listener for streams");
    this.#begin = begin.bind(http2) as Begin;
    http2.removeAllListeners("stream");
    http2.on("stream", (stream, headers, flags) => this.#arrived(stream, headers, flags));
    http2.on("session", (session) => this.#joined(session));
  }

  /** The number of open calls. */
  get calls(): number {
    return this.#calls;
  }

  /** Returns whether the peer of that name has open calls. */
  isBusy(name: string): boolean {
    return this.#byName.of(name) > 0;
  }

  /** Admits a connection. Its session begins when its turn comes. */
  admit(socket: Socket, peer: Peer): void {
    const share = this.#turns.join(peer.address);
    const healthShare = this.#turns.join(`${peer.address} health`);
    const arrival: Arrival = { peer, share, healthShare, calls: 0, begun: 0, isWide: false };
    socket.once("close", () => this.#left(arrival));
    this.#turns.add(share, () => {
      this.#opening = arrival;
      this.#inject(socket);
      this.#opening = undefined;
    });
  }

  /**
   * Returns the peer of a call, even after its connection has closed, and why the call is refused.
   */
  of(stream: ServerHttp2Stream): { readonly peer: Peer; readonly refusal: Refusal | undefined } {
    const { arrival, refusal } = this.#callOf(stream);
    return { peer: arrival.peer, refusal };
  }

  /** Runs `job`, a part of a call, when its turn comes, unless the call has ended by then. */
  inTurn(stream: ServerHttp2Stream, job: Job): void {
    this.#turns.add(this.#callOf(stream).share, () => {
      if (!isGone(stream)) job();
    });
  }

  /** Calls `commit` once no call waits, or soon under a constant load. */
  whenDone(commit: () => void): void {
    this.#turns.whenDone(commit);
  }

  #joined(session: ServerHttp2Session): void {
    if (this.#opening !== undefined) this.#bySession.set(session, this.#opening);
  }

  #left(arrival: Arrival): void {
    this.#turns.leave(arrival.share);
    this.#turns.leave(arrival.healthShare);
    if (arrival.isWide) this.#wide--;
  }

  #arrived(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number): void {
    stream.on("error", () => {}); // `close` follows, and is handled
    const arrival = this.#bySession.get(stream.session ?? this);
    if (arrival === undefined) return; // the session is closed, and the stream with it
    arrival.calls++;
    const tooMany = this.#refuse(arrival.peer);
    if (tooMany !== undefined) return answerWith(stream, tooMany);
    const path = headers[":path"] ?? "";
    const share = path.startsWith(HEALTH) ? arrival.healthShare : arrival.share;
    this.#byStream.set(stream, { arrival, share, refusal: checkTimeout(headers) });
    this.#count(stream, arrival);
    const begin = (): void => {
      this.#begin(stream, headers, flags);
      this.#widen(stream, arrival);
    };
    if (path === DELIVERY && arrival.calls === 1 && !isGone(stream)) begin();
    else this.inTurn(stream, begin);
  }

  #refuse({ address }: Peer): Refusal | undefined {
    if (this.#calls >= CALLS_MAX) return TOO_MANY_CALLS;
    return this.#byAddress.of(address) >= ADDRESS_CALLS_MAX ? TOO_MANY_OF_ADDRESS : undefined;
  }

  #count(stream: ServerHttp2Stream, arrival: Arrival): void {
    const { name, address } = arrival.peer;
    this.#calls++;
    this.#byAddress.add(address);
    this.#byName.add(name);
    stream.once("close", () => {
      this.#calls--;
      this.#byAddress.remove(address);
      this.#byName.remove(name);
    });
  }

  /** Allows a connection many streams once its first CONNECTION_STREAMS_FIRST calls have begun. */
  #widen({ session }: ServerHttp2Stream, arrival: Arrival): void {
    arrival.begun++;
    if (arrival.isWide || arrival.begun < CONNECTION_STREAMS_FIRST) return;
    if (this.#wide >= WIDE_CONNECTIONS_MAX || session === undefined || session.closed) return;
    arrival.isWide = true;
    this.#wide++;
    session.settings({ maxConcurrentStreams: CONNECTION_STREAMS_MAX });
  }

  #callOf(stream: ServerHttp2Stream): ArrivedCall {
    const call = this.#byStream.get(stream);
    assert(call !== undefined, "every stream of grpc-js arrived here");
    return call;
  }
}

function isGone({ destroyed, closed }: ServerHttp2Stream): boolean {
  return destroyed || closed;
}

/** Refuses a call without grpc-js, which would do much work first. */
function answerWith(stream: ServerHttp2Stream, refusal: Refusal): void {
  if (isGone(stream)) return;
  const { code, details, metadata } = toStatus(refusal);
  const status = { "grpc-status": code, "grpc-message": encodeURI(details) };
  const headers = { ":status": 200, "content-type": "application/grpc+proto", ...status };
  stream.respond({ ...headers, ...metadata.toHttp2Headers() }, { endStream: true });
  stream.resume();
  // A peer that does not end its side would keep the stream open. NO_ERROR tells it to stop sending
  // (RFC 9113, 8.1).
  setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), SHUTDOWN_WAIT_MAX_MS).unref();
}

/** Returns the HTTP/2 server inside a gRPC server, from a private field of grpc-js. */
function http2ServerOf(server: Server): Http2Server {
  const { http2Servers } = server as unknown as {
    readonly http2Servers?: Map<Http2Server, unknown>;
  };
  const [found] = http2Servers?.keys() ?? [];
  assert(found !== undefined, "grpc-js keeps its HTTP/2 server in http2Servers");
  return found;
}
