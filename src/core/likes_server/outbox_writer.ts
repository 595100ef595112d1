/**
 * The order of writes to an outbox: one at a time, changes of state before likes, each record of
 * likes in a transaction of its own. A change of state is tried again until it is written, however
 * long the disk is full or the store busy. Likes that could not be written are refused, and so are
 * likes that wait for a new incarnation: the client decides whether to try again.
 */
import { assert } from "../../assert.ts";
import type { AddRequest, GroupCommit, Writing } from "./group_commit.ts";
import type { OutboxView } from "./outbox_view.ts";
import type { OutboxWrite } from "./outbox.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";

/** Pause before a change of state that was refused is tried again. */
const REFUSED_WRITE_PAUSE_MS = 500;

/** What is to be written, and what is under way. */
export class OutboxWriter {
  readonly #adds: GroupCommit;
  /** Changes of state that wait, in the order in which they must be written. */
  #changes: OutboxWrite[] = [];
  /** When `#changes` may be tried. */
  #changesAtMs = 0;
  /** Why the changes that wait were not written, when they were tried. */
  #failure: WriteFailure | undefined;
  #writing: Writing | undefined;
  /** What of the write under way is to be tried again if it is refused; all when undefined. */
  #retried: readonly OutboxWrite[] | undefined;

  /** Likes are taken out of `adds` when their turn to be written comes. */
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

  /** Why there is no incarnation for likes to go to; undefined when there is, or is about to be. */
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
   * Takes back what says that events are acknowledged, or removes some for it: what is under way is
   * not tried again if it fails.
   */
  takeBackAcknowledged(): void {
    const isKept = ({ type }: OutboxWrite): boolean => {
      return type !== "acknowledge" && type !== "trim" && type !== "evict";
    };
    this.#changes = this.#changes.filter(isKept);
    if (this.#writing !== undefined) this.#retried = this.#writing.writes.filter(isKept);
  }

  /** Begins the next write, if there is one to begin. Likes wait for a mint that waits. */
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
   * Queues the failed changes before the others, to be tried again later. Takes out the likes that
   * wait for one of them to mint an incarnation, and returns these likes: when that happens is
   * unknown.
   */
  retry(writes: readonly OutboxWrite[], why: WriteFailure, nowMs: number): readonly AddRequest[] {
    this.#failure = why;
    this.#changes = [...(this.#retried ?? writes), ...this.#changes];
    this.#retried = undefined;
    this.#changesAtMs = nowMs + REFUSED_WRITE_PAUSE_MS;
    return this.mintFailure === undefined ? [] : this.#adds.takeAll();
  }
}
