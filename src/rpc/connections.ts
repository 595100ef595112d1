/**
 * The connections of a server. grpc-js bounds neither how many there are, nor how long one may take
 * to say that it speaks HTTP/2, nor when one is gone that it has closed. So the sockets are taken
 * here, and handed to it once they have said the first word of HTTP/2.
 */
import type { Buffer } from "node:buffer";
import { lookup } from "node:dns/promises";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import {
  CONNECTION_IDLE_MAX_MS,
  CONNECTIONS_MAX,
  HANDSHAKE_WAIT_MAX_MS,
  SHUTDOWN_WAIT_MAX_MS,
} from "../limits.ts";
import { monotonicMs } from "../monotonic.ts";

/** What every HTTP/2 client sends first (RFC 9113, 3.4). */
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/**
 * grpc-js ends an idle connection in good order, but by the wall clock: one that is idle while that is
 * set back would stay for as long as it was set back. So it is cut here, if it is still there then.
 */
const IDLE_GRACE_MS = 2_000;
/** A name may stand for an address that this machine does not have, such as IPv6 in a container. */
const NOT_HERE = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

interface Connection {
  readonly openedMs: number;
  greeted: boolean;
  /** Since when it has had no calls. */
  idleMs: number | undefined;
  /** Since when our side is ended; the peer has a bounded time to end its own. */
  endedMs: number | undefined;
}

/** The sockets of one server. */
export class Connections {
  readonly #greeted: (socket: Socket) => void;
  readonly #servers: Server[] = [];
  readonly #connections = new Map<Socket, Connection>();

  /** `greeted` gets each socket that speaks HTTP/2, with nothing read from it. */
  constructor(greeted: (socket: Socket) => void) {
    this.#greeted = greeted;
  }

  /** How many there are. */
  get size(): number {
    return this.#connections.size;
  }

  /** Listens on every address of `host`, on one port, and gives that. Throws what listening throws. */
  async listen(host: string, port: number): Promise<number> {
    let bound = port;
    let missing: unknown;
    for (const { address } of await lookup(host, { all: true })) {
      try {
        bound = await this.#listen(address, bound);
      } catch (error) {
        if (!isNotHere(error)) throw error;
        missing = error;
      }
    }
    if (this.#servers.length === 0) throw missing;
    return bound;
  }

  /** Cuts what took too long by the monotonic time `nowMs`; `isBusy` tells whether a peer has calls. */
  sweep(nowMs: number, isBusy: (peer: string) => boolean): void {
    for (const [socket, connection] of this.#connections) {
      if (socket.writableEnded) connection.endedMs ??= nowMs;
      if (isBusy(peerOf(socket))) connection.idleMs = undefined;
      else connection.idleMs ??= nowMs;
      const { openedMs, greeted, idleMs, endedMs } = connection;
      const isIdle =
        idleMs !== undefined && nowMs - idleMs >= CONNECTION_IDLE_MAX_MS + IDLE_GRACE_MS;
      const isSilent = !greeted && nowMs - openedMs >= HANDSHAKE_WAIT_MAX_MS;
      const isEnded = endedMs !== undefined && nowMs - endedMs >= SHUTDOWN_WAIT_MAX_MS;
      if (isSilent || isIdle || isEnded) socket.destroy();
    }
  }

  /** Cuts the connection of a peer, as gRPC names it: `address:port`. */
  cut(peer: string): void {
    for (const socket of this.#connections.keys()) {
      if (peerOf(socket) === peer) socket.destroy();
    }
  }

  /** Takes no more connections. */
  stopListening(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  /** Cuts all. */
  close(): void {
    this.stopListening();
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  #listen(host: string, port: number): Promise<number> {
    const server = createServer((socket) => this.#take(socket));
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, () => {
        server.off("error", reject).on("error", () => {}); // one that could not be accepted
        this.#servers.push(server);
        resolve((server.address() as AddressInfo).port);
      });
    });
  }

  #take(socket: Socket): void {
    socket.on("error", () => {}); // it ends with `close`, and that is all there is to know
    if (this.#connections.size >= CONNECTIONS_MAX) {
      socket.destroy();
      return;
    }
    const connection = {
      openedMs: monotonicMs(),
      greeted: false,
      idleMs: undefined,
      endedMs: undefined,
    };
    this.#connections.set(socket, connection);
    socket.once("close", () => this.#connections.delete(socket));
    const greet = (): void => {
      const first = socket.read(PREFACE.length) as Buffer | null;
      if (first === null) return;
      socket.off("readable", greet);
      if (first.toString("latin1") !== PREFACE) {
        socket.destroy();
        return;
      }
      connection.greeted = true;
      socket.unshift(first);
      this.#greeted(socket);
    };
    socket.on("readable", greet);
  }
}

/** The peer as gRPC names it. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}

function isNotHere(error: unknown): boolean {
  return error instanceof Error && NOT_HERE.includes((error as NodeJS.ErrnoException).code ?? "");
}
