/** Clients of PrimaryService: the delivery link of a LikesServer, and a client for reading. */
import { LikesError } from "../../errors.ts";
import type { FaultCode } from "../../errors.ts";
import { STATUS_INTERVAL_DEFAULT_MS } from "../../limits.ts";
import type { CountsRequest } from "../../core/primary/counts_page.ts";
import type { FromLikesServer, FromPrimary } from "../../core/protocol/messages.ts";
import type { Status } from "../../core/primary/status.ts";
import { CHANNEL_OPTIONS, CREDENTIALS, targetOf, unanswered, unary } from "./client.ts";
import { readCounts, writeCountsRequest } from "../wire/counts_wire.ts";
import type { Counts } from "../../core/primary/counts_reader.ts";
import { toLikesError } from "../faults.ts";
import type { GetCountsResponse__Output } from "../gen/likes/v1/GetCountsResponse.ts";
import type { StatusResponse__Output } from "../gen/likes/v1/StatusResponse.ts";
import type { StreamLikesResponse__Output } from "../gen/likes/v1/StreamLikesResponse.ts";
import { protos } from "../protos.ts";
import { readStatus } from "../wire/status_wire.ts";
import { readFromPrimary, writeFromLikesServer } from "../wire/wire.ts";
import { explain } from "./wrong_role.ts";

/** The events of a delivery link. `broken` comes once, and nothing after it. */
export interface LinkEvents {
  received(message: FromPrimary): void;
  writable(): void;
  /** `fault` is why the primary ended the stream, if it said so. */
  broken(reason: string, fault: FaultCode | undefined): void;
}

/** One delivery stream to a primary, on a connection of its own. */
export interface DeliveryLink {
  /** False when the transport's buffer is full; `writable` comes once it has drained. */
  send(message: FromLikesServer): boolean;
  /** Ends the stream. No event comes after it. */
  close(): void;
}

/** Opens a delivery stream to the primary at `address`. Reports any failure by `broken`. */
export function openDelivery(address: string, events: LinkEvents): DeliveryLink {
  const client = new protos.PrimaryService(targetOf(address), CREDENTIALS, CHANNEL_OPTIONS);
  const call = client.streamLikes();
  let open = true;
  const close = (): void => {
    open = false;
    call.cancel();
    client.close();
  };
  const fail = (reason: string, fault?: FaultCode): void => {
    if (!open) return;
    close();
    events.broken(reason, fault);
  };
  call.on("data", (wire: StreamLikesResponse__Output) => {
    if (!open) return;
    try {
      events.received(readFromPrimary(wire));
    } catch (error) {
      if (!(error instanceof LikesError)) throw error;
      fail(error.message);
    }
  });
  call.on("drain", () => open && events.writable());
  call.on("error", (error) => {
    const { code, message } = toLikesError(error, `the primary at ${address}`);
    fail(message, code);
  });
  call.on("end", () => fail("the primary ended the stream"));
  return { send: (message) => call.write(writeFromLikesServer(message)), close };
}

/** The most liked items, as many as the primary's default page has. */
const FIRST_PAGE: CountsRequest = {
  itemIds: [],
  pageSize: 0,
  pageToken: "",
  order: undefined,
  incarnations: [],
  registers: [],
};

/** Options for watching a status. */
export interface WatchOptions {
  readonly intervalMs: number;
  /** How long the first answer may take. */
  readonly firstMs: number;
  /** How late a further answer may be; `firstMs` by default. */
  readonly lateMs?: number;
  /** Ends without an error when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** A client of a primary, for reading. */
export class PrimaryClient {
  readonly #client: InstanceType<typeof protos.PrimaryService>;
  readonly #address: string;
  readonly #peer: string;

  constructor(address: string) {
    this.#client = new protos.PrimaryService(targetOf(address), CREDENTIALS, CHANNEL_OPTIONS);
    this.#address = address;
    this.#peer = `the primary at ${address}`;
  }

  /**
   * Yields the status now and then every `intervalMs`, until the caller stops or `signal` is
   * aborted. Throws LikesError, `peer_unreachable` when an answer is late.
   */
  async *watch(options: WatchOptions): AsyncGenerator<Status> {
    const { intervalMs, firstMs, lateMs = firstMs, signal } = options;
    const call = this.#client.status({ intervalMs });
    let lateAfterMs: number | undefined;
    const cancelAfter = (waitMs: number): NodeJS.Timeout => {
      return setTimeout(() => {
        lateAfterMs = waitMs;
        call.cancel();
      }, waitMs);
    };
    const abort = (): void => call.cancel();
    signal?.addEventListener("abort", abort);
    call.on("error", () => {}); // the loop throws errors; one that comes later is ignored
    let timer = cancelAfter(firstMs);
    try {
      for await (const wire of call) {
        clearTimeout(timer);
        yield readStatus(wire as StatusResponse__Output);
        timer = cancelAfter(intervalMs + lateMs);
      }
    } catch (error) {
      if (lateAfterMs !== undefined) throw unanswered(this.#peer, lateAfterMs);
      if (signal?.aborted) return;
      throw error instanceof LikesError ? error : await explain(error, "primary", this.#address);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      call.cancel();
    }
  }

  /** Returns the current status. Throws LikesError, `peer_unreachable` after `timeoutMs`. */
  async status(timeoutMs: number): Promise<Status> {
    const options = { intervalMs: STATUS_INTERVAL_DEFAULT_MS, firstMs: timeoutMs };
    for await (const status of this.watch(options)) return status;
    throw unanswered(this.#peer, timeoutMs);
  }

  /** Returns the counts of named items, or of a page. Throws LikesError. */
  async counts(request: Partial<CountsRequest>, timeoutMs: number): Promise<Counts> {
    const wireRequest = writeCountsRequest({ ...FIRST_PAGE, ...request });
    const wire = await unary<GetCountsResponse__Output>(
      (done) => this.#client.getCounts(wireRequest, done),
      timeoutMs,
      (error) => explain(error, "primary", this.#address),
    );
    return readCounts(wire);
  }

  close(): void {
    this.#client.close();
  }
}
