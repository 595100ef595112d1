/**
 * The writes to an outbox: one at a time, changes of state before likes, each group of likes in a
 * transaction of its own. A change of state is tried again until it is written, however long the disk
 * is full or the store busy. Likes that could not be written are refused, and so are likes that wait
 * for a new incarnation: the giver decides whether to try again.
 */
import type { Refusal } from "../../errors.ts";
import { GroupCommit } from "./group_commit.ts";
import type { AddRequest, Group } from "./group_commit.ts";
import { recordDiskBytes } from "./disk_bytes.ts";
import type { OutboxView } from "./outbox_view.ts";
import type { OutboxWrite } from "./outbox.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import type { RecordCodec } from "../protocol/record.ts";

/** Held back before a change of state that was refused is tried again. */
const REFUSED_WRITE_PAUSE_MS = 500;

/** A write that is under way; `group` when it appends likes. */
export interface Writing {
  readonly writes: readonly OutboxWrite[];
  readonly group: Group | undefined;
}

/** What is to be written, and what is under way. */
export class OutboxWriter {
  readonly #accepts: GroupCommit;
  #changes: OutboxWrite[] = [];
  #changesAtMs = 0;
  /** Why the changes that wait were not written, when they were tried. */
  #writeFailure: WriteFailure | undefined;
  #writing: Writing | undefined;
  /** What of the write under way is to be tried again if it is refused; all when undefined. */
  #retried: readonly OutboxWrite[] | undefined;

  constructor(codec: RecordCodec) {
    this.#accepts = new GroupCommit(codec);
  }

  /** Whether nothing is under way and nothing waits. */
  get isIdle(): boolean {
    return this.#writing === undefined && this.#changes.length === 0 && this.#accepts.isEmpty;
  }

  /** Whether likes are under way or wait. */
  get isAppending(): boolean {
    return this.#writing?.group !== undefined || !this.#accepts.isEmpty;
  }

  /** Whether the outbox is about to become a member. */
  get isJoining(): boolean {
    return this.#some((write) => write.type === "membership" && write.membership === "member");
  }

  /** Whether a change of this type waits or is under way. */
  has(type: OutboxWrite["type"]): boolean {
    return this.#some((write) => write.type === type);
  }

  /** Why there is no incarnation for likes to go to; undefined when there is, or is about to be. */
  get mintFailure(): WriteFailure | undefined {
    return this.has("mint") ? this.#writeFailure : undefined;
  }

  #some(isIt: (write: OutboxWrite) => boolean): boolean {
    return this.#changes.some(isIt) || (this.#writing?.writes.some(isIt) ?? false);
  }

  change(...writes: readonly OutboxWrite[]): void {
    this.#changes.push(...writes);
  }

  /**
   * Takes back what says that events are acknowledged, or removes some for it: what is under way is not
   * tried again if it fails.
   */
  takeBackAcknowledged(): void {
    const isKept = ({ type }: OutboxWrite): boolean => {
      return type !== "acknowledge" && type !== "trim" && type !== "evict";
    };
    this.#changes = this.#changes.filter(isKept);
    if (this.#writing !== undefined) this.#retried = this.#writing.writes.filter(isKept);
  }

  /** Takes likes, or says why not. `room` is in bytes of the disk, beside what the outbox holds. */
  add(add: AddRequest, room: number): Refusal | undefined {
    const record = this.#writing?.group?.record;
    const underWay = record === undefined ? 0 : recordDiskBytes(record.bytes.length);
    return this.#accepts.add(add, room - underWay);
  }

  /** Begins the next write, if there is one to begin. Likes wait for a mint that waits. */
  next(outbox: OutboxView, nowMs: number): Writing | undefined {
    if (this.#writing !== undefined) return undefined;
    this.#retried = undefined;
    if (this.#changes.length > 0 && nowMs >= this.#changesAtMs) {
      this.#writing = { writes: this.#changes, group: undefined };
      this.#changes = [];
    } else if (!this.#accepts.isEmpty && !this.has("mint")) {
      const { id, stored } = outbox.current;
      const group = this.#accepts.take(id, stored.last);
      const { incarnation, record, last, generator } = group;
      const append = { type: "append", incarnation, record, last, generator } as const;
      this.#writing = { writes: [append], group };
    }
    return this.#writing;
  }

  /** Ends the write that is under way, and gives it; undefined when there is none. */
  end(): Writing | undefined {
    const writing = this.#writing;
    this.#writing = undefined;
    this.#writeFailure = undefined;
    return writing;
  }

  /**
   * Queues the failed changes before the others, to be tried again later. Takes out the likes that wait
   * for one of them to mint an incarnation, and returns these likes: when that happens is unknown.
   */
  retry(writes: readonly OutboxWrite[], why: WriteFailure, nowMs: number): readonly AddRequest[] {
    this.#writeFailure = why;
    this.#changes = [...(this.#retried ?? writes), ...this.#changes];
    this.#retried = undefined;
    this.#changesAtMs = nowMs + REFUSED_WRITE_PAUSE_MS;
    return this.mintFailure === undefined ? [] : this.#accepts.takeAll();
  }
}
