/**
 * Checks the commits that one process of the primary begins: no command of an ended stream, and a
 * pause after a full or busy disk.
 */
import type { LedgerCommand } from "../../../src/core/ledger/ledger_command.ts";
import { expect } from "./failure.ts";

/** The shortest pause after a full or busy disk. */
const REFUSED_PAUSE_MIN_MS = 250;

/** Checks the commits of one process of the primary. */
export class CommitCheck {
  #refusedMs = -Infinity;

  /** A commit failed without writing anything. */
  refused(nowMs: number): void {
    this.#refusedMs = nowMs;
  }

  /** A commit begins. `isOpen` tells which streams are open. */
  asked(
    commands: readonly LedgerCommand[],
    isOpen: (streamId: number) => boolean,
    nowMs: number,
  ): void {
    for (const command of commands) {
      const isOver = "streamId" in command && !isOpen(command.streamId);
      expect(!isOver, () => `a ${command.type} of an ended stream is committed`);
    }
    const waitedMs = nowMs - this.#refusedMs;
    expect(waitedMs >= REFUSED_PAUSE_MIN_MS, () => `retries a failed commit after ${waitedMs} ms`);
  }
}
