/** A client of server-sent events, which keeps all that it gets. */
import { get } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { once } from "node:events";
import type { Static } from "typebox";
import { ITEMS, STATUS_EVENT } from "../../src/web/schemas.ts";
import { eventually } from "../fixtures/eventually.ts";
import { checkShape } from "./documented.ts";

export type Items = Static<typeof ITEMS>["items"];

/** An event, whose data have the shape that is documented. */
export interface ServerEvent {
  readonly event: string;
  readonly id: string | undefined;
  /** Of an event of counts. */
  readonly items: Items;
  /** Of an event of the status. */
  readonly status: Static<typeof STATUS_EVENT> | undefined;
}

/** A stream of events. `await using` ends it. */
export class EventStream implements AsyncDisposable {
  readonly fields: IncomingHttpHeaders;
  readonly events: ServerEvent[] = [];
  /** What the server asks to wait before another connection. */
  retryMs: number | undefined;
  readonly #incoming: IncomingMessage;
  #text = "";

  constructor(incoming: IncomingMessage) {
    this.fields = incoming.headers;
    this.#incoming = incoming;
    incoming.on("error", () => {}); // it was cut
    incoming.setEncoding("utf8").on("data", (text: string) => this.#read(text));
  }

  /** Watches the likes of items. */
  static async of(port: number, site: string, items: readonly string[]): Promise<EventStream> {
    const query = new URLSearchParams(
      items.map((item): [string, string] => ["item", item]),
    ).toString();
    const path = `/v1/${site}/events?${query}`;
    const asked = get({ host: "127.0.0.1", port, path, agent: false });
    const [incoming] = (await once(asked, "response")) as [IncomingMessage];
    if (incoming.statusCode === 200) return new EventStream(incoming);
    throw new Error(`Cannot watch: ${incoming.statusCode}`);
  }

  get hasEnded(): boolean {
    return this.#incoming.destroyed || this.#incoming.complete;
  }

  /** The events of counts so far. */
  get counts(): readonly Items[] {
    return this.events.filter(({ event }) => event === "counts").map(({ items }) => items);
  }

  /** The values that were told of an item so far. */
  likesOf(item: string): readonly (string | null)[] {
    return this.counts.flatMap((items) => {
      return items.filter((one) => one.item === item).map(({ likes }) => likes);
    });
  }

  /** Waits until an item has so many likes. */
  async until(item: string, likes: string): Promise<void> {
    await eventually(`${likes} likes of ${item}`, () => {
      return this.likesOf(item).at(-1) === likes || undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#incoming.destroyed) return;
    const closed = once(this.#incoming, "close");
    this.#incoming.destroy();
    await closed;
  }

  #read(text: string): void {
    const blocks = (this.#text + text).split("\n\n");
    this.#text = blocks.pop() ?? "";
    for (const block of blocks) this.#event(block);
  }

  #event(block: string): void {
    const lines = block
      .split("\n")
      .map((line) => /^(\w+): (.*)$/.exec(line)?.slice(1) ?? [line, ""]);
    const {
      event = "",
      id,
      data = "",
      retry,
    } = Object.fromEntries(lines) as Record<string, string>;
    if (retry !== undefined) this.retryMs = Number(retry);
    const value: unknown = JSON.parse(data);
    checkShape(event === "counts" ? ITEMS : STATUS_EVENT, value);
    const items = event === "counts" ? (value as Static<typeof ITEMS>).items : [];
    const status = event === "status" ? (value as Static<typeof STATUS_EVENT>) : undefined;
    this.events.push({ event, id, items, status });
  }
}
