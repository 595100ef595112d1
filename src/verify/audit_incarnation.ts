/** The audit of one incarnation: its history against what the ledger says that it has applied of it. */
import { Applied } from "./applied.ts";
import { placeOf } from "./chain.ts";
import type { Holder, Link } from "./chain.ts";
import type { Findings } from "./findings.ts";
import { historyOf, ranked } from "./history.ts";
import type { LedgerFile } from "./ledger_file.ts";
import type { Position } from "./outbox_file.ts";
import type { Tally } from "./tally.ts";
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
  const applied = new Applied(ledger, first.held.incarnation);
  const holders = ranked([first, ...others], ledger.incarnation(applied.incarnation));
  for (const holder of holders) expectOutbox(holder, applied, findings);
  const counted: Counted = { likes: 0n, missingEvents: 0 };
  let end = 0;
  for (const link of historyOf(holders, findings)) {
    miss(end + 1, link.firstSequence - 1, { holders, applied, counted, findings });
    readLink(link, { applied, counted, audit, holders });
    end = link.lastSequence;
  }
  const reach = Math.max(applied.sequence, ...holders.map(({ held }) => held.trimmed.sequence));
  miss(end + 1, reach, { holders, applied, counted, findings });
  tally.incarnations++;
  expectApplied(holders, applied, findings);
  addUp(holders, { applied, counted, reach: Math.max(reach, end), audit });
}

function expectOutbox(holder: Holder, { outboxId }: Applied, findings: Findings): void {
  const found = holder.file.outboxId;
  if (outboxId === undefined || outboxId === found) return;
  findings.diverge(placeOf(holder, 0), "the incarnation is of another outbox", outboxId, found);
}

interface Reading {
  readonly holders: readonly Holder[];
  readonly applied: Applied;
  readonly counted: Counted;
}

function readLink(
  { holder, firstSequence, lastSequence, events }: Link,
  { holders, applied, counted, audit }: Reading & { readonly audit: Audit },
): void {
  const { tally, findings, onEvents } = audit;
  tally.records++;
  if (events === undefined) {
    miss(firstSequence, lastSequence, {
      holders: [holder, ...holders],
      applied,
      counted,
      findings,
    });
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
function miss(
  firstSequence: number,
  lastSequence: number,
  { holders, applied, counted, findings }: Reading & { readonly findings: Findings },
): void {
  const missing = applied.countedBetween(firstSequence, lastSequence);
  const isBeyond = lastSequence >= firstSequence && lastSequence > applied.sequence;
  if (missing === 0 && !isBeyond) return;
  counted.missingEvents += missing;
  const [holder] = holders;
  const isTrimmed = holders.some(({ held }) => held.trimmed.sequence >= lastSequence);
  findings.miss({
    serverId: holder?.file.serverId ?? "",
    incarnation: applied.incarnation,
    firstSequence,
    lastSequence,
    what: isTrimmed ? "its outbox has let go of them" : "no outbox holds them",
  });
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
function addUp(
  holders: readonly Holder[],
  {
    applied,
    counted,
    reach,
    audit: { tally, findings },
  }: {
    readonly applied: Applied;
    readonly counted: Counted;
    readonly reach: number;
    readonly audit: Audit;
  },
): void {
  const [holder] = holders;
  if (holder === undefined) return;
  const outbox = tally.outbox(applied.outboxId ?? holder.file.outboxId);
  outbox.reach.set(applied.incarnation, reach);
  const own = ownLikes(holders, applied, findings);
  const read = { least: counted.likes, most: counted.likes };
  const span = plus(read, unknownLikes(counted.missingEvents));
  const isWithin = own !== undefined && own >= span.least && own <= span.most;
  if (own !== undefined && !isWithin) {
    const place = placeOf(holder, applied.sequence);
    const what = "the outbox's own sum is not that of its events";
    findings.diverge(place, what, spanText(span), own);
  }
  outbox.applied = plus(outbox.applied, isWithin ? { least: own, most: own } : span);
  outbox.own = outbox.own === undefined || own === undefined ? undefined : outbox.own + own;
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
