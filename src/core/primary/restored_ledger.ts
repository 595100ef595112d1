/**
 * When a ledger that was opened from a backup is complete, which ends its trouble.
 *
 * A backup may know fewer members and likes than the ledger had. It is complete once every member
 * has recently reported that nothing is pending, and no outbox is in trouble. Then the core asks
 * the ledger, once, to decide `confirmed`. The ledger decides nothing while outboxes that had left
 * before the backup have not come back. The core asks again only after a change of members.
 */
import { MEMBERS_MAX } from "../../limits.ts";
import type { CommitResult, LedgerCommand } from "../ledger/ledger_command.ts";
import type { LedgerSnapshot } from "../ledger/ledger.ts";
import type { ForgottenPerson } from "../ledger/rows.ts";
import type { OutboxId } from "../protocol/ids.ts";
import { haveAllConfirmed } from "./status.ts";
import type { StatusView, TroubleStatus } from "./status.ts";

/** Tracks the confirmation of a ledger from a backup. Does nothing for any other ledger. */
export class RestoredLedger {
  #isUnrecordedCopy: boolean;
  /** Whether the ledger was asked to confirm, and no member has changed since. */
  #isConfirmationAsked = false;
  /** Outboxes that left since this start, at most MEMBERS_MAX. Beyond that an operator decides. */
  readonly #departedMembers = new Set<OutboxId>();

  #toForget: readonly ForgottenPerson[];

  constructor({ copiedMs, toForget }: Pick<LedgerSnapshot, "copiedMs" | "toForget">) {
    this.#isUnrecordedCopy = copiedMs !== undefined;
    this.#toForget = toForget;
  }

  /**
   * Whether the ledger is from a backup and has not recorded that yet. Until then the total is
   * UNKNOWN.
   */
  get isUnrecordedCopy(): boolean {
    return this.#isUnrecordedCopy;
  }

  /** The commands that precede all others, until a commit is done. */
  get firstCommands(): readonly LedgerCommand[] {
    const forget = this.#toForget.map((one) => ({ type: "forget", ...one }) as const);
    return this.#isUnrecordedCopy ? [{ type: "record_copy" }, ...forget] : forget;
  }

  /** Returns the command that asks the ledger to confirm, if the ledger may be complete. */
  confirm(view: StatusView, nowMs: number): LedgerCommand | undefined {
    const isOnlyTrouble = isCopy(view.troubles) && view.troubles.every(isOfLedger);
    if (!isOnlyTrouble || this.#isConfirmationAsked) return undefined;
    if (!haveAllConfirmed(view, nowMs)) return undefined;
    this.#isConfirmationAsked = true;
    return { type: "confirm_copy", departedMembers: [...this.#departedMembers] };
  }

  /**
   * A member that leaves counts as confirmed. One that had left before does not, whatever else
   * changes in its row. `troubles` are the undecided ones before the commit.
   */
  onCommitted(commit: CommitResult, troubles: readonly TroubleStatus[]): void {
    this.#isUnrecordedCopy = false;
    this.#toForget = [];
    for (const { outboxId, state } of commit.members) {
      this.#isConfirmationAsked = false;
      if (state !== "left") this.#departedMembers.delete(outboxId);
      else if (isCopy(troubles) && reportsLeaving(commit, outboxId)) this.#remember(outboxId);
    }
  }

  /** A commit failed, perhaps with the request to confirm in it. */
  onCommitFailed(): void {
    this.#isConfirmationAsked = false;
  }

  #remember(outboxId: OutboxId): void {
    if (this.#departedMembers.size < MEMBERS_MAX) this.#departedMembers.add(outboxId);
  }
}

/** Returns true when the ledger has recorded that it was opened from a backup. */
function isCopy(troubles: readonly TroubleStatus[]): boolean {
  return troubles.some(isOfLedger);
}

function isOfLedger({ outboxId }: TroubleStatus): boolean {
  return outboxId === undefined;
}

function reportsLeaving({ results }: CommitResult, outboxId: OutboxId): boolean {
  return results.some((result) => {
    return result.type === "reported" && result.left && result.incarnation.outboxId === outboxId;
  });
}
