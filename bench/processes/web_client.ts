/**
 * Gives likes over HTTP, and watches by server-sent events. It speaks HTTP over plain sockets: a
 * client's library costs more than the server that is measured.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { preciseMs } from "../clock.ts";
import { serve } from "./serve.ts";

const ITEMS = 100;

/** Likes to give, over `connections` that stay open, each a like at a time. */
interface Giving {
  readonly address: string;
  readonly site: string;
  readonly tokens: readonly string[];
  readonly likes: number;
  readonly connections: number;
}

/** Likes that were given. */
export interface Given {
  readonly elapsedMs: number;
  /** Of each like, sorted. */
  readonly answerMs: Float64Array;
}

const watching: Socket[] = [];

serve({
  async give({ address, site, tokens, likes, connections }: Giving): Promise<Given> {
    const answerMs = new Float64Array(likes);
    let next = 0;
    const startMs = preciseMs();
    const giveAll = async (): Promise<void> => {
      const socket = await open(address);
      while (next < likes) {
        const index = next++;
        const sentMs = preciseMs();
        await ask(socket, requestOf(site, tokens, index));
        answerMs[index] = preciseMs() - sentMs;
      }
      socket.destroy();
    };
    await Promise.all(Array.from({ length: connections }, giveAll));
    return { elapsedMs: preciseMs() - startMs, answerMs: answerMs.sort() };
  },

  /** Watches an item `count` times. Returns once each has its first event. */
  async watch({ address, site, count }: Pick<Giving, "address" | "site"> & { count: number }) {
    for (let index = 0; index < count; index++) {
      const socket = await open(address);
      socket.write(`GET /v1/${site}/events?item=video-0 HTTP/1.1\r\nHost: ${address}\r\n\r\n`);
      await new Promise((resolve) => socket.once("data", resolve));
      socket.resume();
      watching.push(socket);
    }
  },

  unwatch: (): void => {
    for (const socket of watching.splice(0)) socket.destroy();
  },
});

async function open(address: string): Promise<Socket> {
  const [host = "", port = ""] = address.split(":");
  const socket = connect({ host, port: Number(port), noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });
  return socket;
}

/** Returns the request of a like: each person gives one to each item. */
function requestOf(site: string, tokens: readonly string[], index: number): string {
  const token = tokens[Math.floor(index / ITEMS) % tokens.length] ?? "";
  const body = `{"value":1,"revision":1,"token":"${token}"}`;
  return (
    `PUT /v1/${site}/likes/video-${index % ITEMS}/me HTTP/1.1\r\nHost: likes\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** Sends a request and waits for the whole answer. Throws unless it is a 200 that stored. */
async function ask(socket: Socket, request: string): Promise<void> {
  socket.write(request);
  let text = "";
  for (;;) {
    text += await new Promise<string>((resolve, reject) => {
      socket.once("data", (data: Buffer) => {
        socket.removeAllListeners("error").removeAllListeners("close");
        resolve(data.toString());
      });
      socket.once("error", reject).once("close", () => reject(new Error("the server hung up")));
    });
    const end = text.indexOf("\r\n\r\n");
    const length = /content-length: (\d+)/i.exec(text)?.[1];
    if (end >= 0 && length !== undefined && text.length >= end + 4 + Number(length)) break;
  }
  if (text.startsWith("HTTP/1.1 200") && text.includes('"stored"')) return;
  throw new Error(`Cannot use the answer: ${text.slice(0, 500)}`);
}
