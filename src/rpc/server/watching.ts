/**
 * The watchers of a status. Each gets the newest state at once and then at every interval. One that
 * does not take it gets none in between, holds one state at most, and is sent away after a while; so
 * it holds nobody up, and costs no backlog. What a connection holds is another matter: a peer that
 * lets an HTTP/2 window of states come in and does not read them (64 KiB, unless it says otherwise)
 * reads those first.
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

/** How old a status may be that several watchers share; the first answer to each is of the moment. */
const STATUS_SHARED_MS = 50;

const { responseSerialize } = protos.PrimaryService.service.Status;
const STOPPING: Refusal = {
  code: "stopping",
  message: "Cannot go on: the primary is stopping; call again",
};
const STALLED: Refusal = {
  code: "watcher_stalled",
  message: `Cannot wait longer: a status was not taken within ${WATCHER_STALLED_MAX_MS} ms; call again`,
};

/** A call that watches a status; states are written encoded. */
export type StatusCall = ServerWritableStream<StatusRequest__Output, Buffer>;

interface Watcher {
  readonly call: StatusCall;
  /** Bytes of the state that it has not taken. */
  bytes: number;
  stalled: NodeJS.Timeout | undefined;
  isEnded: boolean;
}

/** All that watch one role. */
export class Watching {
  readonly #status: () => Status;
  readonly #watchers = new Set<Watcher>();
  #bytes = 0;
  /** One state for all whose turn comes at about the same time: it lists every member. */
  #shared: { readonly encoded: Buffer; readonly madeMs: number } | undefined;

  constructor(status: () => Status) {
    this.#status = status;
  }

  /** Answers a call until it ends, or refuses it. */
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
    // Until then it counts: what it has not taken is still held for it.
    call.on("cancelled", () => {
      clearInterval(timer);
      this.#watchers.delete(watcher);
      this.#hold(watcher, 0);
    });
    this.#send(watcher, () => encode(this.#status()));
  }

  /** Sends all watchers away. */
  close(): void {
    for (const watcher of this.#watchers) end(watcher, toStatus(STOPPING));
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
      // Not what write() returns: the stream would take several before it says that it is full.
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
      `Cannot watch every ${intervalMs} ms: give ${STATUS_INTERVAL_MIN_MS} to ` +
      `${STATUS_INTERVAL_MAX_MS}`;
    return { code: "usage", message };
  }
  if (watchers < WATCHERS_MAX) return undefined;
  return { code: "too_many", message: `Cannot take another watcher: there are ${WATCHERS_MAX}` };
}
