/** What a ledger has done with the events of an incarnation, by their sequences. */
import type { Gap, LedgerFile } from "./ledger_file.ts";
import type { Id } from "./report.ts";

/**
 * An event is `counted` up to the applied sequence, except in a gap that was closed. What comes later
 * is `waiting`, or `abandoned` where an operator has ended the incarnation.
 */
export type Fate = "counted" | "given_up" | "waiting" | "abandoned";

/** Events, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** How far an incarnation is applied, and which events before are not counted. */
export class Applied {
  readonly incarnation: Id;
  /** Undefined for an incarnation that the ledger never met. */
  readonly outboxId: Id | undefined;
  /** 0 before the first event. */
  readonly sequence: number;
  readonly digest: Id;
  readonly isRetired: boolean;
  /** The decision that its outbox may have other events than were applied; undefined without one. */
  readonly differsBy: number | undefined;
  /** Closed gaps up to the applied sequence: in order, none overlaps another. */
  readonly gaps: readonly Range[];

  /** `heldBy` is the outbox that holds it: the ledger may never have met an incarnation of that. */
  constructor(ledger: LedgerFile, incarnation: Id, heldBy?: Id) {
    const row = ledger.incarnation(incarnation);
    this.incarnation = incarnation;
    this.outboxId = row?.outboxId;
    this.sequence = row?.appliedSequence ?? 0;
    this.digest = row?.digest ?? incarnation;
    const isMemberRetired = heldBy !== undefined && ledger.member(heldBy)?.isRetired === true;
    this.isRetired = row?.isRetired === true || (row === undefined && isMemberRetired);
    this.differsBy = ledger.differing.get(incarnation);
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

  /** What of the events from `first` to `last` is in no closed gap, in order. */
  outsideGaps(first: number, last: number): readonly Range[] {
    const ranges: Range[] = [];
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

  /** How many of the events from `first` to `last` are counted. */
  countedBetween(first: number, last: number): number {
    const ranges = this.outsideGaps(first, Math.min(last, this.sequence));
    return ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0);
  }
}

function joined(gaps: readonly Gap[], upTo: number): readonly Range[] {
  const ranges: Range[] = [];
  let end = 0;
  for (const { firstSequence, lastSequence } of gaps) {
    const [first, last] = [Math.max(firstSequence, end + 1), Math.min(lastSequence, upTo)];
    if (first > last) continue;
    ranges.push({ first, last });
    end = last;
  }
  return ranges;
}
