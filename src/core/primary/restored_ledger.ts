/**
 * What ends the trouble of a ledger that was opened from a copy.
 *
 * A copy may know fewer members and likes than the ledger that it was made of. It is complete once
 * every member has reported lately with nothing pending, and no outbox is in trouble. Then the
 * ledger is asked, once, to decide `confirmed`. It may refuse, because it knows of outboxes that had
 * left before the copy was made; it is asked again only when something has changed.
 */
import { MEMBERS_MAX } from "../../limits.ts";
import type { CommitResult, LedgerCommand } from "../ledger/ledger_command.ts";
import type { OutboxId } from "../protocol/ids.ts";
import { haveAllConfirmed } from "./status.ts";
import type { StatusView, TroubleStatus } from "./status.ts";

/** What a ledger that was opened from a copy needs. It does nothing for another ledger. */
export class RestoredLedger {
  #isUnrecordedCopy: boolean;
  /** Whether the ledger was asked to confirm, and nothing has changed since. */
  #isConfirmationAsked = false;
  /** Outboxes that left since this start. At most MEMBERS_MAX; beyond that an operator decides. */
  readonly #departedMembers = new Set<OutboxId>();

  /** `copiedMs` is that of the snapshot. */
  constructor(copiedMs: number | undefined) {
    this.#isUnrecordedCopy = copiedMs !== undefined;
  }

  /** Whether the ledger is a copy and does not say so yet. Until it does, the total is UNKNOWN. */
  get isUnrecordedCopy(): boolean {
    return this.#isUnrecordedCopy;
  }

  /** Comes before all other commands of a commit, until a commit is done. */
  get firstCommands(): readonly LedgerCommand[] {
    return this.#isUnrecordedCopy ? [{ type: "record_copy" }] : [];
  }

  /** Returns the command that asks the ledger to confirm, when it is time for that. */
  confirm(view: StatusView, nowMs: number): LedgerCommand | undefined {
    const isOnlyTrouble = isCopy(view.troubles) && view.troubles.every(isOfLedger);
    if (!isOnlyTrouble || this.#isConfirmationAsked) return undefined;
    if (!haveAllConfirmed(view, nowMs)) return undefined;
    this.#isConfirmationAsked = true;
    return { type: "confirm_copy", departedMembers: [...this.#departedMembers] };
  }

  /**
   * A member that leaves counts as confirmed. One that had left before does not, whatever else
   * changes in its row. `troubles` are those before the commit.
   */
  onCommitted(commit: CommitResult, troubles: readonly TroubleStatus[]): void {
    this.#isUnrecordedCopy = false;
    for (const { outboxId, state } of commit.members) {
      this.#isConfirmationAsked = false;
      if (state !== "left") this.#departedMembers.delete(outboxId);
      else if (isCopy(troubles) && reportsLeaving(commit, outboxId)) this.#remember(outboxId);
    }
  }

  /** A commit was not written, and the question may have been in it. */
  onCommitFailed(): void {
    this.#isConfirmationAsked = false;
  }

  #remember(outboxId: OutboxId): void {
    if (this.#departedMembers.size < MEMBERS_MAX) this.#departedMembers.add(outboxId);
  }
}

/** Returns true when the ledger says of itself that it is a copy. */
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
