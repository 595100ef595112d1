/** A connection that sends any bytes, and takes the answers apart by the letter of HTTP. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { eventually, within } from "../fixtures/eventually.ts";
import { answersIn } from "./raw_answer.ts";
import type { RawAnswer } from "./raw_answer.ts";

/** How to connect. */
export interface RawOptions {
  readonly port: number;
  /** An address of this machine to connect from. */
  readonly from?: string;
  /** Whether it reads what comes. */
  readonly reads?: boolean;
}

export class RawConnection implements Disposable {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #received = "";
  #isClosed = false;

  constructor({ port, from = "127.0.0.1", reads = true }: RawOptions) {
    const socket = connect({ host: "127.0.0.1", port, localAddress: from });
    this.#socket = socket;
    socket.on("error", () => {}); // the peer hangs up
    socket.once("close", () => (this.#isClosed = true));
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
    if (reads) socket.on("data", (bytes) => (this.#received += bytes.toString("latin1")));
    else socket.pause();
  }

  /** What the server has sent. */
  get received(): string {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when the server has hung up. */
  get closed(): Promise<void> {
    return within("the connection closed", this.#closed);
  }

  /** Sends bytes, and does not wait until they are read. */
  send(bytes: string | Buffer): this {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
    return this;
  }

  async connected(): Promise<this> {
    if (this.#socket.connecting) await once(this.#socket, "connect");
    return this;
  }

  /** Returns the first answers, when they are whole, to requests with `methods`. */
  async answers(methods: readonly string[]): Promise<readonly RawAnswer[]> {
    return eventually(`${methods.length} answers`, () => {
      const { answers } = answersIn(this.#received, methods, this.#isClosed);
      return answers.length >= methods.length || this.#isClosed ? answers : undefined;
    });
  }

  /** Returns the answer to its only request. Throws without one. */
  async answer(method = "GET"): Promise<RawAnswer> {
    const [answer] = await this.answers([method]);
    if (answer === undefined) throw new Error("Cannot see an answer: the server has hung up");
    return answer;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** Sends one request, and returns its answer. */
export async function askRaw(port: number, request: string | Buffer): Promise<RawAnswer> {
  using connection = new RawConnection({ port });
  return await connection.send(request).answer();
}

/** Returns the bytes of a request, with the length of its body. */
export function rawRequest(line: string, body = "", fields: readonly string[] = []): string {
  const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const type = body === "" ? [] : ["Content-Type: application/json"];
  return [`${line} HTTP/1.1`, "Host: localhost", ...type, ...length, ...fields, "", body].join(
    "\r\n",
  );
}
