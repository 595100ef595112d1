/**
 * Commands that wait for the ledger, in the order in which they came, and the flow control of their
 * senders.
 *
 * A commit is synchronous, so it takes no more than is done soon: the reports and pulses of all
 * others wait for it. A sender that is ahead of the commits is held back, so the queue is bounded.
 * The sender goes on at half of the bound, so that it does not stop and go with every batch.
 */
import {
  COMMIT_BYTES_MAX,
  COMMIT_COMMANDS_MAX,
  QUEUED_BYTES_MAX,
  STREAM_BATCHES_QUEUED_MAX,
} from "../../limits.ts";
import type { LedgerCommand } from "../ledger/ledger_command.ts";

/** The commands that no commit has begun to write. */
export class CommitQueue {
  #commands: LedgerCommand[] = [];
  #bytes = 0;
  /** Of each stream; none is 0. */
  readonly #batches = new Map<number, number>();
  /** Streams whose senders are held back, in the order in which that began. */
  readonly #paused = new Set<number>();

  /** Bytes of the events that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Batches of a stream that wait. */
  batchesOf(streamId: number): number {
    return this.#batches.get(streamId) ?? 0;
  }

  push(command: LedgerCommand): void {
    this.#commands.push(command);
    this.#count(command, 1);
  }

  /** Takes what the next commit is to do: at least one command, then more while they fit. */
  take(): readonly LedgerCommand[] {
    let bytes = 0;
    const end = this.#commands.findIndex((command, index) => {
      bytes += bytesOf(command);
      return index >= COMMIT_COMMANDS_MAX || (index > 0 && bytes > COMMIT_BYTES_MAX);
    });
    const taken = this.#commands.splice(0, end === -1 ? this.#commands.length : end);
    for (const command of taken) this.#count(command, -1);
    return taken;
  }

  /**
   * Holds a sender back when it, or all senders together, sent more than is committed soon. Returns
   * true when that begins now.
   */
  pause(streamId: number): boolean {
    const isFull = this.batchesOf(streamId) >= STREAM_BATCHES_QUEUED_MAX;
    if (this.#paused.has(streamId) || (!isFull && this.#bytes < QUEUED_BYTES_MAX)) return false;
    this.#paused.add(streamId);
    return true;
  }

  /** Returns the streams whose senders may go on from now on. */
  resume(): readonly number[] {
    const resumed = [...this.#paused].filter((streamId) => this.#mayResume(streamId));
    for (const streamId of resumed) this.#paused.delete(streamId);
    return resumed;
  }

  /** Forgets a stream and what waits of it. */
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
