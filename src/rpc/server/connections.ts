/**
 * The connections of a server. grpc-js bounds neither how many there are, nor how long one may take
 * to say that it speaks HTTP/2, nor when one is gone that it has closed. So the sockets are taken
 * here, and handed to it once they have said the first word of HTTP/2.
 */
import type { Buffer } from "node:buffer";
import { lookup } from "node:dns/promises";
import { createServer } from "node:net";
import type { AddressInfo, ListenOptions, Server, Socket } from "node:net";
import {
  ADDRESS_CONNECTIONS_MAX,
  CONNECTION_IDLE_MAX_MS,
  CONNECTIONS_MAX,
  HANDSHAKE_WAIT_MAX_MS,
  SHUTDOWN_WAIT_MAX_MS,
} from "../../limits.ts";
import { monotonicMs } from "../../monotonic.ts";
import { Tally } from "./tally.ts";
import type { Peer } from "./arrivals.ts";
import { addressOf } from "./peer_address.ts";

/** What every HTTP/2 client sends first (RFC 9113, 3.4). */
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/**
 * grpc-js ends an idle connection in good order, but by the wall clock: one that is idle while that is
 * set back would stay for as long as it was set back. So it is cut here, if it is still there then.
 */
const IDLE_GRACE_MS = 2_000;
/** What a new socket's file lets its owner alone do. */
const OTHERS_NOTHING = 0o177;
/** A name may stand for an address that this machine does not have, such as IPv6 in a container. */
const NOT_HERE = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

interface Connection {
  readonly socket: Socket;
  readonly openedMs: number;
  welcomed: boolean;
  /** When a call of it last began, went on or ended. */
  usedMs: number;
  /** Since when our side is ended; the peer has a bounded time to end its own. */
  endedMs: number | undefined;
}

/** The sockets of one server. */
export class Connections {
  readonly #welcomed: (socket: Socket, peer: Peer) => void;
  readonly #servers: Server[] = [];
  /** By the name of the peer: `address:port`, or a name of ours. */
  readonly #connections = new Map<string, Connection>();
  /** How many of each address. */
  readonly #byAddress = new Tally();
  /** Peers without an address, so far. */
  #locals = 0;

  /** `greeted` gets each socket that speaks HTTP/2, with nothing read from it. */
  constructor(welcomed: (socket: Socket, peer: Peer) => void) {
    this.#welcomed = welcomed;
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

  /** Listens at the path of a socket, for its owner alone. Throws what listening throws. */
  listenAt(path: string): Promise<void> {
    const server = createServer((socket) => this.#take(socket));
    // The file is made by this call, before it returns: it never is there with a wider mode.
    const umask = process.umask(OTHERS_NOTHING);
    try {
      return this.#listening(server, { path });
    } finally {
      process.umask(umask);
    }
  }

  /** A call of `peer` begins or ends at the monotonic time `nowMs`: in between it is idle. */
  used(peer: string, nowMs: number): void {
    const connection = this.#connections.get(peer);
    if (connection !== undefined) connection.usedMs = nowMs;
  }

  /** Cuts what took too long by the monotonic time `nowMs`; `isBusy` tells whether a peer has calls. */
  sweep(nowMs: number, isBusy: (peer: string) => boolean): void {
    for (const [peer, connection] of this.#connections) {
      const { socket, openedMs, welcomed } = connection;
      if (socket.writableEnded) connection.endedMs ??= nowMs;
      if (isBusy(peer)) connection.usedMs = nowMs;
      const { usedMs, endedMs } = connection;
      const isIdle = nowMs - usedMs >= CONNECTION_IDLE_MAX_MS + IDLE_GRACE_MS;
      const isSilent = !welcomed && nowMs - openedMs >= HANDSHAKE_WAIT_MAX_MS;
      const isEnded = endedMs !== undefined && nowMs - endedMs >= SHUTDOWN_WAIT_MAX_MS;
      if (isSilent || isIdle || isEnded) socket.destroy();
    }
  }

  /** Cuts the connection of a peer. */
  cut(peer: string): void {
    this.#connections.get(peer)?.socket.destroy();
  }

  /** Takes no more connections. */
  stopListening(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  /** Cuts all. */
  close(): void {
    this.stopListening();
    for (const { socket } of this.#connections.values()) socket.destroy();
  }

  async #listen(host: string, port: number): Promise<number> {
    const server = createServer((socket) => this.#take(socket));
    await this.#listening(server, { host, port });
    return (server.address() as AddressInfo).port;
  }

  #listening(server: Server, where: ListenOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(where, () => {
        server.off("error", reject).on("error", () => {}); // one that could not be accepted
        this.#servers.push(server);
        resolve();
      });
    });
  }

  /** One without an address gets a name, for bounds go by names. */
  #peerOf({ remoteAddress, remotePort }: Socket): Peer {
    if (remoteAddress === undefined) return { name: `local-${++this.#locals}`, address: "local" };
    return { name: `${remoteAddress}:${remotePort}`, address: addressOf(remoteAddress) };
  }

  #take(socket: Socket): void {
    socket.on("error", () => {}); // it ends with `close`, and that is all there is to know
    const peer = this.#peerOf(socket);
    const ofAddress = this.#byAddress.of(peer.address);
    if (this.#connections.size >= CONNECTIONS_MAX || ofAddress >= ADDRESS_CONNECTIONS_MAX) {
      socket.destroy();
      return;
    }
    const nowMs = monotonicMs();
    const times = { openedMs: nowMs, usedMs: nowMs, endedMs: undefined };
    const connection: Connection = { socket, welcomed: false, ...times };
    this.#connections.set(peer.name, connection);
    this.#byAddress.add(peer.address);
    socket.once("close", () => {
      this.#byAddress.remove(peer.address);
      // Its address and port may have come back before this was heard of.
      if (this.#connections.get(peer.name) === connection) this.#connections.delete(peer.name);
    });
    const handshake = (): void => {
      const first = socket.read(PREFACE.length) as Buffer | null;
      if (first === null) return;
      socket.off("readable", handshake);
      if (first.toString("latin1") !== PREFACE) {
        socket.destroy();
        return;
      }
      connection.welcomed = true;
      socket.unshift(first);
      this.#welcomed(socket, peer);
    };
    socket.on("readable", handshake);
  }
}

function isNotHere(error: unknown): boolean {
  return error instanceof Error && NOT_HERE.includes((error as NodeJS.ErrnoException).code ?? "");
}
