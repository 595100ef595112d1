/**
 * The history of an incarnation, joined from every outbox that holds a part of it: the outbox itself,
 * and copies of it, of which one may still have what another let go of. Where two of them hold other
 * events under one name, the first such name is told, and the one goes on that agrees with the ledger.
 */
import { chainOf, placeOf } from "./chain.ts";
import type { Source, VerifiedRecord } from "./chain.ts";
import type { Findings } from "./findings.ts";
import type { AppliedIncarnation } from "./ledger_file.ts";
import { eventText } from "./like_events.ts";

/** A chain, and the record that it gives next. */
interface ChainReader {
  readonly source: Source;
  readonly chain: Generator<VerifiedRecord>;
  next: VerifiedRecord | undefined;
}

/** The first name under which a copy holds something else. */
interface Conflict {
  readonly sequence: number;
  readonly itemId?: string;
  readonly expected: string;
  readonly found: string;
}

/** The sources: those that agree with what the ledger applied come first, those that do not last. */
export function byAgreement(
  sources: readonly Source[],
  applied: AppliedIncarnation | undefined,
): readonly Source[] {
  if (applied === undefined || sources.length === 1) return sources;
  const rankOf = ({ file, held }: Source): number => {
    const position = file.positionAt(held, applied.appliedSequence);
    if (position === undefined) return 1;
    return position.digest === applied.digest ? 0 : 2;
  };
  const ranks = new Map(sources.map((source) => [source, rankOf(source)]));
  return sources.toSorted((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
}

/**
 * Returns each record once, in order; between two there may be a hole. Every chain is checked whole.
 */
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
      const isTurned = later === reader;
      tell(
        later,
        isTurned ? { ...conflict, expected: found, found: expected } : conflict,
        findings,
      );
      readers.splice(readers.indexOf(later), 1);
      isDropped = isTurned;
      if (isDropped) break;
    }
    if (isDropped) continue;
    yield record;
    for (const one of readers) {
      if (one.next?.firstSequence === record.firstSequence) advance(one);
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

/** The reader that goes on first; of those that do so at one place, the first. */
function nextOf(readers: readonly ChainReader[]): ChainReader | undefined {
  let found: ChainReader | undefined;
  for (const reader of readers) {
    if (reader.next === undefined) continue;
    if (found?.next === undefined || reader.next.firstSequence < found.next.firstSequence) {
      found = reader;
    }
  }
  return found;
}

/** Where `other` holds, or held, something else than `record`. */
function conflictOf(record: VerifiedRecord, { source, next }: ChainReader): Conflict | undefined {
  const { trimmed } = source.held;
  const isTrimmedInside =
    trimmed.sequence >= record.firstSequence && trimmed.sequence <= record.lastSequence;
  if (isTrimmedInside) {
    const isSame = trimmed.sequence === record.sequence && trimmed.digest === record.digest;
    const { sequence, digest: found } = trimmed;
    return isSame ? undefined : { sequence, expected: record.digest, found };
  }
  if (next === undefined || next.firstSequence > record.lastSequence) return undefined;
  if (next.sequence === record.sequence && next.digest === record.digest) return undefined;
  return (
    eventConflict(record, next) ?? {
      sequence: next.firstSequence,
      expected: record.digest,
      found: next.digest,
    }
  );
}

/** The first event that differs, of records that begin at one place. */
function eventConflict(record: VerifiedRecord, next: VerifiedRecord): Conflict | undefined {
  if (record.firstSequence !== next.firstSequence) return undefined;
  const [events = [], others = []] = [record.events, next.events];
  const index = events.findIndex((event, at) => eventText(event) !== eventText(others[at]));
  const event = events[index];
  if (event === undefined) return undefined;
  return {
    sequence: record.firstSequence + index,
    itemId: event.itemId,
    expected: eventText(event),
    found: eventText(others[index]),
  };
}

/** Tells what differs in a copy, and checks the rest of it by itself. */
function tell({ source, chain }: ChainReader, conflict: Conflict, findings: Findings): void {
  const { sequence, itemId, expected, found } = conflict;
  const place = { ...placeOf(source, sequence), ...(itemId === undefined ? {} : { itemId }) };
  const what = `a copy, ${JSON.stringify(source.file.path)}, holds other events under one name`;
  findings.diverge(place, what, expected, found);
  for (const _ of chain);
}
