/** A client of pages. Every answer is held to its document. */
import { once } from "node:events";
import { request as send } from "node:http";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { text as textOf } from "node:stream/consumers";
import type { Static } from "typebox";
import * as assert from "uvu/assert";
import type { ITEMS, ITEM_LIKES, SET_ANSWER } from "../../src/web/schemas.ts";
import { checkAnswer, problemIn } from "./documented.ts";

/** A request. */
export interface Ask {
  /** Sent as JSON, or as it is if it is text. */
  readonly body?: unknown;
  /** Sent as Authorization. */
  readonly token?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** An answer, which its document allows. */
export class Answer {
  readonly status: number;
  readonly fields: IncomingHttpHeaders;
  readonly text: string;

  constructor({ statusCode = 0, headers }: IncomingMessage, text: string) {
    this.status = statusCode;
    this.fields = headers;
    this.text = text;
  }

  get json(): unknown {
    return JSON.parse(this.text);
  }

  /** The name of the problem that it tells; undefined for none. */
  get problem(): string | undefined {
    return problemIn(this.fields["content-type"] ?? "", this.text);
  }

  get items(): readonly Static<typeof ITEM_LIKES>[] {
    return (this.json as Static<typeof ITEMS>).items;
  }

  get set(): Static<typeof SET_ANSWER> {
    return this.json as Static<typeof SET_ANSWER>;
  }
}

/** Asks the pages at a port of this machine, over a new connection each time. */
export class PagesClient {
  readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  /** Asks, and checks the answer against its document. */
  async ask(method: string, path: string, asked: Ask = {}): Promise<Answer> {
    const outgoing = this.open(method, path, asked);
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    const answer = new Answer(incoming, await textOf(incoming));
    const { status, fields, text } = answer;
    checkAnswer({ method, path }, { status, type: fields["content-type"] ?? "", text });
    return answer;
  }

  /** Asks, and expects a problem. Nothing was stored, unless nobody knows. */
  async refused(problem: string, method: string, path: string, asked: Ask = {}): Promise<Answer> {
    const answer = await this.ask(method, path, asked);
    assert.is(answer.problem, problem, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** Sends a request whose answer the caller reads. */
  open(method: string, path: string, { body, token, fields }: Ask = {}): ClientRequest {
    const isText = typeof body === "string";
    const bytes = isText ? body : body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...(bytes !== undefined && { "Content-Length": `${Buffer.byteLength(bytes)}` }),
      ...(bytes !== undefined && !isText && { "Content-Type": "application/json" }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...fields,
    };
    const options = { host: "127.0.0.1", port: this.port, method, path, headers };
    return send({ ...options, agent: false }).end(bytes);
  }
}
