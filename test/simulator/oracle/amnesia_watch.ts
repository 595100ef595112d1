/**
 * Law 7: an amnesia that can be seen is recorded as trouble, and costs no like that still exists
 * anywhere. It is told of every store that forgot, and looks whether the ledger names it.
 */
import type { CommitResult } from "../../../src/core/ledger/apply_commands.ts";
import type { TroubleKind } from "../../../src/core/protocol/messages.ts";
import type { TroubleRow } from "../../../src/core/ledger/ledger.ts";
import type { Id, OutboxId } from "../../../src/core/protocol/ids.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import type { AsOfCheck, WrongSpan } from "./as_of_check.ts";
import { expect } from "./failure.ts";
import { holds } from "./holds.ts";
import type { Lineage } from "./lineage.ts";
import type { Gift, Truth } from "./truth.ts";

/** What it looks at. */
interface Observed {
  readonly outboxes: () => Iterable<OutboxDisk>;
  readonly truth: Truth;
  readonly asOf: AsOfCheck;
  readonly home: Lineage;
  /** Whether no outbox ever has so many lives that it forgets one for that. */
  readonly remembersAll: boolean;
}

interface Expected {
  readonly outboxId: Id;
  readonly kinds: readonly TroubleKind[];
  readonly why: string;
  /** The life that the ledger alone knows, if that is what is wrong. */
  readonly live?: Id;
}

const ROLLED_BACK = ["outbox_rolled_back"] as const;
const COPIED = ["outbox_rolled_back", "closed_incarnation", "second_incarnation"] as const;

/** What is expected to be named, and what was. */
export class AmnesiaWatch {
  readonly #oracle: Observed;
  #expected: Expected[] = [];
  /** Of each outbox, what ledgers had acknowledged to it that forgot. */
  readonly #toRedeliver = new Map<Id, Set<Gift>>();
  #restores = 0;
  /** Whether any store ever forgot: then there may be something to decide. */
  happened = false;

  constructor(oracle: Observed) {
    this.#oracle = oracle;
  }

  /**
   * An outbox is replaced by an older one, or by an empty one; `disks` are all others that are
   * left.
   */
  outboxForgot(before: OutboxDisk, after: OutboxDisk, disks: Iterable<OutboxDisk>): void {
    this.happened = true;
    const { truth, home } = this.#oracle;
    const { outboxId } = before.content.state;
    this.#forget(outboxId);
    const left = [after, ...disks];
    for (const gift of truth.gifts) {
      if (gift.life?.outboxId !== outboxId) continue;
      const { incarnation } = gift.life;
      gift.isLost ||= !left.some((disk) => holds(disk, incarnation, gift.sequence));
    }
    // What as_of lacked may be what was forgotten: then nobody can bring it, and nothing names it.
    this.#oracle.asOf.wrong.delete(outboxId);
    if (after.content.state.outboxId !== outboxId) return;
    this.#oracle.asOf.rolledBack.add(outboxId);
    this.#expectPurged(before, after);
    for (const { incarnation, last, closed } of after.content.state.incarnations) {
      if (closed || home.appliedOf(incarnation) <= last.sequence) continue;
      const why = `${incarnation} was rolled back to #${last.sequence}`;
      // A copy that has delivered it already shows itself in another way. So does a life without
      // events that the next one replaced before the primary heard of it.
      const isShown = this.#oracle.asOf.isTwinned(outboxId) || last.sequence === 0;
      const kinds = isShown ? COPIED : ROLLED_BACK;
      this.#expected.push({ outboxId, kinds, why });
      return;
    }
  }

  /** Of the life that was live the ledger knows, and the outbox does not: it shows as a second one. */
  #expectPurged(before: OutboxDisk, after: OutboxDisk): void {
    const { outboxId, incarnations } = after.content.state;
    const live = before.content.state.incarnations.at(-1)?.incarnation ?? "";
    if (incarnations.some(({ incarnation }) => incarnation === live)) return;
    if (this.#oracle.home.disk.incarnations.get(live)?.state !== "open") return;
    const kinds = ["second_incarnation", "outbox_rolled_back"] as const;
    this.#expected.push({ outboxId, kinds, why: `${live} was forgotten`, live });
  }

  /** The ledger is replaced by an older copy. `disks` are those of all LikesServers. */
  ledgerForgot(to: LedgerDisk, disks: Iterable<OutboxDisk>): void {
    this.happened = true;
    // What was to be seen by the newer one is not any more.
    this.#expected = [];
    for (const { content } of disks) {
      const { outboxId, seen } = content.state;
      const isKnown = to.members.get(outboxId)?.state === "member";
      const isNewer = seen !== undefined && seen.version > to.meta.version;
      if (!isKnown || !isNewer) continue;
      const why = `the ledger is back at version ${to.meta.version}, ${seen.version} was seen`;
      this.#expected.push({ outboxId, kinds: ["ledger_restored", "gap"], why });
    }
  }

  /** Whether all sums about an outbox are known exactly: neither it nor the ledger ever forgot. */
  isPlain(outboxId: Id): boolean {
    const { asOf, home } = this.#oracle;
    const isTouched = asOf.isTwinned(outboxId) || asOf.rolledBack.has(outboxId);
    const isRetired = home.disk.decisions.some((one) => one.outboxId === outboxId);
    return !home.isRestored && !isTouched && !isRetired;
  }

  /** What an outbox that is gone would have shown is not expected any more. */
  #forget(outboxId: Id): void {
    this.#expected = this.#expected.filter((one) => one.outboxId !== outboxId);
  }

  /** The ledger of `lineage` is about to be replaced by an older one. `disks` are of LikesServers. */
  ledgerForgets(lineage: Lineage, disks: Iterable<OutboxDisk>): void {
    this.#restores++;
    for (const { content } of disks) {
      const { outboxId, incarnations } = content.state;
      const toRedeliver = this.#toRedeliver.get(outboxId) ?? new Set();
      this.#toRedeliver.set(outboxId, toRedeliver);
      for (const { incarnation, acknowledged, last, closed } of incarnations) {
        const gifts = this.#oracle.truth.lifeOf(incarnation)?.gifts ?? [];
        const known = gifts.slice(0, closed ? last.sequence : acknowledged.sequence);
        for (const gift of known) if (lineage.isCounted(gift)) toRedeliver.add(gift);
      }
    }
  }

  /** A LikesServer holds its redelivery for done, unless it may mean one of several. */
  redelivered(outboxId: OutboxId): void {
    if (this.#restores === 1) this.#checkRedelivered(outboxId, this.#oracle.home);
  }

  /** Redelivery is called done once the ledger has what is left of all that it had acknowledged. */
  #checkRedelivered(outboxId: OutboxId, lineage: Lineage): void {
    const { asOf, outboxes } = this.#oracle;
    if (asOf.isTwinned(outboxId) || asOf.rolledBack.has(outboxId)) return;
    for (const gift of this.#toRedeliver.get(outboxId) ?? []) {
      if (lineage.isCounted(gift) || asOf.excuseForEver(gift, lineage) !== undefined) continue;
      const { life, sequence, itemId } = gift;
      const incarnation = life?.incarnation ?? "";
      if (this.#isBehindGap(incarnation, lineage)) continue;
      const isHeld = [...outboxes()].some((disk) => holds(disk, incarnation, sequence));
      expect(
        !isHeld,
        () => `${outboxId} is called redelivered, and ${itemId} is not counted again`,
      );
    }
  }

  /** What lies behind a gap waits for an operator, and for the LikesServer to hear of that. */
  #isBehindGap(incarnation: Id, { disk: { troubles, decidedTroubles } }: Lineage): boolean {
    const isParked = [...this.#oracle.outboxes()].some(({ content }) => {
      return content.state.incarnations.some((one) => {
        return one.incarnation === incarnation && one.parked !== undefined;
      });
    });
    const known = [...troubles.values(), ...decidedTroubles.values()];
    return isParked || known.some((one) => one.incarnation === incarnation && one.kind === "gap");
  }

  /** Whether there may be two disks of an outbox, or one that was put back. */
  #isCopied(outboxId: OutboxId | undefined): boolean {
    const { asOf } = this.#oracle;
    return outboxId !== undefined && (asOf.isTwinned(outboxId) || asOf.rolledBack.has(outboxId));
  }

  /** Nobody is told of a trouble that nothing has caused. */
  #checkCause({ kind, outboxId }: TroubleRow, { isRestored, disk }: Lineage): void {
    const { remembersAll } = this.#oracle;
    // Each process has an incarnation of its own, so no name ever has two events.
    expect(kind !== "digest_differs", () => `other events of ${outboxId} have one name`);
    const isCopied = this.#isCopied(outboxId);
    const isRetired = disk.decisions.some((one) => one.outboxId === outboxId);
    const isCaused = isRestored || isRetired || isCopied;
    expect(isCaused, () => `${kind} of ${outboxId} is recorded, and nothing of it forgot`);
    // A ledger that was put back has nothing to say of copies of an outbox that knows all its lives.
    const isOfCopies = COPIED.some((one) => one === kind);
    const isFalse = isOfCopies && remembersAll && !isCopied;
    expect(!isFalse, () => `${kind} of ${outboxId} is recorded, and there never was a copy`);
  }

  /**
   * A member that was retired returned: each as_of that lacked its likes is in the span that is
   * named.
   */
  committed({ troubles, decisions }: CommitResult, lineage: Lineage): void {
    for (const trouble of troubles) this.#checkCause(trouble, lineage);
    for (const { kind, outboxId } of decisions) {
      if (kind !== "redelivered") continue;
      expect(outboxId !== undefined, () => "what was redelivered is of no outbox");
      this.#checkRedelivered(outboxId, lineage);
    }
    for (const { outboxId, incarnation, givenUp } of decisions) {
      // A copy, or an outbox that was put back, may have what another one does not.
      if (givenUp === undefined || this.#isCopied(outboxId)) continue;
      const { first, last } = givenUp;
      expect(incarnation !== undefined, () => `#${first} of no incarnation is given up`);
      const isHeld = [...this.#oracle.outboxes()].some((disk) => {
        return holds(disk, incarnation, first) || holds(disk, incarnation, last);
      });
      expect(!isHeld, () => `#${first} of ${incarnation} is given up, and is on a disk`);
    }
    for (const { kind, outboxId, doubtfulAsOf } of troubles) {
      if (kind !== "retired_returned") continue;
      expect(outboxId !== undefined, () => `${kind} is recorded of no outbox`);
      const wrong: WrongSpan | undefined = this.#oracle.asOf.wrong.get(outboxId);
      if (wrong === undefined) continue;
      const { firstMs, lastMs } = wrong;
      const { afterMs, upToMs } = doubtfulAsOf ?? { afterMs: Infinity, upToMs: 0 };
      const isCovered = afterMs < firstMs && lastMs <= upToMs;
      expect(isCovered, () => {
        return `as_of was wrong ${firstMs} to ${lastMs}, named: after ${afterMs} up to ${upToMs}`;
      });
      this.#oracle.asOf.wrong.delete(outboxId);
    }
  }

  /** Who was retired, and has come back with likes that as_of lacked meanwhile, was named. */
  #expectReturnsNamed(): void {
    const { asOf, home } = this.#oracle;
    for (const [outboxId, { gifts }] of asOf.wrong) {
      const isRetired = home.disk.members.get(outboxId)?.state === "retired";
      const returned = [...gifts].find((gift) => home.isCounted(gift));
      expect(isRetired || returned === undefined, () => {
        return `${outboxId} was retired, ${returned?.itemId} of it is counted, and no span is named`;
      });
    }
  }

  /** Of a life that was rolled back, what is lost up to where that is named lies in a range. */
  #expectLostNamed(named: readonly TroubleRow[]): void {
    const { truth, home } = this.#oracle;
    for (const { kind, incarnation, events } of named) {
      if (kind !== "outbox_rolled_back") continue;
      expect(incarnation !== undefined, () => `${kind} is recorded of no incarnation`);
      const ranges = named.filter((one) => one.incarnation === incarnation);
      const gifts = truth.lifeOf(incarnation)?.gifts.slice(0, events?.last ?? 0) ?? [];
      for (const gift of gifts) {
        if (home.isCounted(gift) || gift.acceptedStep === 0) continue;
        const { sequence } = gift;
        const isNamed = ranges.some(({ events: range }) => {
          return range !== undefined && range.first <= sequence && sequence <= range.last;
        });
        expect(isNamed, () => `#${sequence} of ${incarnation} is lost, and no range names it`);
      }
    }
  }

  finish(): void {
    this.#expectReturnsNamed();
    const { troubles, decidedTroubles, decisions, incarnations } = this.#oracle.home.disk;
    const named = [...troubles.values(), ...decidedTroubles.values()];
    this.#expectLostNamed(named);
    for (const { outboxId, kinds, why, live = "" } of this.#expected) {
      // Its last word was under way: it ended as it should.
      if (incarnations.get(live)?.state === "closed") continue;
      // Of a member that was retired nothing is open any more that could show it.
      if (decisions.some((one) => one.kind === "retire" && one.outboxId === outboxId)) continue;
      const isNamed = named.some((one) => one.outboxId === outboxId && kinds.includes(one.kind));
      expect(isNamed, () => `${why}: nobody recorded ${kinds.join(" or ")} of ${outboxId}`);
    }
  }
}
