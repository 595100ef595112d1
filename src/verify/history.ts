/**
 * The history of an incarnation, joined from every outbox that holds a part of it: the outbox itself,
 * and copies of it, of which one may still have what another let go of. Where two of them hold other
 * events under one name, the first such name is told, and the one goes on that agrees with the ledger.
 */
import { chainOf, placeOf } from "./chain.ts";
import type { Holder, Link } from "./chain.ts";
import type { Findings } from "./findings.ts";
import type { AppliedIncarnation } from "./ledger_file.ts";
import { eventText } from "./like_events.ts";

/** A chain, and the record that it gives next. */
interface Source {
  readonly holder: Holder;
  readonly chain: Generator<Link>;
  next: Link | undefined;
}

/** The first name under which a copy holds something else. */
interface Conflict {
  readonly sequence: number;
  readonly itemId?: string;
  readonly expected: string;
  readonly found: string;
}

/** The holders: those that agree with what the ledger applied come first, those that do not last. */
export function ranked(
  holders: readonly Holder[],
  applied: AppliedIncarnation | undefined,
): readonly Holder[] {
  if (applied === undefined || holders.length === 1) return holders;
  const rankOf = ({ file, held }: Holder): number => {
    const position = file.positionAt(held, applied.appliedSequence);
    if (position === undefined) return 1;
    return position.digest === applied.digest ? 0 : 2;
  };
  const ranks = new Map(holders.map((holder) => [holder, rankOf(holder)]));
  return holders.toSorted((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
}

/**
 * Returns each record once, in order; between two there may be a hole. Every chain is checked whole.
 */
export function* historyOf(holders: readonly Holder[], findings: Findings): Generator<Link> {
  const sources = holders.map((holder) => sourceOf(holder, findings));
  while (true) {
    const source = nextOf(sources);
    const record = source?.next;
    if (source === undefined || record === undefined) return;
    let isDropped = false;
    for (const other of sources.filter((one) => one !== source)) {
      const conflict = conflictOf(record, other);
      if (conflict === undefined) continue;
      const later = sources.indexOf(other) > sources.indexOf(source) ? other : source;
      const { expected, found } = conflict;
      const isTurned = later === source;
      tell(
        later,
        isTurned ? { ...conflict, expected: found, found: expected } : conflict,
        findings,
      );
      sources.splice(sources.indexOf(later), 1);
      isDropped = isTurned;
      if (isDropped) break;
    }
    if (isDropped) continue;
    yield record;
    for (const one of sources) {
      if (one.next?.firstSequence === record.firstSequence) advance(one);
    }
  }
}

function sourceOf(holder: Holder, findings: Findings): Source {
  const source: Source = { holder, chain: chainOf(holder, findings), next: undefined };
  advance(source);
  return source;
}

function advance(source: Source): void {
  const next = source.chain.next();
  source.next = next.done === true ? undefined : next.value;
}

/** The source that goes on first; of those that do so at one place, the first. */
function nextOf(sources: readonly Source[]): Source | undefined {
  let found: Source | undefined;
  for (const source of sources) {
    if (source.next === undefined) continue;
    if (found?.next === undefined || source.next.firstSequence < found.next.firstSequence) {
      found = source;
    }
  }
  return found;
}

/** Where `other` holds, or held, something else than `record`. */
function conflictOf(record: Link, { holder, next }: Source): Conflict | undefined {
  const { trimmed } = holder.held;
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
function eventConflict(record: Link, next: Link): Conflict | undefined {
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
function tell({ holder, chain }: Source, conflict: Conflict, findings: Findings): void {
  const { sequence, itemId, expected, found } = conflict;
  const place = { ...placeOf(holder, sequence), ...(itemId === undefined ? {} : { itemId }) };
  const what = `a copy, ${JSON.stringify(holder.file.path)}, holds other events under one name`;
  findings.diverge(place, what, expected, found);
  for (const _ of chain);
}
