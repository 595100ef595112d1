/**
 * Law 4: as_of = T means that every like that was acknowledged before the pulse labelled T was sent
 * is in the total. It looks at each acknowledged like once, in order; what it finds missing has to
 * be excused.
 */
import type { Id } from "../../../src/core/protocol/ids.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import { expect } from "./failure.ts";
import { holds } from "./holds.ts";
import type { Lineage } from "./lineage.ts";
import type { Gift, PerIncarnation, Truth } from "./truth.ts";

/** Which values of as_of lacked likes of an outbox that an operator had retired. */
export interface WrongSpan {
  firstMs: number;
  lastMs: number;
  /** The likes that were lacking. */
  readonly gifts: Set<Gift>;
}

/** Holds as_of against what was acknowledged. */
export class AsOfCheck {
  readonly #truth: Truth;
  readonly #outboxes: () => Iterable<OutboxDisk>;
  #settled = 0;
  /** Those that were missing and excused. */
  #missing: Gift[] = [];
  /** Outboxes that two processes worked on, and the step until when that may have hidden likes. */
  readonly #twins = new Map<Id, number>();
  readonly wrong = new Map<Id, WrongSpan>();
  /** Outboxes that were put back from a copy. */
  readonly rolledBack = new Set<Id>();
  /** Lives with events that an outbox let go of, because it had too many. */
  readonly letGo = new Set<Id>();

  constructor(truth: Truth, outboxes: () => Iterable<OutboxDisk>) {
    this.#truth = truth;
    this.#outboxes = outboxes;
  }

  /** Two processes work on copies of one outbox from now on. */
  twinned(outboxId: Id): void {
    this.#twins.set(outboxId, Infinity);
  }

  /**
   * Once one copy is left and nothing about it is undecided, what is acknowledged from now on is
   * claimed again.
   */
  #endTwins({ disk }: Lineage): void {
    for (const [outboxId, step] of this.#twins) {
      if (step < Infinity) continue;
      const copies = [...this.#outboxes()].filter(({ content }) => {
        return content.state.outboxId === outboxId;
      });
      const isOpen = [...disk.troubles.values()].some((one) => one.outboxId === outboxId);
      if (copies.length <= 1 && !isOpen) this.#twins.set(outboxId, this.#truth.nextStep());
    }
  }

  /** Whether two processes work, or worked lately, on copies of an outbox. */
  isTwinned(outboxId: Id): boolean {
    return this.#twins.has(outboxId);
  }

  /** Another history of the ledger is looked at: what was counted may not be. */
  restart(): void {
    this.#settled = 0;
    this.#missing = [];
    this.wrong.clear();
  }

  /** The ledger's `as_of` is committed. */
  check(lineage: Lineage): void {
    this.#endTwins(lineage);
    const { accepted } = this.#truth;
    const { asOfStep, asOfMs } = lineage;
    for (; this.#settled < accepted.length; this.#settled++) {
      const gift = accepted[this.#settled] as Gift;
      if (gift.acceptedStep >= asOfStep) break;
      if (lineage.isCounted(gift)) continue;
      const excuse = this.excuse(gift, lineage);
      expect(excuse !== undefined, () => {
        return `as_of ${asOfMs} claims ${where(gift)}: ${this.#whereabouts(gift, lineage)}`;
      });
      this.#missing.push(gift);
    }
    for (const gift of this.#missing) {
      // What no disk holds any more cannot return, so nothing names what as_of lacked of it.
      if (gift.isLost) continue;
      if (!lineage.isCounted(gift) && isRetired(gift, lineage)) this.#note(gift, asOfMs);
    }
  }

  /** That a like is lost, in words. */
  lost(gift: Gift, lineage: Lineage): string {
    return `${where(gift)} is lost: ${this.#whereabouts(gift, lineage)}`;
  }

  /** Why it is right that a like is not counted and never will be, if it is. */
  excuseForEver(gift: Gift, lineage: Lineage): string | undefined {
    const { life } = gift;
    if (gift.isLost) return "the disk that held it forgot it";
    if (lineage.isGivenUp(gift)) return "an operator closed a gap";
    if (life === undefined) return "it was never synced";
    if (isRetired(gift, lineage)) return "an operator retired it";
    if (isEnded(life, lineage) && !this.#isHeld(gift)) return "an operator ended its incarnation";
    if (!this.#isListed(life)) {
      // Only a sum tells what a forgotten life lacks, and likes of other lives may outweigh it.
      if (lineage.isRestored)
        return "neither a restored ledger nor its outbox knows its incarnation";
    }
    return undefined;
  }

  /** Why it is right that a like is not counted yet, if it is. */
  excuse(gift: Gift, lineage: Lineage): string | undefined {
    const forEver = this.excuseForEver(gift, lineage);
    const { life } = gift;
    if (forEver !== undefined || life === undefined) return forEver;
    if (gift.acceptedStep < (this.#twins.get(life.outboxId) ?? 0)) return "two copies were live";
    const state = lineage.disk.members.get(life.outboxId)?.state;
    const isMember = state === "member";
    if (lineage.isRestored && state === undefined) return "a restored ledger knows no such outbox";
    const isByWord = !lineage.isMarked || isConfirmed(lineage);
    if (lineage.hadLeft(life.outboxId) && isByWord) return "it had left when the copy was made";
    // What it answered before it was put back it answered without that life.
    const isKnownAgain = this.letGo.has(life.incarnation) && this.rolledBack.has(life.outboxId);
    if (lineage.isRestored && isKnownAgain) return "its outbox had let go of its incarnation";
    // It takes likes at once, until the ledger hears of it: no protocol can know before.
    if (this.rolledBack.has(life.outboxId) && !isMember) return "its outbox is back before it left";
    return undefined;
  }

  /** Where a like is that is not counted, for who reads the failure. */
  #whereabouts({ life }: Gift, { disk }: Lineage): string {
    const row = disk.incarnations.get(life?.incarnation ?? "");
    return (
      `it is not counted, the ledger has its incarnation ${row?.state} at #${row?.appliedSequence}, ` +
      `${this.#isListed(life) ? "an" : "no"} outbox lists it`
    );
  }

  /** Whether an outbox still has it. */
  #isHeld({ life, sequence }: Gift): boolean {
    return [...this.#outboxes()].some((disk) => holds(disk, life?.incarnation ?? "", sequence));
  }

  /** Whether an outbox knows what it accepted in `life`, were it only up to where. */
  #isListed(life: PerIncarnation | undefined): boolean {
    return [...this.#outboxes()].some(({ content }) => {
      return content.state.incarnations.some((one) => one.incarnation === life?.incarnation);
    });
  }

  #note(gift: Gift, asOfMs: number): void {
    const outboxId = gift.life?.outboxId ?? "";
    const span = this.wrong.get(outboxId) ?? {
      firstMs: asOfMs,
      lastMs: asOfMs,
      gifts: new Set<Gift>(),
    };
    span.lastMs = asOfMs;
    span.gifts.add(gift);
    this.wrong.set(outboxId, span);
  }
}

/** A like in words. */
function where({ itemId, life, sequence }: Gift): string {
  return `${itemId} (#${sequence} of ${life?.incarnation.slice(0, 6)})`;
}

/** Whether an operator said that nobody else will answer a ledger that was restored. */
function isConfirmed({ disk }: Lineage): boolean {
  return disk.decisions.some(({ kind, trouble, outboxId }) => {
    return kind === "resolve" && trouble?.kind === "ledger_restored" && outboxId === undefined;
  });
}

/** Whether an operator said of a copy that forgot, or differs, that nothing more of it counts. */
function isEnded({ incarnation }: PerIncarnation, { disk }: Lineage): boolean {
  return disk.decisions.some((one) => {
    const ended = one.trouble?.kind;
    const isOfCopy = ended === "outbox_rolled_back" || ended === "digest_differs";
    return one.kind === "resolve" && isOfCopy && one.incarnation === incarnation;
  });
}

/** Whether an operator said that nothing more of its incarnation or its outbox will come. */
function isRetired({ life }: Gift, { disk }: Lineage): boolean {
  if (life === undefined) return false;
  const { members, incarnations } = disk;
  if (incarnations.get(life.incarnation)?.state === "retired") return true;
  return members.get(life.outboxId)?.state === "retired";
}
