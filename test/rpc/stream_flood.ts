import { Buffer } from "node:buffer";
import { connect } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import * as assert from "uvu/assert";
import { CONNECTION_STREAMS_FIRST } from "../../src/limits.ts";
import { becomes } from "../fixtures/eventually.ts";

/** HTTP/2 settings of a peer that allows nothing to be sent to it. */
const CLOSED_WINDOW = { initialWindowSize: 0 };

/** A flood of streams from a peer that reads nothing. */
export class StreamFlood implements AsyncDisposable {
  readonly streams: ClientHttp2Stream[] = [];
  readonly #address: string;
  readonly #from: string;
  readonly #sessions: ClientHttp2Session[] = [];
  #onSession = 0;

  /** `from` is the peer's own address. */
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

  /** Opens another connection, for later streams. */
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
   * Opens streams, each with the request if there is one. Opens a new connection after every `each`
   * streams.
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

/** Returns a message in gRPC's framing. */
export function frame(message: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}
