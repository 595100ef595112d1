/**
 * The watchers of a primary's status. Each gets the newest status at once and then at every
 * interval. A watcher that does not read gets no further status, and its call is ended after a
 * while. It delays no other watcher, and at most one status is buffered for it here. Its connection
 * may still hold one HTTP/2 window of older ones: 64 KiB, unless the peer sets another size.
 */
import type { Buffer } from "node:buffer";
import type { ServerWritableStream, StatusObject } from "@grpc/grpc-js";
import type { Refusal } from "../../errors.ts";
import {
  STATUS_INTERVAL_DEFAULT_MS,
  STATUS_INTERVAL_MAX_MS,
  STATUS_INTERVAL_MIN_MS,
  WATCHED_BYTES_MAX,
  WATCHERS_MAX,
  WATCHER_STALLED_MAX_MS,
} from "../../limits.ts";
import { monotonicMs } from "../../monotonic.ts";
import type { Status } from "../../core/primary/status.ts";
import { toStatus, toStatusOf } from "../faults.ts";
import type { StatusRequest__Output } from "../gen/likes/v1/StatusRequest.ts";
import { protos } from "../protos.ts";
import { writeStatus } from "../wire/status_wire.ts";

/** The maximum age of a status that watchers share. A new watcher gets a fresh one. */
const STATUS_SHARED_MS = 50;

const { responseSerialize } = protos.PrimaryService.service.Status;
const WATCH_STOPPING: Refusal = {
  code: "stopping",
  message: "Cannot continue: the primary is stopping; call again",
};
const STALLED: Refusal = {
  code: "watcher_stalled",
  message: `Cannot go on: a status was not read within ${WATCHER_STALLED_MAX_MS} ms; call again`,
};

/** A call that watches the status. Each status is written encoded. */
export type StatusCall = ServerWritableStream<StatusRequest__Output, Buffer>;

interface Watcher {
  readonly call: StatusCall;
  /** Bytes of the status that it has not read. */
  bytes: number;
  stalled: NodeJS.Timeout | undefined;
  isEnded: boolean;
}

/** All status watchers of one primary. */
export class StatusWatchers {
  readonly #status: () => Status;
  readonly #watchers = new Set<Watcher>();
  #bytes = 0;
  /** Shared by watchers that are due at about the same time: a status lists every member. */
  #shared: { readonly encoded: Buffer; readonly madeMs: number } | undefined;

  constructor(status: () => Status) {
    this.#status = status;
  }

  /** Sends the status to a call until it ends, or refuses the call. */
  watch(call: StatusCall): void {
    const intervalMs = call.request.intervalMs || STATUS_INTERVAL_DEFAULT_MS;
    const refusal = checkWatch(intervalMs, this.#watchers.size);
    if (refusal !== undefined) {
      call.emit("error", toStatus(refusal));
      return;
    }
    const watcher: Watcher = { call, bytes: 0, stalled: undefined, isEnded: false };
    this.#watchers.add(watcher);
    const timer = setInterval(() => this.#send(watcher, () => this.#sharedState()), intervalMs);
    call.on("error", () => clearInterval(timer));
    // Only now: until it is cancelled, a call holds its unread status.
    call.on("cancelled", () => {
      clearInterval(timer);
      this.#watchers.delete(watcher);
      this.#hold(watcher, 0);
    });
    this.#send(watcher, () => encode(this.#status()));
  }

  /** Ends all watchers' calls. */
  close(): void {
    for (const watcher of this.#watchers) end(watcher, toStatus(WATCH_STOPPING));
  }

  #send(watcher: Watcher, state: () => Buffer): void {
    if (watcher.isEnded || watcher.bytes > 0 || this.#bytes >= WATCHED_BYTES_MAX) return;
    try {
      const encoded = state();
      this.#hold(watcher, encoded.length);
      watcher.stalled = setTimeout(
        () => end(watcher, toStatus(STALLED)),
        WATCHER_STALLED_MAX_MS,
      ).unref();
      // The callback, not the result of write(): the stream buffers several before it reports full.
      watcher.call.write(encoded, () => this.#hold(watcher, 0));
    } catch (error) {
      end(watcher, toStatusOf(error));
    }
  }

  #hold(watcher: Watcher, bytes: number): void {
    this.#bytes += bytes - watcher.bytes;
    watcher.bytes = bytes;
    clearTimeout(watcher.stalled);
  }

  #sharedState(): Buffer {
    const nowMs = monotonicMs();
    if (this.#shared === undefined || nowMs - this.#shared.madeMs >= STATUS_SHARED_MS) {
      this.#shared = { encoded: encode(this.#status()), madeMs: nowMs };
    }
    return this.#shared.encoded;
  }
}

function encode(status: Status): Buffer {
  return responseSerialize(writeStatus(status));
}

function end(watcher: Watcher, status: StatusObject): void {
  if (watcher.isEnded) return;
  watcher.isEnded = true;
  watcher.call.emit("error", status);
}

function checkWatch(intervalMs: number, watchers: number): Refusal | undefined {
  if (intervalMs < STATUS_INTERVAL_MIN_MS || intervalMs > STATUS_INTERVAL_MAX_MS) {
    const message =
      `Cannot watch every ${intervalMs} ms: give an interval of ${STATUS_INTERVAL_MIN_MS} to ` +
      `${STATUS_INTERVAL_MAX_MS}`;
    return { code: "usage", message };
  }
  if (watchers < WATCHERS_MAX) return undefined;
  return { code: "too_many", message: `Cannot accept another watcher: there are ${WATCHERS_MAX}` };
}
