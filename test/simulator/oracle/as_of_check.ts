/**
 * Law 4: as_of = T means that the total includes every like acknowledged before the pulse of T was
 * sent. The check visits each acknowledged like once, in order. A missing like needs an excuse.
 */
import type { IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import { expect } from "./failure.ts";
import { isStored } from "./is_stored.ts";
import type { Lineage } from "./lineage.ts";
import type { Add, SyncedIncarnation, Truth } from "./truth.ts";

/** The values of as_of that lacked likes of a retired outbox. */
export interface WrongSpan {
  firstMs: number;
  lastMs: number;
  /** The likes they lacked. */
  readonly adds: Set<Add>;
}

/** Checks as_of against the acknowledged likes. */
export class AsOfCheck {
  readonly #truth: Truth;
  readonly #outboxes: () => Iterable<OutboxDisk>;
  #settled = 0;
  /** Missing likes with an excuse. */
  #missing: Add[] = [];
  /** Outboxes with two live copies, and the step until which these may have hidden likes. */
  readonly #twins = new Map<OutboxId, number>();
  readonly wrong = new Map<OutboxId, WrongSpan>();
  /** Outboxes that were restored from a copy. */
  readonly rolledBack = new Set<OutboxId>();
  /** Incarnations with events that an outbox purged because it had too many. */
  readonly purged = new Set<IncarnationId>();

  constructor(truth: Truth, outboxes: () => Iterable<OutboxDisk>) {
    this.#truth = truth;
    this.#outboxes = outboxes;
  }

  /** Two processes run on copies of one outbox from now on. */
  twinned(outboxId: OutboxId): void {
    this.#twins.set(outboxId, Infinity);
  }

  /**
   * Once one copy is left and its troubles are resolved, as_of claims new likes again. After the
   * other copy has left the ledger, the ledger has to hear of this one first.
   */
  #endTwins({ disk }: Lineage): void {
    for (const [outboxId, step] of this.#twins) {
      if (step < Infinity) continue;
      const copies = [...this.#outboxes()].filter(({ content }) => {
        return content.state.outboxId === outboxId;
      });
      const isOpen = [...disk.troubles.values()].some((one) => one.outboxId === outboxId);
      const isMember = disk.members.get(outboxId)?.state === "member";
      const isHeardOf = copies.length === 0 || isMember;
      if (copies.length <= 1 && !isOpen && isHeardOf)
        this.#twins.set(outboxId, this.#truth.nextStep());
    }
  }

  /** Returns true when two processes run on copies of an outbox, or recently did. */
  isTwinned(outboxId: OutboxId): boolean {
    return this.#twins.has(outboxId);
  }

  /** The ledger was restored: likes it had counted may be missing. */
  restart(): void {
    this.#settled = 0;
    this.#missing = [];
    this.wrong.clear();
  }

  /** The ledger commits an `as_of`. */
  check(lineage: Lineage): void {
    this.#endTwins(lineage);
    const { accepted } = this.#truth;
    const { asOfStep, asOfMs } = lineage;
    for (; this.#settled < accepted.length; this.#settled++) {
      const add = accepted[this.#settled] as Add;
      if (add.acceptedStep >= asOfStep) break;
      if (lineage.isCounted(add)) continue;
      const excuse = this.excuse(add, lineage);
      expect(excuse !== undefined, () => {
        return `as_of ${asOfMs} claims ${where(add)}, but ${this.#whereabouts(add, lineage)}`;
      });
      this.#missing.push(add);
    }
    for (const add of this.#missing) {
      // A like that no disk has cannot return, so no trouble records that as_of lacked it.
      if (add.isLost) continue;
      if (!lineage.isCounted(add) && isRetired(add, lineage)) this.#note(add, asOfMs);
    }
  }

  /** Describes a lost like. */
  lost(add: Add, lineage: Lineage): string {
    return `${where(add)} is lost: ${this.#whereabouts(add, lineage)}`;
  }

  /** Returns why a like rightly never counts, or undefined. */
  excuseForEver(add: Add, lineage: Lineage): string | undefined {
    const { syncedIn } = add;
    if (add.isLost) return "its disk forgot it";
    if (lineage.isGivenUp(add)) return "an operator closed a gap";
    if (syncedIn === undefined) return "it was never synced";
    if (isRetired(add, lineage)) return "an operator retired it";
    if (isEnded(syncedIn, lineage) && !this.#isOnDisk(add))
      return "an operator ended its incarnation";
    if (!this.#isListed(syncedIn)) {
      // The ledger has only a sum of a purged incarnation, and other likes may outweigh what it
      // lacks.
      if (lineage.isRestored)
        return "neither a restored ledger nor its outbox knows its incarnation";
    }
    return undefined;
  }

  /** Returns why a like is rightly not counted yet, or undefined. */
  excuse(add: Add, lineage: Lineage): string | undefined {
    const forEver = this.excuseForEver(add, lineage);
    const { syncedIn } = add;
    if (forEver !== undefined || syncedIn === undefined) return forEver;
    if (add.acceptedStep < (this.#twins.get(syncedIn.outboxId) ?? 0))
      return "two copies of its outbox were live";
    const state = lineage.disk.members.get(syncedIn.outboxId)?.state;
    const isMember = state === "member";
    if (lineage.isRestored && state === undefined)
      return "a restored ledger does not know its outbox";
    const isConfirmedCopy = !lineage.isMarked || isConfirmed(lineage);
    if (lineage.hadLeft(syncedIn.outboxId) && isConfirmedCopy)
      return "its outbox had left when the ledger was copied";
    // The outbox answered before it was restored, without that incarnation.
    const isKnownAgain =
      this.purged.has(syncedIn.incarnation) && this.rolledBack.has(syncedIn.outboxId);
    if (lineage.isRestored && isKnownAgain) return "its outbox had purged its incarnation";
    // A restored outbox accepts likes before the ledger hears of it. No protocol can prevent that.
    if (this.rolledBack.has(syncedIn.outboxId) && !isMember)
      return "its outbox was restored from before it left";
    return undefined;
  }

  /** Describes where an uncounted like is, for the reader of the failure. */
  #whereabouts({ syncedIn }: Add, { disk }: Lineage): string {
    const row = syncedIn && disk.incarnations.get(syncedIn.incarnation);
    return (
      `not counted, the ledger has its incarnation ${row?.state} at #${row?.appliedSequence}, ` +
      `${this.#isListed(syncedIn) ? "an" : "no"} outbox lists it`
    );
  }

  /** Returns true when an outbox still has the like. */
  #isOnDisk({ syncedIn, sequence }: Add): boolean {
    if (syncedIn === undefined) return false;
    const { incarnation } = syncedIn;
    return [...this.#outboxes()].some((disk) => isStored(disk, incarnation, sequence));
  }

  /** Returns true when an outbox still lists the incarnation, with or without its records. */
  #isListed(syncedIn: SyncedIncarnation | undefined): boolean {
    return [...this.#outboxes()].some(({ content }) => {
      return content.state.incarnations.some((one) => one.incarnation === syncedIn?.incarnation);
    });
  }

  #note(add: Add, asOfMs: number): void {
    if (add.syncedIn === undefined) return;
    const { outboxId } = add.syncedIn;
    const span = this.wrong.get(outboxId) ?? {
      firstMs: asOfMs,
      lastMs: asOfMs,
      adds: new Set<Add>(),
    };
    span.lastMs = asOfMs;
    span.adds.add(add);
    this.wrong.set(outboxId, span);
  }
}

/** Describes a like. */
function where({ itemId, syncedIn, sequence }: Add): string {
  return `${itemId} (#${sequence} of ${syncedIn?.incarnation.slice(0, 6)})`;
}

/** Returns true when an operator confirmed a restored ledger. */
function isConfirmed({ disk }: Lineage): boolean {
  return disk.decisions.some(({ kind, trouble, outboxId }) => {
    return kind === "resolve" && trouble?.kind === "ledger_restored" && outboxId === undefined;
  });
}

/**
 * Returns true when an operator ended the incarnation because of a rolled back or differing copy.
 */
function isEnded({ incarnation }: SyncedIncarnation, { disk }: Lineage): boolean {
  return disk.decisions.some((one) => {
    const ended = one.trouble?.kind;
    const isOfCopy = ended === "outbox_rolled_back" || ended === "digest_differs";
    return one.kind === "resolve" && isOfCopy && one.incarnation === incarnation;
  });
}

/** Returns true when an operator retired the like's incarnation or outbox. */
function isRetired({ syncedIn }: Add, { disk }: Lineage): boolean {
  if (syncedIn === undefined) return false;
  const { members, incarnations } = disk;
  if (incarnations.get(syncedIn.incarnation)?.state === "retired") return true;
  return members.get(syncedIn.outboxId)?.state === "retired";
}
