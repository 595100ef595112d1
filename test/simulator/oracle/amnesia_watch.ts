/**
 * Law 7: a detectable amnesia is recorded as a trouble, and loses no like that a disk still has.
 * The watch learns of every store that forgot and checks that the ledger records it.
 */
import type { CommitResult } from "../../../src/core/ledger/apply_commands.ts";
import type { TroubleKind } from "../../../src/core/protocol/messages.ts";
import type { TroubleRow } from "../../../src/core/ledger/rows.ts";
import type { IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import type { AsOfCheck, WrongSpan } from "./as_of_check.ts";
import { expect } from "./failure.ts";
import { isStored } from "./is_stored.ts";
import type { Lineage } from "./lineage.ts";
import type { Add, Truth } from "./truth.ts";

/** What the watch reads. */
interface Observed {
  readonly outboxes: () => Iterable<OutboxDisk>;
  readonly truth: Truth;
  readonly asOf: AsOfCheck;
  readonly home: Lineage;
  /** Whether no outbox ever purges an incarnation because it has too many. */
  readonly remembersAll: boolean;
}

interface Expected {
  readonly outboxId: OutboxId;
  readonly kinds: readonly TroubleKind[];
  readonly why: string;
  /** The incarnation that only the ledger knows, if that is the amnesia. */
  readonly live?: IncarnationId;
}

const ROLLED_BACK = ["outbox_rolled_back"] as const;
const COPIED = ["outbox_rolled_back", "closed_incarnation", "second_incarnation"] as const;

/** Which troubles must be recorded, and which were. */
export class AmnesiaWatch {
  readonly #oracle: Observed;
  #expected: Expected[] = [];
  /** The likes of each outbox that a ledger had acknowledged before it forgot. */
  readonly #toRedeliver = new Map<OutboxId, Set<Add>>();
  #restores = 0;
  /** Whether any store ever forgot: then an operator may have to decide. */
  hasForgotten = false;

  constructor(oracle: Observed) {
    this.#oracle = oracle;
  }

  /** An older or empty outbox replaces another one. `disks` are the remaining ones. */
  outboxForgot(before: OutboxDisk, after: OutboxDisk, disks: Iterable<OutboxDisk>): void {
    this.hasForgotten = true;
    const { truth, home } = this.#oracle;
    const { outboxId } = before.content.state;
    this.#forget(outboxId);
    const left = [after, ...disks];
    for (const add of truth.adds) {
      if (add.syncedIn?.outboxId !== outboxId) continue;
      const { incarnation } = add.syncedIn;
      add.isLost ||= !left.some((disk) => isStored(disk, incarnation, add.sequence));
    }
    // The likes that as_of lacked may be the lost ones; then no trouble can record them.
    this.#oracle.asOf.wrong.delete(outboxId);
    if (after.content.state.outboxId !== outboxId) return;
    this.#oracle.asOf.rolledBack.add(outboxId);
    this.#expectPurged(before, after);
    for (const { incarnation, last, closed } of after.content.state.incarnations) {
      if (closed || home.appliedOf(incarnation) <= last.sequence) continue;
      // With a small bound the next start purges an idle incarnation before the primary hears of it.
      if (last.sequence === 0 && !this.#oracle.remembersAll) continue;
      const why = `${incarnation} was rolled back to #${last.sequence}`;
      // A twin that has delivered the events already shows in another way. So does an incarnation
      // without events that another one replaced before the primary heard of it.
      const isShown = this.#oracle.asOf.isTwinned(outboxId) || last.sequence === 0;
      const kinds = isShown ? COPIED : ROLLED_BACK;
      this.#expected.push({ outboxId, kinds, why });
      return;
    }
  }

  /** The ledger knows the live incarnation and the outbox does not: it shows as a second one. */
  #expectPurged(before: OutboxDisk, after: OutboxDisk): void {
    const { outboxId, incarnations } = after.content.state;
    const live = before.content.state.incarnations.at(-1)?.incarnation;
    if (live === undefined) return;
    if (incarnations.some(({ incarnation }) => incarnation === live)) return;
    if (this.#oracle.home.disk.incarnations.get(live)?.state !== "open") return;
    const kinds = ["second_incarnation", "outbox_rolled_back"] as const;
    this.#expected.push({ outboxId, kinds, why: `${live} was purged`, live });
  }

  /** An older copy replaces the ledger. `disks` are those of all LikesServers. */
  ledgerForgot(to: LedgerDisk, disks: Iterable<OutboxDisk>): void {
    this.hasForgotten = true;
    // Only the newer ledger could have detected those.
    this.#expected = [];
    for (const { content } of disks) {
      const { outboxId, seen } = content.state;
      const isKnown = to.members.get(outboxId)?.state === "member";
      const isNewer = seen !== undefined && seen.version > to.meta.version;
      if (!isKnown || !isNewer) continue;
      const why = `the ledger went back to version ${to.meta.version} from ${seen.version}`;
      this.#expected.push({ outboxId, kinds: ["ledger_restored", "gap"], why });
    }
  }

  /** Returns true when all sums of an outbox are exact: neither it nor the ledger ever forgot. */
  isPlain(outboxId: OutboxId): boolean {
    const { asOf, home } = this.#oracle;
    const isTouched = asOf.isTwinned(outboxId) || asOf.rolledBack.has(outboxId);
    const isRetired = home.disk.decisions.some((one) => one.outboxId === outboxId);
    return !home.isRestored && !isTouched && !isRetired;
  }

  /** A lost outbox can no longer show what was expected of it. */
  #forget(outboxId: OutboxId): void {
    this.#expected = this.#expected.filter((one) => one.outboxId !== outboxId);
  }

  /**
   * An older ledger is about to replace that of `lineage`. `disks` are those of all LikesServers.
   */
  ledgerForgets(lineage: Lineage, disks: Iterable<OutboxDisk>): void {
    this.#restores++;
    for (const { content } of disks) {
      const { outboxId, incarnations } = content.state;
      const toRedeliver = this.#toRedeliver.get(outboxId) ?? new Set();
      this.#toRedeliver.set(outboxId, toRedeliver);
      for (const { incarnation, acknowledged, last, closed } of incarnations) {
        const adds = this.#oracle.truth.syncedOf(incarnation)?.adds ?? [];
        const known = adds.slice(0, closed ? last.sequence : acknowledged.sequence);
        for (const add of known) if (lineage.isCounted(add)) toRedeliver.add(add);
      }
    }
  }

  /** A LikesServer ends its redelivery. After several restores it may mean any of them. */
  redelivered(outboxId: OutboxId): void {
    if (this.#restores === 1) this.#checkRedelivered(outboxId, this.#oracle.home);
  }

  /** A redelivery may end only when the ledger has every surviving like it had acknowledged. */
  #checkRedelivered(outboxId: OutboxId, lineage: Lineage): void {
    const { asOf, outboxes } = this.#oracle;
    if (asOf.isTwinned(outboxId) || asOf.rolledBack.has(outboxId)) return;
    for (const add of this.#toRedeliver.get(outboxId) ?? []) {
      if (lineage.isCounted(add) || asOf.excuseForEver(add, lineage) !== undefined) continue;
      const { syncedIn, sequence, itemId } = add;
      if (syncedIn === undefined) continue;
      const { incarnation } = syncedIn;
      if (this.#isBehindGap(incarnation, lineage)) continue;
      const isOnDisk = [...outboxes()].some((disk) => isStored(disk, incarnation, sequence));
      expect(
        !isOnDisk,
        () => `${outboxId} ended its redelivery before ${itemId} was counted again`,
      );
    }
  }

  /** Likes behind a gap wait until an operator resolves it and the LikesServer hears of that. */
  #isBehindGap(
    incarnation: IncarnationId,
    { disk: { troubles, decidedTroubles } }: Lineage,
  ): boolean {
    const isParked = [...this.#oracle.outboxes()].some(({ content }) => {
      return content.state.incarnations.some((one) => {
        return one.incarnation === incarnation && one.parked !== undefined;
      });
    });
    const known = [...troubles.values(), ...decidedTroubles.values()];
    return isParked || known.some((one) => one.incarnation === incarnation && one.kind === "gap");
  }

  /** Returns true when the outbox may have two disks or was restored. */
  #isCopied(outboxId: OutboxId | undefined): boolean {
    const { asOf } = this.#oracle;
    return outboxId !== undefined && (asOf.isTwinned(outboxId) || asOf.rolledBack.has(outboxId));
  }

  /** Checks that a recorded trouble has a cause. */
  #checkCause({ kind, outboxId }: TroubleRow, { isRestored, disk }: Lineage): void {
    const { remembersAll } = this.#oracle;
    // Each process has its own incarnation, so no sequence ever has two events.
    expect(kind !== "digest_differs", () => `two events of ${outboxId} have the same sequence`);
    const isCopied = this.#isCopied(outboxId);
    const isRetired = disk.decisions.some((one) => one.outboxId === outboxId);
    const isCaused = isRestored || isRetired || isCopied;
    expect(isCaused, () => `${kind} of ${outboxId} is recorded without a cause`);
    // A restored ledger cannot claim a copy of an outbox that purges no incarnation.
    const isOfCopies = COPIED.some((one) => one === kind);
    const isFalse = isOfCopies && remembersAll && !isCopied;
    expect(!isFalse, () => `${kind} of ${outboxId} is recorded without a copy`);
  }

  /**
   * When a retired member returns, the recorded span must cover every as_of that lacked its likes.
   */
  committed({ troubles, decisions }: CommitResult, lineage: Lineage): void {
    for (const trouble of troubles) this.#checkCause(trouble, lineage);
    for (const { kind, outboxId } of decisions) {
      if (kind !== "redelivered") continue;
      expect(outboxId !== undefined, () => "a redelivery is recorded without an outbox");
      this.#checkRedelivered(outboxId, lineage);
    }
    for (const { outboxId, incarnation, givenUp } of decisions) {
      // A copy or a restored outbox may have what another disk lacks.
      if (givenUp === undefined || this.#isCopied(outboxId)) continue;
      const { first, last } = givenUp;
      expect(incarnation !== undefined, () => `#${first} is given up without an incarnation`);
      const isOnDisk = [...this.#oracle.outboxes()].some((disk) => {
        return isStored(disk, incarnation, first) || isStored(disk, incarnation, last);
      });
      expect(!isOnDisk, () => `#${first} of ${incarnation} is given up although a disk has it`);
    }
    for (const { kind, outboxId, doubtfulAsOf } of troubles) {
      if (kind !== "retired_returned") continue;
      expect(outboxId !== undefined, () => `${kind} is recorded without an outbox`);
      const wrong: WrongSpan | undefined = this.#oracle.asOf.wrong.get(outboxId);
      if (wrong === undefined) continue;
      const { firstMs, lastMs } = wrong;
      const { afterMs, upToMs } = doubtfulAsOf ?? { afterMs: Infinity, upToMs: 0 };
      // Two live copies may have made as_of wrong already, until both had reported.
      const beganBefore = this.#oracle.asOf.isTwinned(outboxId);
      const isCovered = (afterMs < firstMs || beganBefore) && lastMs <= upToMs;
      expect(isCovered, () => {
        return `as_of was wrong ${firstMs} to ${lastMs}, recorded after ${afterMs} to ${upToMs}`;
      });
      this.#oracle.asOf.wrong.delete(outboxId);
    }
  }

  /** When a retired member's likes are counted late, the span of wrong as_of must be recorded. */
  #expectReturnsRecorded(): void {
    const { asOf, home } = this.#oracle;
    for (const [outboxId, { adds }] of asOf.wrong) {
      const isRetired = home.disk.members.get(outboxId)?.state === "retired";
      const returned = [...adds].find((add) => home.isCounted(add));
      expect(isRetired || returned === undefined, () => {
        return `${outboxId} was retired, its ${returned?.itemId} is counted, no span is recorded`;
      });
    }
  }

  /** Each lost event of a rolled back incarnation must be in a recorded range. */
  #expectLossesRecorded(recorded: readonly TroubleRow[]): void {
    const { truth, home } = this.#oracle;
    for (const { kind, incarnation, events } of recorded) {
      if (kind !== "outbox_rolled_back") continue;
      expect(incarnation !== undefined, () => `${kind} is recorded without an incarnation`);
      const ranges = recorded.filter((one) => one.incarnation === incarnation);
      // The outbox still holds the events before the range. Once the incarnation is retired, they
      // are given up by that decision, not lost: a restored ledger may not have applied them.
      const isRetired = home.disk.incarnations.get(incarnation)?.state === "retired";
      const { first, last } = events ?? { first: 1, last: 0 };
      const synced = truth.syncedOf(incarnation)?.adds ?? [];
      const adds = synced.slice(isRetired ? first - 1 : 0, last);
      for (const add of adds) {
        if (home.isCounted(add) || add.acceptedStep === 0) continue;
        const { sequence } = add;
        const isRecorded = ranges.some(({ events: range }) => {
          return range !== undefined && range.first <= sequence && sequence <= range.last;
        });
        expect(
          isRecorded,
          () => `#${sequence} of ${incarnation} is lost, no recorded range has it`,
        );
      }
    }
  }

  finish(): void {
    this.#expectReturnsRecorded();
    const { troubles, decidedTroubles, decisions, incarnations } = this.#oracle.home.disk;
    const recorded = [...troubles.values(), ...decidedTroubles.values()];
    this.#expectLossesRecorded(recorded);
    for (const { outboxId, kinds, why, live } of this.#expected) {
      // Its final report was in transit, so it closed properly.
      if (live !== undefined && incarnations.get(live)?.state === "closed") continue;
      // A retired member has no open incarnation that could show the amnesia.
      if (decisions.some((one) => one.kind === "retire" && one.outboxId === outboxId)) continue;
      const isRecorded = recorded.some(
        (one) => one.outboxId === outboxId && kinds.includes(one.kind),
      );
      expect(isRecorded, () => `${why}: no ${kinds.join(" or ")} of ${outboxId} is recorded`);
    }
  }
}
