/**
 * Commands that wait for a commit, in order of arrival, and the flow control of their senders.
 *
 * A commit is bounded, because the reports and pulses of all streams wait for it. Its bytes follow
 * how long commits take. A sender that is ahead of the commits is paused, which bounds
 * the queue. The sender resumes at half of the bound, so it does not stop and go with every batch.
 */
import {
  COMMIT_BYTES_MAX,
  COMMIT_BYTES_MIN,
  COMMIT_COMMANDS_MAX,
  COMMIT_TARGET_MS,
  QUEUED_BYTES_MAX,
  STREAM_BATCHES_QUEUED_MAX,
} from "../../limits.ts";
import type { LedgerCommand } from "../ledger/ledger_command.ts";

/** The queue of commands that no commit has begun to write. */
export class CommitQueue {
  #commands: LedgerCommand[] = [];
  #bytes = 0;
  /** Bound and bytes of the commit that was taken last. */
  #commitBytesMax = COMMIT_BYTES_MIN;
  #commitBytes = 0;
  /** Queued batches by stream. No value is 0. */
  readonly #batches = new Map<number, number>();
  /** Streams whose senders are paused, in the order of pausing. */
  readonly #paused = new Set<number>();

  /** Bytes of the queued events. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns the number of queued batches of a stream. */
  batchesOf(streamId: number): number {
    return this.#batches.get(streamId) ?? 0;
  }

  push(command: LedgerCommand): void {
    this.#commands.push(command);
    this.#count(command, 1);
  }

  /**
   * Removes and returns the commands of the next commit: at least one, then more while they fit.
   */
  take(): readonly LedgerCommand[] {
    let bytes = 0;
    const end = this.#commands.findIndex((command, index) => {
      bytes += bytesOf(command);
      return index >= COMMIT_COMMANDS_MAX || (index > 0 && bytes > this.#commitBytesMax);
    });
    const taken = this.#commands.splice(0, end === -1 ? this.#commands.length : end);
    const before = this.#bytes;
    for (const command of taken) this.#count(command, -1);
    this.#commitBytes = before - this.#bytes;
    return taken;
  }

  /**
   * The commit of the taken commands has ended, after `tookMs`. Commits shrink by half above the
   * target. They double when one that was over half full took less than half of the target.
   */
  ended(tookMs: number): void {
    const isMostlyFull = this.#commitBytes * 2 > this.#commitBytesMax;
    if (tookMs > COMMIT_TARGET_MS) this.#commitBytesMax /= 2;
    else if (isMostlyFull && tookMs * 2 < COMMIT_TARGET_MS) this.#commitBytesMax *= 2;
    const max = Math.min(this.#commitBytesMax, COMMIT_BYTES_MAX);
    this.#commitBytesMax = Math.max(max, COMMIT_BYTES_MIN);
  }

  /**
   * Pauses a sender if its own batches, or the bytes of all senders, reach their bound. Returns
   * true when the pause begins now.
   */
  pause(streamId: number): boolean {
    const isFull = this.batchesOf(streamId) >= STREAM_BATCHES_QUEUED_MAX;
    if (this.#paused.has(streamId) || (!isFull && this.#bytes < QUEUED_BYTES_MAX)) return false;
    this.#paused.add(streamId);
    return true;
  }

  /** Returns the streams whose senders resume now. */
  resume(): readonly number[] {
    const resumed = [...this.#paused].filter((streamId) => this.#mayResume(streamId));
    for (const streamId of resumed) this.#paused.delete(streamId);
    return resumed;
  }

  /** Forgets a stream and its queued commands. */
  drop(streamId: number): void {
    this.#paused.delete(streamId);
    const isKept = (command: LedgerCommand): boolean => {
      return !("streamId" in command) || command.streamId !== streamId;
    };
    for (const command of this.#commands) if (!isKept(command)) this.#count(command, -1);
    this.#commands = this.#commands.filter(isKept);
  }

  #mayResume(streamId: number): boolean {
    const isHalfEmpty = this.batchesOf(streamId) * 2 <= STREAM_BATCHES_QUEUED_MAX;
    return isHalfEmpty && this.#bytes * 2 <= QUEUED_BYTES_MAX;
  }

  #count(command: LedgerCommand, sign: 1 | -1): void {
    if (command.type !== "batch") return;
    this.#bytes += sign * bytesOf(command);
    const batches = this.batchesOf(command.streamId) + sign;
    if (batches === 0) this.#batches.delete(command.streamId);
    else this.#batches.set(command.streamId, batches);
  }
}

function bytesOf(command: LedgerCommand): number {
  if (command.type !== "batch") return 0;
  return command.batch.records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
