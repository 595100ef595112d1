/**
 * What arrives at a server, between HTTP/2 and grpc-js. Connections and calls wait here for their
 * turn (turns.ts). Without that, grpc-js begins each call as it comes, and works on it to the end,
 * also when the connection is gone by then.
 *
 * A call that waits keeps its HTTP/2 stream, and a connection has few streams at first. Node refuses
 * what a flood sends beyond them, at next to no cost, and cuts the connection after 1,000 refusals.
 * A connection that stays until its first calls had their turn may have many streams.
 *
 * A delivery stream does not wait, since the status of the whole counter depends on it: it begins at
 * once if it is the first call of its connection. Calls of health have a share of their own.
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
import { protos } from "../protos.ts";
import { Tally } from "./tally.ts";
import { Turns } from "./turns.ts";
import type { Job, Share } from "./turns.ts";

const DELIVERY = protos.PrimaryService.service.StreamLikes.path;
const HEALTH = "/grpc.health.v1.Health/";

const TOO_MANY_CALLS: Refusal = {
  code: "too_many",
  message: `Cannot take another call: there are ${CALLS_MAX}; try again later`,
};
const TOO_MANY_OF_ADDRESS: Refusal = {
  code: "too_many",
  message: `Cannot take another call of this address: it has ${ADDRESS_CALLS_MAX}; try again later`,
};

/** Where a connection comes from. */
export interface Peer {
  /** A name that no other connection has. */
  readonly name: string;
  /** The same for all connections of a machine. */
  readonly address: string;
}

/** A connection that has a session, or will have one. */
interface Arrival {
  readonly peer: Peer;
  readonly share: Share;
  readonly healthShare: Share;
  /** Calls that came, and those whose turn has come. */
  calls: number;
  begun: number;
  isWide: boolean;
}

interface ArrivedCall {
  readonly arrival: Arrival;
  /** Of which it gets its turns. */
  readonly share: Share;
  /** Why it is refused, whatever it asks. */
  readonly refusal: Refusal | undefined;
}

type Begin = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void;

/** All that arrives at one server. */
export class Arrivals {
  readonly #turns = new Turns({
    nowMs: () => performance.now(),
    workedMs,
    later: setImmediate,
  });
  readonly #bySession = new WeakMap<object, Arrival>();
  readonly #byStream = new WeakMap<ServerHttp2Stream, ArrivedCall>();
  /** Calls of each address, and of each peer by its name. */
  readonly #byAddress = new Tally();
  readonly #byName = new Tally();
  readonly #inject: (socket: Socket) => void;
  readonly #begin: Begin;
  #opening: Arrival | undefined;
  #calls = 0;
  #wide = 0;

  /** Stands before a gRPC server that has one connection injector, `inject`, and no port. */
  constructor(server: Server, inject: (socket: Socket) => void) {
    this.#inject = inject;
    const http2 = http2ServerOf(server);
    const [begin, ...others] = http2.listeners("stream");
    assert(
      begin !== undefined && others.length === 0,
      "grpc-js hears of each stream, and it alone",
    );
    this.#begin = begin.bind(http2) as Begin;
    http2.removeAllListeners("stream");
    http2.on("stream", (stream, headers, flags) => this.#arrived(stream, headers, flags));
    http2.on("session", (session) => this.#joined(session));
  }

  /** Calls whose streams are there. */
  get calls(): number {
    return this.#calls;
  }

  /** Whether a peer of that name has calls. */
  isBusy(name: string): boolean {
    return this.#byName.of(name) > 0;
  }

  /** Takes a connection in, whose session begins when its turn comes. */
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

  /** Where a call comes from, also when its connection is gone, and why it is refused if it is. */
  of(stream: ServerHttp2Stream): { readonly peer: Peer; readonly refusal: Refusal | undefined } {
    const { arrival, refusal } = this.#callOf(stream);
    return { peer: arrival.peer, refusal };
  }

  /** Does `job`, a part of a call, when its turn comes, unless the call is gone by then. */
  inTurn(stream: ServerHttp2Stream, job: Job): void {
    this.#turns.add(this.#callOf(stream).share, () => {
      if (!isGone(stream)) job();
    });
  }

  /** Calls `commit` once all that came was worked on, or soon when it comes without end. */
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
    stream.on("error", () => {}); // it ends with `close`, and that is all there is to know
    const arrival = this.#bySession.get(stream.session ?? this);
    if (arrival === undefined) return; // its session is gone, and it with that
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

  /** Lets a connection have many streams, once as many as it has at first had their turn. */
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
    assert(call !== undefined, "grpc-js hears of no stream that did not come through here");
    return call;
  }
}

function workedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function isGone({ destroyed, closed }: ServerHttp2Stream): boolean {
  return destroyed || closed;
}

/** Answers a call without grpc-js, which would make much of it first. */
function answerWith(stream: ServerHttp2Stream, refusal: Refusal): void {
  if (isGone(stream)) return;
  const { code, details, metadata } = toStatus(refusal);
  const status = { "grpc-status": code, "grpc-message": encodeURI(details) };
  const headers = { ":status": 200, "content-type": "application/grpc+proto", ...status };
  stream.respond({ ...headers, ...metadata.toHttp2Headers() }, { endStream: true });
  stream.resume();
  // A peer that does not end its side would keep it; nothing more is read of it (RFC 9113, 8.1).
  setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), SHUTDOWN_WAIT_MAX_MS).unref();
}

/** The HTTP/2 server under a gRPC server, where grpc-js keeps it. */
function http2ServerOf(server: Server): Http2Server {
  const { http2Servers } = server as unknown as {
    readonly http2Servers?: Map<Http2Server, unknown>;
  };
  const [found] = http2Servers?.keys() ?? [];
  assert(found !== undefined, "grpc-js keeps its HTTP/2 server there");
  return found;
}
