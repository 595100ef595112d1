/** What the ledger did with each event of an incarnation. */
import type { Gap, LedgerFile } from "./ledger_file.ts";
import type { EventRange, StoredId } from "./report.ts";

/**
 * Events up to the applied sequence are `counted`, except those in a closed gap (`given_up`). Later
 * events are `waiting`, or `abandoned` if an operator retired the incarnation.
 */
export type Fate = "counted" | "given_up" | "waiting" | "abandoned";

/** The applied sequence of an incarnation, and the closed gaps below it. */
export class Applied {
  readonly incarnation: StoredId;
  /** Undefined if the ledger has no row for the incarnation. */
  readonly outboxId: StoredId | undefined;
  /** 0 before the first event. */
  readonly sequence: number;
  readonly digest: StoredId;
  readonly isRetired: boolean;
  /**
   * Number of the decision that accepted an outbox with different events; undefined without one.
   */
  readonly differenceDecision: number | undefined;
  /** Closed gaps up to the applied sequence, in order and disjoint. */
  readonly gaps: readonly EventRange[];

  /** `outboxId` is the outbox that stores the incarnation, which the ledger may not know yet. */
  constructor(ledger: LedgerFile, incarnation: StoredId, outboxId?: StoredId) {
    const row = ledger.incarnation(incarnation);
    this.incarnation = incarnation;
    this.outboxId = row?.outboxId;
    this.sequence = row?.appliedSequence ?? 0;
    this.digest = row?.digest ?? incarnation;
    const isMemberRetired = outboxId !== undefined && ledger.member(outboxId)?.isRetired === true;
    this.isRetired = row?.isRetired === true || (row === undefined && isMemberRetired);
    this.differenceDecision = ledger.differing.get(incarnation);
    this.gaps = joined(
      ledger.gaps.filter((gap) => gap.incarnation === incarnation),
      this.sequence,
    );
  }

  fateOf(sequence: number): Fate {
    if (sequence > this.sequence) return this.isRetired ? "abandoned" : "waiting";
    const isGivenUp = this.gaps.some(({ first, last }) => first <= sequence && sequence <= last);
    return isGivenUp ? "given_up" : "counted";
  }

  /** Returns the parts of `first` to `last` that lie outside closed gaps, in order. */
  outsideGaps(first: number, last: number): readonly EventRange[] {
    const ranges: EventRange[] = [];
    let from = first;
    for (const gap of this.gaps) {
      if (gap.last < from) continue;
      if (gap.first > last) break;
      if (gap.first > from) ranges.push({ first: from, last: gap.first - 1 });
      from = gap.last + 1;
    }
    if (from <= last) ranges.push({ first: from, last });
    return ranges;
  }

  /** Returns how many events from `first` to `last` are counted. */
  countedBetween(first: number, last: number): number {
    const ranges = this.outsideGaps(first, Math.min(last, this.sequence));
    return ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0);
  }
}

function joined(gaps: readonly Gap[], upTo: number): readonly EventRange[] {
  const ranges: EventRange[] = [];
  let end = 0;
  for (const { events } of gaps) {
    const [first, last] = [Math.max(events.first, end + 1), Math.min(events.last, upTo)];
    if (first > last) continue;
    ranges.push({ first, last });
    end = last;
  }
  return ranges;
}
