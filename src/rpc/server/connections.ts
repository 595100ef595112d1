/**
 * Accepts and bounds the connections of a server. grpc-js bounds neither their number, nor the time
 * until a peer sends the HTTP/2 preface, nor the time until a closed connection is gone. This file
 * accepts the sockets and passes each one on once its preface has arrived.
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
import { Tally } from "../../tally.ts";
import type { Peer } from "./arrivals.ts";
import { addressOf } from "../../text/peer_address.ts";

/** The first bytes of every HTTP/2 client (RFC 9113, 3.4). */
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/**
 * grpc-js closes an idle connection gracefully, but by the wall clock. When that is set back, an
 * idle connection would stay as much longer. After this grace period it is cut here.
 */
const IDLE_GRACE_MS = 2_000;
/** The umask for a socket's file that only its owner can use. */
const OWNER_ONLY_UMASK = 0o177;
/** A host name may resolve to an address that this machine lacks, such as IPv6 in a container. */
const NOT_HERE = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

interface Connection {
  readonly socket: Socket;
  readonly openedMs: number;
  hasPreface: boolean;
  /** When one of its calls last began, was open or ended. */
  usedMs: number;
  /** When our side ended; the peer has a bounded time to end its own. */
  endedMs: number | undefined;
}

/** The sockets of one server. */
export class Connections {
  readonly #onHttp2: (socket: Socket, peer: Peer) => void;
  readonly #servers: Server[] = [];
  /** By the peer's name: `address:port`, or a generated name. */
  readonly #connections = new Map<string, Connection>();
  /** The number of connections from each address. */
  readonly #byAddress = new Tally();
  /** The number of peers without an address so far. */
  #locals = 0;

  /** `onHttp2` gets each socket whose preface has arrived, with the preface unread. */
  constructor(onHttp2: (socket: Socket, peer: Peer) => void) {
    this.#onHttp2 = onHttp2;
  }

  /** The number of open connections. */
  get size(): number {
    return this.#connections.size;
  }

  /**
   * Listens on every address of `host`, on one port. Returns the port. Throws the error of
   * listening.
   */
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

  /** Listens on a Unix socket that only its owner can use. Throws the error of listening. */
  listenAt(path: string): Promise<void> {
    const server = createServer((socket) => this.#take(socket));
    // The call creates the file before it returns. With this umask it never has a wider mode.
    const umask = process.umask(OWNER_ONLY_UMASK);
    try {
      return this.#listening(server, { path });
    } finally {
      process.umask(umask);
    }
  }

  /** A call of `peer` begins or ends at the monotonic time `nowMs`. */
  used(peer: string, nowMs: number): void {
    const connection = this.#connections.get(peer);
    if (connection !== undefined) connection.usedMs = nowMs;
  }

  /**
   * Cuts overdue connections at the monotonic time `nowMs`. `isBusy`: does a peer have open calls?
   */
  sweep(nowMs: number, isBusy: (peer: string) => boolean): void {
    for (const [peer, connection] of this.#connections) {
      const { socket, openedMs, hasPreface } = connection;
      if (socket.writableEnded) connection.endedMs ??= nowMs;
      if (isBusy(peer)) connection.usedMs = nowMs;
      const { usedMs, endedMs } = connection;
      const isIdle = nowMs - usedMs >= CONNECTION_IDLE_MAX_MS + IDLE_GRACE_MS;
      const isSilent = !hasPreface && nowMs - openedMs >= HANDSHAKE_WAIT_MAX_MS;
      const isEnded = endedMs !== undefined && nowMs - endedMs >= SHUTDOWN_WAIT_MAX_MS;
      if (isSilent || isIdle || isEnded) socket.destroy();
    }
  }

  /** Closes the connection of a peer at once. */
  cut(peer: string): void {
    this.#connections.get(peer)?.socket.destroy();
  }

  /** Accepts no more connections. */
  stopListening(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  /** Stops listening, and closes all connections at once. */
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
        server.off("error", reject).on("error", () => {}); // a connection could not be accepted
        this.#servers.push(server);
        resolve();
      });
    });
  }

  /** A peer without an address gets a generated name, because bounds are kept by name. */
  #peerOf({ remoteAddress, remotePort }: Socket): Peer {
    if (remoteAddress === undefined) return { name: `local-${++this.#locals}`, address: "local" };
    return { name: `${remoteAddress}:${remotePort}`, address: addressOf(remoteAddress) };
  }

  #take(socket: Socket): void {
    socket.on("error", () => {}); // `close` follows, and is handled
    const peer = this.#peerOf(socket);
    const ofAddress = this.#byAddress.of(peer.address);
    if (this.#connections.size >= CONNECTIONS_MAX || ofAddress >= ADDRESS_CONNECTIONS_MAX) {
      socket.destroy();
      return;
    }
    const nowMs = monotonicMs();
    const times = { openedMs: nowMs, usedMs: nowMs, endedMs: undefined };
    const connection: Connection = { socket, hasPreface: false, ...times };
    this.#connections.set(peer.name, connection);
    this.#byAddress.add(peer.address);
    socket.once("close", () => {
      this.#byAddress.remove(peer.address);
      // A new connection may already have the same address and port.
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
      connection.hasPreface = true;
      socket.unshift(first);
      this.#onHttp2(socket, peer);
    };
    socket.on("readable", handshake);
  }
}

function isNotHere(error: unknown): boolean {
  return error instanceof Error && NOT_HERE.includes((error as NodeJS.ErrnoException).code ?? "");
}
