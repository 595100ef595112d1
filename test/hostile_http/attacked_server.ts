/** A LikesServer whose pages are attacked, and the well-behaved client that is served meanwhile. */
import { readdirSync } from "node:fs";
import { Agent, get } from "node:http";
import { text } from "node:stream/consumers";
import type { IncomingMessage } from "node:http";
import { once } from "node:events";
import { becomes } from "../fixtures/eventually.ts";
import { residentBytes } from "../fixtures/resident_memory.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";
import { RawConnection } from "./raw_connection.ts";

/** Requests of the client whose median time counts. */
const REQUESTS = 30;
const CLIENT = "127.0.0.99";
/** Descriptors that a server opens and closes by itself. */
const DESCRIPTORS_SPARE = 5;

/** What an attack cost. */
export interface Cost {
  /** The median time of the client's requests, before and meanwhile. */
  readonly beforeMs: number;
  readonly meanwhileMs: number;
  readonly grownBytes: number;
}

export class AttackedServer implements AsyncDisposable {
  readonly port: number;
  readonly #counter: Counter;
  readonly #role: Role;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #connections: RawConnection[] = [];

  private constructor(counter: Counter, role: Role, port: number) {
    this.#counter = counter;
    this.#role = role;
    this.port = port;
  }

  static async start(): Promise<AttackedServer> {
    const counter = new Counter();
    await counter.startPrimary();
    const flags = ["--http", "127.0.0.1:0", "--site", "blog=https://example.org"];
    const role = await counter.startAccepting("a", { flags });
    const [, port] = await role.waitFor(/^pages at http:\/\/127\.0\.0\.1:(\d+)$/m);
    return new AttackedServer(counter, role, Number(port));
  }

  /** Opens connections, each of which sends the same, from several addresses. */
  async open(count: number, bytes: string, reads = true): Promise<readonly RawConnection[]> {
    const opened: RawConnection[] = [];
    for (let index = 0; index < count; index++) {
      const from = `127.0.0.${2 + (index % 10)}`;
      const connection = new RawConnection({ port: this.port, from, reads });
      opened.push(connection);
      this.#connections.push(connection);
      // As many as a server's backlog has room for.
      if (index % 100 === 99) await connection.connected();
      connection.send(bytes);
    }
    return opened;
  }

  /**
   * Measures the client and the memory before, then attacks, then measures again. At last waits until
   * the server has closed every connection; `areEnded` if it does so by itself.
   */
  async measure(attack: () => Promise<void>, areEnded: boolean): Promise<Cost> {
    const descriptors = this.#descriptors();
    const [beforeMs, beforeBytes] = await this.#measured();
    await attack();
    const [meanwhileMs, bytes] = await this.#measured();
    if (!areEnded) for (const connection of this.#connections) connection[Symbol.dispose]();
    await becomes("all connections closed", () => {
      return this.#descriptors() <= descriptors + DESCRIPTORS_SPARE;
    });
    for (const connection of this.#connections.splice(0)) connection[Symbol.dispose]();
    return { beforeMs, meanwhileMs, grownBytes: bytes - beforeBytes };
  }

  #descriptors(): number {
    return readdirSync(`/proc/${this.#role.pid}/fd`).length;
  }

  /** Returns the median time of a request, and the most memory seen. */
  async #measured(): Promise<readonly [ms: number, bytes: number]> {
    const times: number[] = [];
    let bytes = 0;
    for (let asked = 0; asked < REQUESTS; asked++) {
      const startMs = performance.now();
      await this.#ask();
      times.push(performance.now() - startMs);
      bytes = Math.max(bytes, residentBytes(this.#role.pid) ?? 0);
    }
    return [times.toSorted((a, b) => a - b)[REQUESTS / 2] ?? Infinity, bytes];
  }

  async #ask(): Promise<void> {
    const path = "/v1/blog/likes?item=a";
    const options = { host: "127.0.0.1", port: this.port, path, localAddress: CLIENT };
    const [incoming] = (await once(get({ ...options, agent: this.#agent }), "response")) as [
      IncomingMessage,
    ];
    await text(incoming);
    if (incoming.statusCode !== 200) throw new Error(`Cannot be served: ${incoming.statusCode}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    for (const connection of this.#connections) connection[Symbol.dispose]();
    await this.#counter[Symbol.asyncDispose]();
  }
}
