/** A gRPC server with this project's bounds, health and reflection. */
import { Buffer } from "node:buffer";
import { Server, ServerCredentials, logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { FOREIGN_FAULTS, LikesError, messageOf } from "../../errors.ts";
import type { FaultCode } from "../../errors.ts";
import {
  CONNECTION_IDLE_MAX_MS,
  CONNECTION_STREAMS_FIRST,
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
  SESSION_MEMORY_MAX_MB,
  SHUTDOWN_WAIT_MAX_MS,
} from "../../limits.ts";
import { monotonicMs } from "../../monotonic.ts";
import { TROUBLE_KINDS } from "../../core/protocol/messages.ts";
import type { Trouble } from "../../core/protocol/messages.ts";
import { Arrivals } from "./arrivals.ts";
import { CallBounds } from "./call_bounds.ts";
import { Connections } from "./connections.ts";
import { decodedOrMalformed } from "../wire/malformed.ts";
import { reflection } from "./reflection.ts";

// The caller gets every error: grpc-js would only repeat them on stderr.
setLogVerbosity(logVerbosity.NONE);

/** How often overdue calls and connections are ended. */
const SWEEP_MS = 500;

/** Adds services to a server. */
export type AddServices = (server: Pick<Server, "addService">) => void;

/** Where to listen. Port 0 means any free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Returns an address as gRPC writes it: `host:port`, with an IPv6 host in brackets. */
export function listenTarget({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Options of a server. */
export interface RpcServerOptions {
  /** The full name of the role's service, such as `likes.v1.PrimaryService`. */
  readonly service: string;
  readonly reflect: boolean;
}

const SERVER_OPTIONS = {
  "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
  "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
  "grpc.max_concurrent_streams": CONNECTION_STREAMS_FIRST,
  "grpc.keepalive_time_ms": KEEPALIVE_TIME_MS,
  "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
  "grpc.max_connection_idle_ms": CONNECTION_IDLE_MAX_MS,
  "grpc-node.max_session_memory": SESSION_MEMORY_MAX_MB,
  // Unused here, and it costs time on every call.
  "grpc.enable_channelz": 0,
};

/** One listening server. */
export class RpcServer {
  readonly #calls = new CallBounds({
    used: (peer, nowMs) => this.#connections.used(peer, nowMs),
    cut: (peer) => this.#connections.cut(peer),
    of: (stream) => this.#arrivals.of(stream),
    inTurn: (stream, job) => this.#arrivals.inTurn(stream, job),
  });
  readonly #server = new Server({ ...SERVER_OPTIONS, interceptors: [this.#calls.interceptor] });
  readonly #injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  readonly #arrivals = new Arrivals(this.#server, (socket) => {
    this.#injector.injectConnection(socket);
  });
  readonly #connections = new Connections((socket, peer) => this.#arrivals.admit(socket, peer));
  readonly #health = new HealthImplementation({ "": "NOT_SERVING" });
  readonly #service: string;
  #sweeper: NodeJS.Timeout | undefined;

  constructor({ service, reflect }: RpcServerOptions, addServices: AddServices) {
    this.#service = service;
    this.setHealth(false); // tells the role even before it serves
    const host: Parameters<AddServices>[0] = {
      addService: (definition, handlers) => this.#server.addService(guarded(definition), handlers),
    };
    addServices(host);
    this.#health.addToServer(host);
    if (reflect) reflection(service).addToServer(host);
  }

  /** The current load. */
  get load(): {
    readonly connections: number;
    readonly calls: number;
    readonly unreadBytes: number;
  } {
    const { unreadBytes } = this.#calls;
    return { connections: this.#connections.size, calls: this.#arrivals.calls, unreadBytes };
  }

  /** Listens, and returns the port. Throws LikesError `port_taken`. */
  async listen(address: ListenAddress): Promise<number> {
    try {
      const port = await this.#connections.listen(address.host, address.port);
      this.#startSweeping();
      return port;
    } catch (cause) {
      const reason = messageOf(cause).replace(/^listen /, "");
      const wayOut = "choose another --port (0 means any free one) or --host";
      const text = `Cannot listen on ${listenTarget(address)}: ${reason}; ${wayOut}`;
      throw new LikesError("port_taken", text, { cause });
    }
  }

  /** Listens on a Unix socket that only its owner can use. Throws the error of listening. */
  async listenAt(path: string): Promise<void> {
    await this.#connections.listenAt(path);
    this.#startSweeping();
  }

  /**
   * Calls `commit` once no call waits, or soon under a constant load. Calls that arrived together
   * can then share a commit.
   */
  whenDone(commit: () => void): void {
    this.#arrivals.whenDone(commit);
  }

  #startSweeping(): void {
    this.#sweeper ??= setInterval(() => this.sweep(monotonicMs()), SWEEP_MS).unref();
  }

  /** Ends overdue calls and connections at the monotonic time `nowMs`. Also runs every SWEEP_MS. */
  sweep(nowMs: number): void {
    this.#connections.sweep(nowMs, (peer) => this.#arrivals.isBusy(peer));
    this.#calls.sweep(nowMs);
  }

  /** Sets whether health reports `name` as serving. By default that is the role's service. */
  setHealth(serving: boolean, name: string = this.#service): void {
    const status = serving ? "SERVING" : "NOT_SERVING";
    this.#health.setStatus(name, status);
    if (name === this.#service) this.#health.setStatus("", status);
  }

  /**
   * Sets the health of each kind of trouble: `likes.v1.trouble.<kind>` serves while there is none.
   */
  setTroubles(troubles: readonly Pick<Trouble, "kind">[]): void {
    for (const kind of TROUBLE_KINDS) {
      const clear = troubles.every((trouble) => trouble.kind !== kind);
      this.setHealth(clear, `likes.v1.trouble.${kind}`);
    }
  }

  /** Sets the health of the store: `likes.v1.store` serves while writes succeed. */
  setStore(isWriting: boolean): void {
    this.setHealth(isWriting, "likes.v1.store");
  }

  /**
   * Sets the health of the troubles that no ledger can record: a peer has another one, or another
   * secret. `met` are the faults of such peers.
   */
  setForeign(...met: readonly FaultCode[]): void {
    for (const fault of FOREIGN_FAULTS) {
      this.setHealth(!met.includes(fault), `likes.v1.trouble.${fault}`);
    }
  }

  /** Stops listening, gives open calls SHUTDOWN_WAIT_MAX_MS to end, then cuts them. */
  async close(): Promise<void> {
    this.setHealth(false);
    this.#connections.stopListening();
    await new Promise<void>((resolve) => {
      const cut = setTimeout(resolve, SHUTDOWN_WAIT_MAX_MS);
      this.#server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
    this.#server.forceShutdown();
    this.#connections.close();
    clearInterval(this.#sweeper);
  }
}

/**
 * Returns the service with two changes. A handler may answer with encoded bytes, to encode once for
 * many calls. A request that does not decode becomes MALFORMED.
 */
function guarded(definition: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(definition).map(([name, method]) => {
    const responseSerialize = (answer: unknown): Buffer => {
      return Buffer.isBuffer(answer) ? answer : method.responseSerialize(answer);
    };
    const requestDeserialize = decodedOrMalformed(method.requestDeserialize);
    return [name, { ...method, responseSerialize, requestDeserialize }];
  });
  return Object.fromEntries(methods) as ServiceDefinition;
}
