/**
 * The watchers of a status: each gets the newest state at once and then at every interval, and one
 * that does not drain gets none in between, so that it holds nobody up and costs no backlog.
 */
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { Refusal } from "../errors.ts";
import {
  STATUS_INTERVAL_DEFAULT_MS,
  STATUS_INTERVAL_MAX_MS,
  STATUS_INTERVAL_MIN_MS,
  WATCHERS_MAX,
} from "../limits.ts";
import { monotonicMs } from "../monotonic.ts";
import type { Status } from "../core/status.ts";
import { toStatus, toStatusOf } from "./faults.ts";
import type { StatusRequest__Output } from "./gen/likes/v1/StatusRequest.ts";
import type { StatusResponse } from "./gen/likes/v1/StatusResponse.ts";
import { writeStatus } from "./status_wire.ts";

/** How old a status may be that several watchers share; the first answer to each is of the moment. */
const STATUS_SHARED_MS = 50;

/** A call that watches a status. */
export type StatusCall = ServerWritableStream<StatusRequest__Output, StatusResponse>;

/** All that watch one role. */
export class Watching {
  readonly #status: () => Status;
  readonly #watchers = new Set<StatusCall>();
  /** One status for all watchers whose turn comes at about the same time: it lists every member. */
  #shared: { readonly status: StatusResponse; readonly madeMs: number } | undefined;

  constructor(status: () => Status) {
    this.#status = status;
  }

  /** Answers a call until it ends, or refuses it. */
  watch(call: StatusCall): void {
    const intervalMs = call.request.intervalMs || STATUS_INTERVAL_DEFAULT_MS;
    const refusal = refuseWatch(intervalMs, this.#watchers.size);
    if (refusal !== undefined) {
      call.emit("error", toStatus(refusal));
      return;
    }
    // Not what write() returns: the stream would take several states before it says that it is full.
    let sending = false;
    const send = (status: () => StatusResponse): void => {
      if (sending) return;
      try {
        call.write(status(), () => (sending = false));
        sending = true;
      } catch (error) {
        call.emit("error", toStatusOf(error));
      }
    };
    const timer = setInterval(() => send(() => this.#sharedStatus()), intervalMs);
    const stop = (): void => {
      clearInterval(timer);
      this.#watchers.delete(call);
    };
    this.#watchers.add(call);
    call.on("cancelled", stop);
    call.on("error", stop);
    call.on("close", stop);
    send(() => writeStatus(this.#status()));
  }

  /** Sends all watchers away. */
  close(): void {
    const message = "Cannot go on: the primary is stopping; call again";
    for (const call of this.#watchers) call.emit("error", toStatus({ code: "stopping", message }));
  }

  #sharedStatus(): StatusResponse {
    const nowMs = monotonicMs();
    if (this.#shared === undefined || nowMs - this.#shared.madeMs >= STATUS_SHARED_MS) {
      this.#shared = { status: writeStatus(this.#status()), madeMs: nowMs };
    }
    return this.#shared.status;
  }
}

function refuseWatch(intervalMs: number, watchers: number): Refusal | undefined {
  if (intervalMs < STATUS_INTERVAL_MIN_MS || intervalMs > STATUS_INTERVAL_MAX_MS) {
    const message =
      `Cannot watch every ${intervalMs} ms: give ${STATUS_INTERVAL_MIN_MS} to ` +
      `${STATUS_INTERVAL_MAX_MS}`;
    return { code: "usage", message };
  }
  if (watchers < WATCHERS_MAX) return undefined;
  return { code: "too_many", message: `Cannot take another watcher: there are ${WATCHERS_MAX}` };
}
