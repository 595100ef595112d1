/** Audits one incarnation: its history against what the ledger applied. */
import { Applied } from "./applied.ts";
import { chainOf, placeOf } from "./chain.ts";
import type { Source, VerifiedRecord } from "./chain.ts";
import type { Findings } from "./findings.ts";
import { historyOf, byAgreement } from "./history.ts";
import type { LedgerFile } from "./ledger_file.ts";
import { addedLikes } from "./like_events.ts";
import type { AuditedEvent } from "./like_events.ts";
import type { Copy } from "./operations.ts";
import type { AuditedPosition } from "./outbox_file.ts";
import type { OutboxSums, AuditTally } from "./tally.ts";
import { isWithin, plus, spanText, unknownLikes } from "./tally.ts";

/** The state shared by all parts of an audit. */
export interface Audit {
  readonly ledger: LedgerFile;
  readonly tally: AuditTally;
  readonly findings: Findings;
  /** Called with the number of events just read. */
  readonly onEvents: (count: number) => void;
}

/** The counted events of the incarnation. */
interface Counted {
  /** Likes of the adds. */
  likes: bigint;
  /** Counted events that no outbox stores. */
  missingEvents: number;
}

/** Audits an incarnation, parts of which are in `first` and `others`. */
export function auditIncarnation(first: Source, others: readonly Source[], audit: Audit): void {
  const { ledger, tally, findings } = audit;
  const applied = new Applied(ledger, first.stored.incarnation, first.file.outboxId);
  const all = byAgreement([first, ...others], ledger.incarnation(applied.incarnation));
  for (const source of all) expectOutbox(source, applied, findings);
  const differing = all.filter((source) => differs(source, applied));
  const sources = all.filter((source) => !differing.includes(source));
  const counted: Counted = { likes: 0n, missingEvents: 0 };
  const sums = tally.outbox(applied.outboxId ?? first.file.outboxId);
  const { serverId } = first.file;
  const reading = { serverId, sources, applied, counted, sums, findings };
  let end = 0;
  for (const record of historyOf(sources, findings)) {
    miss(end + 1, record.events.first - 1, reading);
    readRecord(record, reading, audit);
    end = record.sequence;
  }
  const reach = Math.max(applied.sequence, ...sources.map(({ stored }) => stored.trimmed.sequence));
  miss(end + 1, reach, reading);
  tally.incarnations++;
  for (const source of differing) readDiffering(source, applied, audit);
  expectApplied(sources, applied, findings);
  sums.reach.set(applied.incarnation, Math.max(reach, end));
  tally.unread += counted.missingEvents;
  addUp(reading);
}

/** Returns whether a source differs from what was applied, by an operator's decision. */
function differs(
  { file, stored }: Source,
  { sequence, digest, differenceDecision }: Applied,
): boolean {
  if (differenceDecision === undefined) return false;
  const position = file.positionAt(stored, sequence);
  if (position !== undefined) return position.digest !== digest;
  // The applied sequence falls inside one of its records.
  return file.recordWith(stored, sequence) !== undefined;
}

/** Checks the records of a differing source, none of which are counted. */
function readDiffering(
  source: Source,
  applied: Applied,
  { tally, findings, onEvents }: Audit,
): void {
  for (const { events, decoded = [] } of chainOf(source, findings)) {
    tally.records++;
    tally.events += decoded.length;
    onEvents(decoded.length);
    for (const [index, event] of decoded.entries()) {
      if (events.first + index > applied.sequence) tally.abandoned.add(addedLikes(event));
    }
  }
}

function expectOutbox(source: Source, { outboxId }: Applied, findings: Findings): void {
  const found = source.file.outboxId;
  if (outboxId === undefined || outboxId === found) return;
  findings.diverge(
    placeOf(source, 0),
    "the incarnation belongs to another outbox",
    outboxId,
    found,
  );
}

interface Reading {
  readonly serverId: string;
  readonly sources: readonly Source[];
  readonly applied: Applied;
  readonly counted: Counted;
  /** The sums of its outbox. */
  readonly sums: OutboxSums;
  readonly findings: Findings;
}

function readRecord(
  { source, events, decoded }: VerifiedRecord,
  reading: Reading,
  { tally, onEvents }: Audit,
): void {
  const { applied, counted } = reading;
  tally.records++;
  if (decoded === undefined) {
    miss(events.first, events.last, { ...reading, serverId: source.file.serverId });
    return;
  }
  tally.events += decoded.length;
  onEvents(decoded.length);
  for (const [index, event] of decoded.entries()) {
    const sequence = events.first + index;
    const fate = applied.fateOf(sequence);
    if (fate === "counted") {
      counted.likes += addedLikes(event);
      const other = tally.count(event, reading.sums);
      if (other === undefined) continue;
      const { itemId } = tally.items.at(other.item);
      reportUnclear(event, sequence, { reading, other: { ...other, itemId } });
    } else if (fate !== "given_up") tally[fate].add(addedLikes(event));
  }
}

/** Reports an operation that does not add what its first copy adds: either may have counted. */
function reportUnclear(
  event: AuditedEvent,
  sequence: number,
  { reading, other }: { readonly reading: Reading; readonly other: Copy & { itemId: string } },
): void {
  const { serverId, applied, findings } = reading;
  const { itemId } = event;
  const first = `${other.likes} to ${JSON.stringify(other.itemId)}`;
  const what = `an operation adds ${addedLikes(event)} here, and ${first} elsewhere`;
  findings.unclear.add({ serverId, incarnation: applied.incarnation, sequence, itemId, what });
}

/** Reports events that no outbox stores, except those in a closed gap. */
function miss(first: number, last: number, reading: Reading): void {
  const { serverId, sources, applied, counted, findings } = reading;
  const { incarnation, differenceDecision } = applied;
  counted.missingEvents += applied.countedBetween(first, last);
  for (const events of applied.outsideGaps(first, last)) {
    const isTrimmed = sources.some(({ stored }) => stored.trimmed.sequence >= events.last);
    const isOther = sources.length === 0 && differenceDecision !== undefined;
    const what = isTrimmed ? "trimmed from its outbox" : "in no outbox";
    findings.miss({
      serverId,
      incarnation,
      events,
      what: isOther
        ? `its outbox has different events, which decision ${differenceDecision} accepted`
        : what,
    });
  }
}

/** The applied sequence must be the end of a record in the outbox, with the same digest. */
function expectApplied(sources: readonly Source[], applied: Applied, findings: Findings): void {
  const [source] = sources;
  if (source === undefined) return;
  const { sequence, digest } = applied;
  const place = placeOf(source, sequence);
  const position = positionAt(sources, sequence, findings);
  if (position !== undefined) {
    if (position.digest === digest) return;
    return findings.diverge(place, "different events were applied", position.digest, digest);
  }
  const end = positionAt(sources, source.stored.lastSequence, findings);
  const isPast = sources.every(({ stored }) => stored.lastSequence < sequence);
  if (isPast && end?.digest === digest) {
    const what = "the applied sequence does not match its digest";
    findings.diverge(place, what, end.sequence, sequence);
  }
  for (const { file, stored } of sources) {
    const record = findings.attempt(place, () => file.recordWith(stored, sequence));
    if (record === undefined) continue;
    const expected = `the end of a record, such as #${record.sequence}`;
    return findings.diverge(place, "a record is partly applied", expected, `#${sequence}`);
  }
}

function positionAt(
  sources: readonly Source[],
  sequence: number,
  findings: Findings,
): AuditedPosition | undefined {
  for (const source of sources) {
    const { file, stored } = source;
    const read = () => file.positionAt(stored, sequence);
    const position = findings.attempt(placeOf(source, sequence), read);
    if (position !== undefined) return position;
  }
  return undefined;
}

/** Adds the likes of the applied adds, by the events and by the outboxes' running totals. */
function addUp({ serverId, sources, applied, counted, sums, findings }: Reading): void {
  const own = ownLikes(sources, applied, findings);
  const read = { least: counted.likes, most: counted.likes };
  const span = plus(read, unknownLikes(counted.missingEvents));
  const isOfEvents = own !== undefined && isWithin(own, span);
  if (own !== undefined && !isOfEvents) {
    const place = { serverId, incarnation: applied.incarnation, sequence: applied.sequence };
    const what = "the outbox's own sum does not match its events";
    findings.diverge(place, what, spanText(span), own);
  }
  sums.adds = plus(sums.adds, isOfEvents ? { least: own, most: own } : span);
  sums.own = sums.own === undefined || own === undefined ? undefined : sums.own + own;
}

/** Returns the likes of the applied adds by the outboxes' running totals: no event is read. */
function ownLikes(
  sources: readonly Source[],
  { sequence, gaps }: Applied,
  findings: Findings,
): bigint | undefined {
  const likesAt = (at: number): bigint | undefined => positionAt(sources, at, findings)?.likes;
  let sum = likesAt(sequence);
  for (const { first, last } of gaps) {
    const [before, after] = [likesAt(first - 1), likesAt(last)];
    if (sum === undefined || before === undefined || after === undefined) return undefined;
    sum -= after - before;
  }
  return sum;
}
