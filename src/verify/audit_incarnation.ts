/** The audit of one incarnation: its history against what the ledger says that it has applied of it. */
import { Applied } from "./applied.ts";
import { chainOf, placeOf } from "./chain.ts";
import type { Holder, Link } from "./chain.ts";
import type { Findings } from "./findings.ts";
import { historyOf, ranked } from "./history.ts";
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
export function auditIncarnation(first: Holder, others: readonly Holder[], audit: Audit): void {
  const { ledger, tally, findings } = audit;
  const applied = new Applied(ledger, first.held.incarnation, first.file.outboxId);
  const all = ranked([first, ...others], ledger.incarnation(applied.incarnation));
  for (const holder of all) expectOutbox(holder, applied, findings);
  const differing = all.filter((holder) => differs(holder, applied));
  const holders = all.filter((holder) => !differing.includes(holder));
  const counted: Counted = { likes: 0n, missingEvents: 0 };
  const reading = { serverId: first.file.serverId, holders, applied, counted, findings };
  let end = 0;
  for (const link of historyOf(holders, findings)) {
    miss(end + 1, link.firstSequence - 1, reading);
    readLink(link, reading, audit);
    end = link.lastSequence;
  }
  const reach = Math.max(applied.sequence, ...holders.map(({ held }) => held.trimmed.sequence));
  miss(end + 1, reach, reading);
  tally.incarnations++;
  for (const holder of differing) readDiffering(holder, applied, audit);
  expectApplied(holders, applied, findings);
  const sums = tally.outbox(applied.outboxId ?? first.file.outboxId);
  sums.reach.set(applied.incarnation, Math.max(reach, end));
  addUp(reading, sums);
}

/** Whether it holds other events than were applied, and an operator decided to leave it so. */
function differs({ file, held }: Holder, { sequence, digest, differsBy }: Applied): boolean {
  if (differsBy === undefined) return false;
  const position = file.positionAt(held, sequence);
  if (position !== undefined) return position.digest !== digest;
  // What was applied ended where none of its own records does.
  return file.recordWith(held, sequence) !== undefined;
}

/** Reads what is not counted, to find what is wrong with it. */
function readDiffering(
  holder: Holder,
  applied: Applied,
  { tally, findings, onEvents }: Audit,
): void {
  for (const { firstSequence, events = [] } of chainOf(holder, findings)) {
    tally.records++;
    tally.events += events.length;
    onEvents(events.length);
    for (const [index, { likes }] of events.entries()) {
      if (firstSequence + index > applied.sequence) tally.abandoned.add(likes);
    }
  }
}

function expectOutbox(holder: Holder, { outboxId }: Applied, findings: Findings): void {
  const found = holder.file.outboxId;
  if (outboxId === undefined || outboxId === found) return;
  findings.diverge(placeOf(holder, 0), "the incarnation is of another outbox", outboxId, found);
}

interface Reading {
  readonly serverId: string;
  readonly holders: readonly Holder[];
  readonly applied: Applied;
  readonly counted: Counted;
  readonly findings: Findings;
}

function readLink(
  { holder, firstSequence, lastSequence, events }: Link,
  reading: Reading,
  { tally, onEvents }: Audit,
): void {
  const { applied, counted } = reading;
  tally.records++;
  if (events === undefined) {
    miss(firstSequence, lastSequence, { ...reading, serverId: holder.file.serverId });
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
  const { serverId, holders, applied, counted, findings } = reading;
  const { incarnation, differsBy } = applied;
  counted.missingEvents += applied.countedBetween(first, last);
  for (const range of applied.outsideGaps(first, last)) {
    const [firstSequence, lastSequence] = [range.first, range.last];
    const isTrimmed = holders.some(({ held }) => held.trimmed.sequence >= lastSequence);
    const isOther = holders.length === 0 && differsBy !== undefined;
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
function expectApplied(holders: readonly Holder[], applied: Applied, findings: Findings): void {
  const [holder] = holders;
  if (holder === undefined) return;
  const { sequence, digest } = applied;
  const place = placeOf(holder, sequence);
  const position = positionAt(holders, sequence, findings);
  if (position !== undefined) {
    if (position.digest === digest) return;
    return findings.diverge(place, "other events were applied", position.digest, digest);
  }
  const end = positionAt(holders, holder.held.lastSequence, findings);
  const isPast = holders.every(({ held }) => held.lastSequence < sequence);
  if (isPast && end?.digest === digest) {
    findings.diverge(
      place,
      "the applied sequence is not that of its digest",
      end.sequence,
      sequence,
    );
  }
  for (const { file, held } of holders) {
    const record = findings.attempt(place, () => file.recordWith(held, sequence));
    if (record === undefined) continue;
    const expected = `the end of a record, as #${record.lastSequence}`;
    return findings.diverge(place, "a record is applied in part", expected, `#${sequence}`);
  }
}

function positionAt(
  holders: readonly Holder[],
  sequence: number,
  findings: Findings,
): Position | undefined {
  for (const holder of holders) {
    const { file, held } = holder;
    const read = () => file.positionAt(held, sequence);
    const position = findings.attempt(placeOf(holder, sequence), read);
    if (position !== undefined) return position;
  }
  return undefined;
}

/** Adds what the ledger has to have applied: by the events, and by the outboxes' own sums. */
function addUp({ serverId, holders, applied, counted, findings }: Reading, to: OutboxTally): void {
  const own = ownLikes(holders, applied, findings);
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
  holders: readonly Holder[],
  { sequence, gaps }: Applied,
  findings: Findings,
): bigint | undefined {
  const likesAt = (at: number): bigint | undefined => positionAt(holders, at, findings)?.likes;
  let sum = likesAt(sequence);
  for (const { first, last } of gaps) {
    const [before, after] = [likesAt(first - 1), likesAt(last)];
    if (sum === undefined || before === undefined || after === undefined) return undefined;
    sum -= after - before;
  }
  return sum;
}
