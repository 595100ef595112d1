/** A gRPC server with this project's bounds, health and reflection. */
import { Server, ServerCredentials, logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { LikesError, messageOf } from "../errors.ts";
import {
  CONNECTION_STREAMS_MAX,
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
  SHUTDOWN_WAIT_MAX_MS,
} from "../limits.ts";
import { TROUBLE_KINDS } from "../core/messages.ts";
import type { Trouble } from "../core/messages.ts";
import { reflection } from "./reflection.ts";

// Its errors reach the caller; what grpc-js would write beside them to stderr is said twice.
setLogVerbosity(logVerbosity.NONE);

/** What grpc-js writes around the reason for which a host has no address to listen on. */
const LISTEN_NOISE = /^No address added out of total \d+ resolved errors: \[(?:listen )?(.*)\]$/;

/** Adds services to a server. */
export type AddServices = (server: Pick<Server, "addService">) => void;

/** Where to listen. Port 0 means any free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** An address as gRPC writes it: `host:port`, IPv6 in brackets. */
export function listenTarget({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What a server tells of itself besides its services. */
export interface RpcServerOptions {
  /** The full name of the role's service, such as `likes.v1.PrimaryService`. */
  readonly service: string;
  readonly reflect: boolean;
}

const OPTIONS = {
  "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
  "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
  "grpc.max_concurrent_streams": CONNECTION_STREAMS_MAX,
  "grpc.keepalive_time_ms": KEEPALIVE_TIME_MS,
  "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
};

/** One listening server. */
export class RpcServer {
  readonly #server = new Server(OPTIONS);
  readonly #health = new HealthImplementation({ "": "NOT_SERVING" });
  readonly #service: string;

  constructor({ service, reflect }: RpcServerOptions, addServices: AddServices) {
    this.#service = service;
    addServices(this.#server);
    this.#health.addToServer(this.#server);
    if (reflect) reflection(service).addToServer(this.#server);
  }

  /** Listens, and gives the port. Throws LikesError `port_taken`. */
  listen({ host, port }: ListenAddress): Promise<number> {
    const target = listenTarget({ host, port });
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(target, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) return resolve(bound);
        const reason = messageOf(error).replace(LISTEN_NOISE, "$1");
        const wayOut = "choose another --port (0 means any free one) or --host";
        const text = `Cannot listen on ${target}: ${reason}; ${wayOut}`;
        reject(new LikesError("port_taken", text, { cause: error }));
      });
    });
  }

  /** Tells health whether the role serves; `name` is a service or a name of its own. */
  setHealth(serving: boolean, name: string = this.#service): void {
    const status = serving ? "SERVING" : "NOT_SERVING";
    this.#health.setStatus(name, status);
    if (name === this.#service) this.#health.setStatus("", status);
  }

  /** Tells health each kind of trouble: `likes.v1.trouble.<kind>` serves while there is none. */
  setTroubles(troubles: readonly Trouble[]): void {
    for (const kind of TROUBLE_KINDS) {
      const clear = troubles.every((trouble) => trouble.kind !== kind);
      this.setHealth(clear, `likes.v1.trouble.${kind}`);
    }
  }

  /** Stops listening, gives open calls a bounded time to end, then cuts them. */
  async close(): Promise<void> {
    this.setHealth(false);
    await new Promise<void>((resolve) => {
      const cut = setTimeout(resolve, SHUTDOWN_WAIT_MAX_MS);
      this.#server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
    this.#server.forceShutdown();
  }
}
