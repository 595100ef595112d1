/** The audit of one incarnation: its history against what the ledger says that it has applied of it. */
import { Applied } from "./applied.ts";
import { chainOf, placeOf } from "./chain.ts";
import type { Source, VerifiedRecord } from "./chain.ts";
import type { Findings } from "./findings.ts";
import { historyOf, byAgreement } from "./history.ts";
import type { LedgerFile } from "./ledger_file.ts";
import type { Position } from "./outbox_file.ts";
import type { OutboxTally, Tally } from "./tally.ts";
import { plus, spanText, unknownLikes } from "./tally.ts";

/** What every part of an audit adds to. */
export interface Audit {
  readonly ledger: LedgerFile;
  readonly tally: Tally;
  readonly findings: Findings;
  /** Is told of events that were read, now and then. */
  readonly onEvents: (count: number) => void;
}

/** What was read of the counted events. */
interface Counted {
  likes: bigint;
  /** Counted events that nobody can look at. */
  missingEvents: number;
}

/** Audits an incarnation of which `holders`, one or more, hold a part. */
export function auditIncarnation(first: Source, others: readonly Source[], audit: Audit): void {
  const { ledger, tally, findings } = audit;
  const applied = new Applied(ledger, first.held.incarnation, first.file.outboxId);
  const all = byAgreement([first, ...others], ledger.incarnation(applied.incarnation));
  for (const source of all) expectOutbox(source, applied, findings);
  const differing = all.filter((source) => differs(source, applied));
  const sources = all.filter((source) => !differing.includes(source));
  const counted: Counted = { likes: 0n, missingEvents: 0 };
  const reading = { serverId: first.file.serverId, sources, applied, counted, findings };
  let end = 0;
  for (const link of historyOf(sources, findings)) {
    miss(end + 1, link.firstSequence - 1, reading);
    readLink(link, reading, audit);
    end = link.lastSequence;
  }
  const reach = Math.max(applied.sequence, ...sources.map(({ held }) => held.trimmed.sequence));
  miss(end + 1, reach, reading);
  tally.incarnations++;
  for (const source of differing) readDiffering(source, applied, audit);
  expectApplied(sources, applied, findings);
  const sums = tally.outbox(applied.outboxId ?? first.file.outboxId);
  sums.reach.set(applied.incarnation, Math.max(reach, end));
  addUp(reading, sums);
}

/** Whether it holds other events than were applied, and an operator decided to leave it so. */
function differs({ file, held }: Source, { sequence, digest, differsBy }: Applied): boolean {
  if (differsBy === undefined) return false;
  const position = file.positionAt(held, sequence);
  if (position !== undefined) return position.digest !== digest;
  // What was applied ended where none of its own records does.
  return file.recordWith(held, sequence) !== undefined;
}

/** Reads what is not counted, to find what is wrong with it. */
function readDiffering(
  source: Source,
  applied: Applied,
  { tally, findings, onEvents }: Audit,
): void {
  for (const { firstSequence, events = [] } of chainOf(source, findings)) {
    tally.records++;
    tally.events += events.length;
    onEvents(events.length);
    for (const [index, { likes }] of events.entries()) {
      if (firstSequence + index > applied.sequence) tally.abandoned.add(likes);
    }
  }
}

function expectOutbox(source: Source, { outboxId }: Applied, findings: Findings): void {
  const found = source.file.outboxId;
  if (outboxId === undefined || outboxId === found) return;
  findings.diverge(placeOf(source, 0), "the incarnation is of another outbox", outboxId, found);
}

interface Reading {
  readonly serverId: string;
  readonly sources: readonly Source[];
  readonly applied: Applied;
  readonly counted: Counted;
  readonly findings: Findings;
}

function readLink(
  { source, firstSequence, lastSequence, events }: VerifiedRecord,
  reading: Reading,
  { tally, onEvents }: Audit,
): void {
  const { applied, counted } = reading;
  tally.records++;
  if (events === undefined) {
    miss(firstSequence, lastSequence, { ...reading, serverId: source.file.serverId });
    return;
  }
  tally.events += events.length;
  onEvents(events.length);
  let sequence = firstSequence;
  for (const { itemId, likes } of events) {
    const fate = applied.fateOf(sequence++);
    if (fate === "counted") {
      counted.likes += likes;
      tally.count(itemId, likes);
    } else if (fate !== "given_up") tally[fate].add(likes);
  }
}

/** Names events that nobody can look at, unless a decision says that they never count. */
function miss(first: number, last: number, reading: Reading): void {
  const { serverId, sources, applied, counted, findings } = reading;
  const { incarnation, differsBy } = applied;
  counted.missingEvents += applied.countedBetween(first, last);
  for (const range of applied.outsideGaps(first, last)) {
    const [firstSequence, lastSequence] = [range.first, range.last];
    const isTrimmed = sources.some(({ held }) => held.trimmed.sequence >= lastSequence);
    const isOther = sources.length === 0 && differsBy !== undefined;
    const what = isTrimmed ? "its outbox has let go of them" : "no outbox holds them";
    findings.miss({
      serverId,
      incarnation,
      firstSequence,
      lastSequence,
      what: isOther ? `its outbox holds others, and decision ${differsBy} left it so` : what,
    });
  }
}

/** The place up to which the ledger has applied has to be one of the outbox, with the same digest. */
function expectApplied(sources: readonly Source[], applied: Applied, findings: Findings): void {
  const [source] = sources;
  if (source === undefined) return;
  const { sequence, digest } = applied;
  const place = placeOf(source, sequence);
  const position = positionAt(sources, sequence, findings);
  if (position !== undefined) {
    if (position.digest === digest) return;
    return findings.diverge(place, "other events were applied", position.digest, digest);
  }
  const end = positionAt(sources, source.held.lastSequence, findings);
  const isPast = sources.every(({ held }) => held.lastSequence < sequence);
  if (isPast && end?.digest === digest) {
    findings.diverge(
      place,
      "the applied sequence is not that of its digest",
      end.sequence,
      sequence,
    );
  }
  for (const { file, held } of sources) {
    const record = findings.attempt(place, () => file.recordWith(held, sequence));
    if (record === undefined) continue;
    const expected = `the end of a record, as #${record.lastSequence}`;
    return findings.diverge(place, "a record is applied in part", expected, `#${sequence}`);
  }
}

function positionAt(
  sources: readonly Source[],
  sequence: number,
  findings: Findings,
): Position | undefined {
  for (const source of sources) {
    const { file, held } = source;
    const read = () => file.positionAt(held, sequence);
    const position = findings.attempt(placeOf(source, sequence), read);
    if (position !== undefined) return position;
  }
  return undefined;
}

/** Adds what the ledger has to have applied: by the events, and by the outboxes' own sums. */
function addUp({ serverId, sources, applied, counted, findings }: Reading, to: OutboxTally): void {
  const own = ownLikes(sources, applied, findings);
  const read = { least: counted.likes, most: counted.likes };
  const span = plus(read, unknownLikes(counted.missingEvents));
  const isWithin = own !== undefined && own >= span.least && own <= span.most;
  if (own !== undefined && !isWithin) {
    const place = { serverId, incarnation: applied.incarnation, sequence: applied.sequence };
    const what = "the outbox's own sum is not that of its events";
    findings.diverge(place, what, spanText(span), own);
  }
  to.applied = plus(to.applied, isWithin ? { least: own, most: own } : span);
  to.own = to.own === undefined || own === undefined ? undefined : to.own + own;
}

/** What is counted by the sums that the outboxes keep, without a look at any event. */
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
