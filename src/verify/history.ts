/**
 * Joins the history of an incarnation from its outbox and copies of it; a copy may still have
 * events that another trimmed. Where two have different events at one sequence, the first such
 * sequence is reported, and the source that agrees with the ledger goes on.
 */
import { chainOf, placeOf } from "./chain.ts";
import type { Source, VerifiedRecord } from "./chain.ts";
import type { Findings } from "./findings.ts";
import type { LedgerIncarnation } from "./ledger_file.ts";
import { eventText, isSameEvent } from "./like_events.ts";

/** A chain and its next record. */
interface ChainReader {
  readonly source: Source;
  readonly chain: Generator<VerifiedRecord>;
  next: VerifiedRecord | undefined;
}

/** The first sequence at which a copy differs. */
interface Conflict {
  readonly sequence: number;
  readonly itemId?: string;
  readonly expected: string;
  readonly found: string;
}

/** Sorts sources: those that agree with the ledger first, those that contradict it last. */
export function byAgreement(
  sources: readonly Source[],
  applied: LedgerIncarnation | undefined,
): readonly Source[] {
  if (applied === undefined || sources.length === 1) return sources;
  const rankOf = ({ file, stored }: Source): number => {
    const position = file.positionAt(stored, applied.appliedSequence);
    if (position === undefined) return 1;
    return position.digest === applied.digest ? 0 : 2;
  };
  const ranks = new Map(sources.map((source) => [source, rankOf(source)]));
  return sources.toSorted((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
}

/** Yields each record once, in order and perhaps with holes. Verifies every chain to its end. */
export function* historyOf(
  sources: readonly Source[],
  findings: Findings,
): Generator<VerifiedRecord> {
  const readers = sources.map((source) => readerOf(source, findings));
  while (true) {
    const reader = nextOf(readers);
    const record = reader?.next;
    if (reader === undefined || record === undefined) return;
    let isDropped = false;
    for (const other of readers.filter((one) => one !== reader)) {
      const conflict = conflictOf(record, other);
      if (conflict === undefined) continue;
      const later = readers.indexOf(other) > readers.indexOf(reader) ? other : reader;
      const { expected, found } = conflict;
      const isReversed = later === reader;
      const reversed = { ...conflict, expected: found, found: expected };
      reportConflict(later, isReversed ? reversed : conflict, findings);
      readers.splice(readers.indexOf(later), 1);
      isDropped = isReversed;
      if (isDropped) break;
    }
    if (isDropped) continue;
    yield record;
    for (const one of readers) {
      if (one.next?.events.first === record.events.first) advance(one);
    }
  }
}

function readerOf(source: Source, findings: Findings): ChainReader {
  const reader: ChainReader = { source, chain: chainOf(source, findings), next: undefined };
  advance(reader);
  return reader;
}

function advance(reader: ChainReader): void {
  const next = reader.chain.next();
  reader.next = next.done === true ? undefined : next.value;
}

/** Returns the reader with the lowest next sequence; of several, the first. */
function nextOf(readers: readonly ChainReader[]): ChainReader | undefined {
  let found: ChainReader | undefined;
  for (const reader of readers) {
    if (reader.next === undefined) continue;
    if (found?.next === undefined || reader.next.events.first < found.next.events.first) {
      found = reader;
    }
  }
  return found;
}

/** Returns where the other reader has, or had before trimming, something else than `record`. */
function conflictOf(record: VerifiedRecord, { source, next }: ChainReader): Conflict | undefined {
  const { trimmed } = source.stored;
  const isTrimmedInside =
    trimmed.sequence >= record.events.first && trimmed.sequence <= record.events.last;
  if (isTrimmedInside) {
    const isSame = trimmed.sequence === record.sequence && trimmed.digest === record.digest;
    const { sequence, digest: found } = trimmed;
    return isSame ? undefined : { sequence, expected: record.digest, found };
  }
  if (next === undefined || next.events.first > record.events.last) return undefined;
  if (next.sequence === record.sequence && next.digest === record.digest) return undefined;
  return (
    eventConflict(record, next) ?? {
      sequence: next.events.first,
      expected: record.digest,
      found: next.digest,
    }
  );
}

/** Returns the first differing event of two records that start at the same sequence. */
function eventConflict(record: VerifiedRecord, next: VerifiedRecord): Conflict | undefined {
  if (record.events.first !== next.events.first) return undefined;
  const [events = [], others = []] = [record.decoded, next.decoded];
  const index = events.findIndex((event, at) => !isSameEvent(event, others[at]));
  const event = events[index];
  if (event === undefined) return undefined;
  const [expected, other] = [eventText(event), eventText(others[index])];
  const found = other === expected ? `${other} by another person or client` : other;
  return { sequence: record.events.first + index, itemId: event.itemId, expected, found };
}

/** Reports a conflicting copy, and verifies the rest of its chain alone. */
function reportConflict(
  { source, chain }: ChainReader,
  conflict: Conflict,
  findings: Findings,
): void {
  const { sequence, itemId, expected, found } = conflict;
  const place = { ...placeOf(source, sequence), ...(itemId === undefined ? {} : { itemId }) };
  const what = `the copy ${JSON.stringify(source.file.path)} has different events`;
  findings.diverge(place, what, expected, found);
  for (const _ of chain);
}
