/**
 * The requests of each connection that wait for their answers. Node reads all that a packet holds,
 * which may be thousands.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WEB_PIPELINED_MAX } from "../limits.ts";

interface Pipeline {
  readonly waiting: Set<ServerResponse>;
  newest: IncomingMessage | undefined;
}

export class Pipelines {
  readonly #pipelines = new WeakMap<Duplex, Pipeline>();

  /** Returns whether to answer a request. A connection with too many is ended. */
  admit(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const { socket } = incoming;
    if (socket.destroyed) return false;
    const pipeline = this.#pipelines.get(socket) ?? { waiting: new Set(), newest: undefined };
    this.#pipelines.set(socket, pipeline);
    if (pipeline.waiting.size === WEB_PIPELINED_MAX) {
      socket.destroy();
      return false;
    }
    pipeline.newest = incoming;
    pipeline.waiting.add(outgoing);
    outgoing.once("close", () => pipeline.waiting.delete(outgoing));
    return true;
  }

  /**
   * Returns whether an error of a connection can be told: it is of a request without an answer, and
   * nobody takes it for the answer to another one.
   */
  isClear(socket: Duplex): boolean {
    const { waiting, newest } = this.#pipelines.get(socket) ?? {};
    const [first, ...others] = waiting ?? [];
    if (newest === undefined || newest.complete) return first === undefined;
    return first?.req === newest && !first.headersSent && others.length === 0;
  }
}
