/** Checks that CONVERGED is shown only when nothing that members have reported is missing. */
import { lastSequenceOf } from "../../../src/core/protocol/messages.ts";
import type { LikeBatch, Report } from "../../../src/core/protocol/messages.ts";
import type { IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import { expect } from "./failure.ts";
import type { Lineage } from "./lineage.ts";

interface Reported {
  readonly outboxId: OutboxId;
  sequence: number;
}

/** Checks what was reported to one process of the primary. */
export class HighestReportedCheck {
  readonly #lineage: Lineage;
  readonly #isTwinned: (outboxId: OutboxId) => boolean;
  /** The highest reported sequence of each incarnation. */
  readonly #reported = new Map<IncarnationId, Reported>();
  /** Pending events outside the current incarnation, by each outbox's last report. */
  readonly #otherPending = new Map<OutboxId, number>();

  constructor(lineage: Lineage, isTwinned: (outboxId: OutboxId) => boolean) {
    this.#lineage = lineage;
    this.#isTwinned = isTwinned;
  }

  /** A message of `outboxId` is received. */
  received(outboxId: OutboxId, message: LikeBatch | Report): void {
    const { incarnation } = message;
    const reported = this.#reported.get(incarnation) ?? { outboxId, sequence: 0 };
    reported.sequence = Math.max(reported.sequence, lastSequenceOf(message));
    this.#reported.set(incarnation, reported);
  }

  /** The newest report of an outbox is received. */
  reported(outboxId: OutboxId, { otherPendingEvents }: Report): void {
    this.#otherPending.set(outboxId, otherPendingEvents);
  }

  /** CONVERGED is shown for `members`. */
  check(members: ReadonlySet<OutboxId>): void {
    const missing = this.missingFrom(members);
    expect(missing === undefined, () => `converged${missing}`);
  }

  /** Describes what the ledger lacks of what `members` reported, or returns undefined. */
  missingFrom(members: ReadonlySet<OutboxId>): string | undefined {
    const { disk } = this.#lineage;
    for (const outboxId of members) {
      const others = this.#otherPending.get(outboxId) ?? 0;
      if (others === 0 || this.#isTwinned(outboxId)) continue;
      return `, but ${outboxId} has ${others} pending events of other incarnations`;
    }
    for (const [incarnation, { sequence, outboxId }] of this.#reported) {
      const applied = this.#lineage.appliedOf(incarnation);
      if (applied >= sequence || !members.has(outboxId)) continue;
      if (disk.incarnations.get(incarnation)?.state === "retired") continue;
      if (isRolledBack(incarnation, disk) || this.#isLost(incarnation, applied, sequence)) continue;
      // While two copies are live, the newest progress counts until their trouble is known.
      if (this.#isTwinned(outboxId)) continue;
      return ` at #${applied} of ${incarnation}, but #${sequence} was reported`;
    }
    return undefined;
  }

  /**
   * Returns true when a disk forgot the missing events. This shows once it reports what it has
   * left.
   */
  #isLost(incarnation: IncarnationId, applied: number, reported: number): boolean {
    const adds = this.#lineage.truth.syncedOf(incarnation)?.adds ?? [];
    return adds.slice(applied, reported).every(({ isLost }) => isLost);
  }
}

/** Returns true when an operator has decided that an outbox forgot events of `incarnation`. */
function isRolledBack(incarnation: IncarnationId, { decidedTroubles }: LedgerDisk): boolean {
  return [...decidedTroubles.values()].some((one) => {
    return one.kind === "outbox_rolled_back" && one.incarnation === incarnation;
  });
}
