/** What members named, on the wire: none of it may be missing when all is said to be counted. */
import type { LikeBatch, Report } from "../../../src/core/protocol/messages.ts";
import type { Id } from "../../../src/core/protocol/ids.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import { expect } from "./failure.ts";
import type { Lineage } from "./lineage.ts";

interface Named {
  readonly outboxId: Id;
  sequence: number;
}

/** Looks at what one life of the primary has heard of. */
export class HighestReportedCheck {
  readonly #lineage: Lineage;
  readonly #isTwinned: (outboxId: Id) => boolean;
  /** Highest sequence of each incarnation. */
  readonly #named = new Map<Id, Named>();
  /** Events of other incarnations than the one that it delivers, as an outbox said last. */
  readonly #otherPending = new Map<Id, number>();

  constructor(lineage: Lineage, isTwinned: (outboxId: Id) => boolean) {
    this.#lineage = lineage;
    this.#isTwinned = isTwinned;
  }

  /** A message of `outboxId` is received. */
  received(outboxId: Id, { incarnation, lastSequence }: LikeBatch | Report): void {
    const named = this.#named.get(incarnation) ?? { outboxId, sequence: 0 };
    named.sequence = Math.max(named.sequence, lastSequence);
    this.#named.set(incarnation, named);
  }

  /** A report is the newest of its outbox. */
  reported(outboxId: Id, { otherPendingEvents }: Report): void {
    this.#otherPending.set(outboxId, otherPendingEvents);
  }

  /** All is said to be counted of `members`. */
  check(members: ReadonlySet<Id>): void {
    const lack = this.lackOf(members);
    expect(lack === undefined, () => `converged${lack}`);
  }

  /** What is missing of what `members` have named, if anything is. */
  lackOf(members: ReadonlySet<Id>): string | undefined {
    const { disk } = this.#lineage;
    for (const outboxId of members) {
      const others = this.#otherPending.get(outboxId) ?? 0;
      if (others === 0 || this.#isTwinned(outboxId)) continue;
      return `, but ${outboxId} has ${others} of other lives`;
    }
    for (const [incarnation, { sequence, outboxId }] of this.#named) {
      const applied = this.#lineage.appliedOf(incarnation);
      if (applied >= sequence || !members.has(outboxId)) continue;
      if (disk.incarnations.get(incarnation)?.state === "retired") continue;
      if (isRolledBack(incarnation, disk) || this.#isLost(incarnation, applied, sequence)) continue;
      // Of two live copies the newest progress counts, until their trouble is known.
      if (this.#isTwinned(outboxId)) continue;
      return ` at #${applied} of ${incarnation}, but #${sequence} was named`;
    }
    return undefined;
  }

  /** Whether a disk forgot what it had named: that is seen once it has said what it has left. */
  #isLost(incarnation: Id, applied: number, named: number): boolean {
    const gifts = this.#lineage.truth.lifeOf(incarnation)?.gifts ?? [];
    return gifts.slice(applied, named).every(({ isLost }) => isLost);
  }
}

/** Whether an operator knows that an outbox forgot events of it. */
function isRolledBack(incarnation: Id, { decidedTroubles }: LedgerDisk): boolean {
  return [...decidedTroubles.values()].some((one) => {
    return one.kind === "outbox_rolled_back" && one.incarnation === incarnation;
  });
}
