/**
 * The order of writes to an outbox. One write is under way at a time. Changes of state go before
 * likes. Each record has its own transaction. A change of state is retried until it is written,
 * however long the disk is full or the store busy. Likes that could not be written are refused, and
 * so are likes that wait for a new incarnation. The client decides whether to retry.
 */
import { assert } from "../../assert.ts";
import type { AddRequest, GroupCommit, Writing } from "./group_commit.ts";
import type { OutboxView } from "./outbox_view.ts";
import type { OutboxWrite } from "./outbox.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";

/** Pause before a failed change of state is retried. */
const RETRY_PAUSE_MS = 500;

/** The writes that wait, and the one under way. */
export class OutboxWriter {
  readonly #adds: GroupCommit;
  /** Changes of state that wait, in order. */
  #changes: OutboxWrite[] = [];
  /** When `#changes` may be written, by the monotonic clock. */
  #changesAtMs = 0;
  /** Why the waiting changes could not be written; undefined before the first attempt. */
  #failure: WriteFailure | undefined;
  #writing: Writing | undefined;
  /** The part of the write under way that is retried if it fails; undefined for all of it. */
  #retried: readonly OutboxWrite[] | undefined;

  /** Takes records out of `adds` when it is their turn to be written. */
  constructor(adds: GroupCommit) {
    this.#adds = adds;
  }

  /** Whether nothing is under way and nothing waits. */
  get isIdle(): boolean {
    return this.#writing === undefined && this.#changes.length === 0 && this.#adds.isEmpty;
  }

  /** Whether likes are under way or wait. */
  get isAppending(): boolean {
    return (this.#writing?.requests.length ?? 0) > 0 || !this.#adds.isEmpty;
  }

  /** Why a new incarnation for likes could not be minted; undefined unless one is needed. */
  get mintFailure(): WriteFailure | undefined {
    return this.has("mint") ? this.#failure : undefined;
  }

  /** Whether a change of this type waits or is under way. */
  has(type: OutboxWrite["type"]): boolean {
    const isIt = (write: OutboxWrite): boolean => write.type === type;
    return this.#changes.some(isIt) || (this.#writing?.writes.some(isIt) ?? false);
  }

  /** Queues changes of state. All that wait together become one transaction. */
  change(...writes: readonly OutboxWrite[]): void {
    this.#changes.push(...writes);
  }

  /**
   * Cancels waiting writes that acknowledge or remove events. Such a write under way is not retried
   * if it fails.
   */
  cancelAcknowledgements(): void {
    const isKept = ({ type }: OutboxWrite): boolean => {
      return type !== "acknowledge" && type !== "trim" && type !== "evict";
    };
    this.#changes = this.#changes.filter(isKept);
    if (this.#writing !== undefined) this.#retried = this.#writing.writes.filter(isKept);
  }

  /** Begins the next write, if none is under way. Likes wait until a waiting mint is written. */
  next({ current }: OutboxView, nowMs: number): Writing | undefined {
    if (this.#writing !== undefined) return undefined;
    this.#retried = undefined;
    if (this.#changes.length > 0 && nowMs >= this.#changesAtMs) {
      this.#writing = { writes: this.#changes, requests: [] };
      this.#changes = [];
    } else if (!this.#adds.isEmpty && !this.has("mint")) {
      this.#writing = this.#adds.take(current.id, current.stored.last);
    }
    return this.#writing;
  }

  /** Ends the write that is under way, and returns it. */
  end(): Writing {
    const writing = this.#writing;
    assert(writing !== undefined, "a write was under way");
    this.#writing = undefined;
    this.#failure = undefined;
    this.#adds.end();
    return writing;
  }

  /**
   * Queues the failed changes again, before the others, after a pause. Removes and returns the
   * requests that wait for a failed mint, because the wait has no bound.
   */
  retry(writes: readonly OutboxWrite[], why: WriteFailure, nowMs: number): readonly AddRequest[] {
    this.#failure = why;
    this.#changes = [...(this.#retried ?? writes), ...this.#changes];
    this.#retried = undefined;
    this.#changesAtMs = nowMs + RETRY_PAUSE_MS;
    return this.mintFailure === undefined ? [] : this.#adds.takeAll();
  }
}
