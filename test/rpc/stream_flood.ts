import { Buffer } from "node:buffer";
import { connect } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import * as assert from "uvu/assert";
import { CONNECTION_STREAMS_FIRST } from "../../src/limits.ts";
import { becomes } from "../fixtures/eventually.ts";

/** A peer to whom nothing may be sent: HTTP/2 lets it say so. */
const CLOSED_WINDOW = { initialWindowSize: 0 };

/** Very many streams of a peer that reads nothing. */
export class StreamFlood implements AsyncDisposable {
  readonly streams: ClientHttp2Stream[] = [];
  readonly #address: string;
  readonly #from: string;
  readonly #sessions: ClientHttp2Session[] = [];
  #onSession = 0;

  /** `from` is the address of the peer. */
  constructor(address: string, from = "127.0.0.1") {
    this.#address = address;
    this.#from = from;
    this.connect();
  }

  get session(): ClientHttp2Session {
    const session = this.#sessions.at(-1);
    assert.ok(session !== undefined);
    return session;
  }

  /** Another connection, for the streams from now on. */
  connect(): void {
    const from = { localAddress: this.#from };
    const session = connect(`http://${this.#address}`, { settings: CLOSED_WINDOW, ...from });
    this.#sessions.push(session.on("error", () => {}));
    this.#onSession = 0;
  }

  request(path: string): ClientHttp2Stream {
    const headers = { ":method": "POST", ":path": path, te: "trailers" };
    const all = { ...headers, "content-type": "application/grpc" };
    return this.session.request(all).on("error", () => {});
  }

  /**
   * Opens so many, each with a request if there is one: `each` on a connection, the rest on new
   * ones.
   */
  async open(
    count: number,
    path: string,
    request?: Uint8Array,
    each = CONNECTION_STREAMS_FIRST,
  ): Promise<void> {
    for (let opened = 0; opened < count; opened++) {
      if (this.#onSession >= each) this.connect();
      const stream = this.request(path);
      if (request !== undefined) stream.end(frame(request));
      this.streams.push(stream);
      this.#onSession++;
      if (opened % 1_000 === 999) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    const ended = () => this.#sessions.every(({ destroyed }) => destroyed);
    await becomes("all sessions ended", ended);
  }
}

/** A message as gRPC frames it. */
export function frame(message: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}
