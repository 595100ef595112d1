/**
 * What one life of the primary begins to commit: nothing of a stream that is over, and nothing at once
 * that a disk has just refused.
 */
import type { LedgerCommand } from "../../../src/core/ledger/ledger_command.ts";
import { expect } from "./failure.ts";

/** So long it leaves a disk alone that was full or busy, at the least. */
const REFUSED_PAUSE_MIN_MS = 250;

/** Looks at the commits of one life of the primary. */
export class CommitCheck {
  #refusedMs = -Infinity;

  /** A commit was not done, and nothing of it was written. */
  refused(nowMs: number): void {
    this.#refusedMs = nowMs;
  }

  /** A commit begins, while the streams are open that `isOpen` says. */
  asked(
    commands: readonly LedgerCommand[],
    isOpen: (streamId: number) => boolean,
    nowMs: number,
  ): void {
    for (const command of commands) {
      const isOver = "streamId" in command && !isOpen(command.streamId);
      expect(!isOver, () => `a ${command.type} of a stream that is over is committed`);
    }
    const waitedMs = nowMs - this.#refusedMs;
    expect(waitedMs >= REFUSED_PAUSE_MIN_MS, () => `tries a refused commit after ${waitedMs} ms`);
  }
}
