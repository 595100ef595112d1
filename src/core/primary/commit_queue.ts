/**
 * Commands that wait for the ledger, in the order in which they came. A commit is synchronous, so it
 * takes no more than is done soon: the reports and pulses of all others wait for it.
 */
import { COMMIT_BYTES_MAX, COMMIT_COMMANDS_MAX } from "../../limits.ts";
import type { LedgerCommand } from "../ledger/ledger_command.ts";

/** The commands that no commit has begun to write. */
export class CommitQueue {
  #commands: LedgerCommand[] = [];
  #bytes = 0;
  readonly #batches = new Map<number, number>();

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

  /** Forgets what waits of a stream. */
  drop(streamId: number): void {
    const isKept = (command: LedgerCommand): boolean => {
      return !("streamId" in command) || command.streamId !== streamId;
    };
    for (const command of this.#commands) if (!isKept(command)) this.#count(command, -1);
    this.#commands = this.#commands.filter(isKept);
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
