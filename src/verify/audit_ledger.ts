/** The audit of a ledger's own sums against what was read of the outboxes. */
import { Applied } from "./applied.ts";
import type { Audit } from "./audit_incarnation.ts";
import type { Findings } from "./findings.ts";
import type { AuditedMember, LedgerFile } from "./ledger_file.ts";
import type { OutboxFile } from "./outbox_file.ts";
import { plus, spanText, unknownLikes } from "./tally.ts";
import type { OutboxTally, Span, Tally } from "./tally.ts";

/** The ledger's sums, as they were found. */
export interface LedgerSums {
  items: bigint;
  itemCount: number;
  members: bigint;
}

/** Audits what is the ledger's alone, once every outbox is read. */
export function auditLedger(outboxes: readonly OutboxFile[], audit: Audit): LedgerSums {
  const { ledger, tally, findings } = audit;
  const sums: LedgerSums = { items: 0n, itemCount: 0, members: 0n };
  findings.attempt({}, () => {
    nameGaps(audit);
    for (const { incarnation } of ledger.incarnations()) {
      addUnheld(new Applied(ledger, incarnation), audit);
    }
  });
  for (const [outboxId, one] of tally.outboxes) {
    addForgotten(one, {
      outboxes: outboxes.filter((file) => file.outboxId === outboxId),
      findings,
    });
  }
  const read = new Set(outboxes.map(({ outboxId }) => outboxId));
  findings.attempt({}, () => {
    for (const member of ledger.members()) {
      sums.members += member.appliedLikes;
      auditMember(member, { isRead: read.has(member.outboxId), tally, findings });
    }
  });
  findings.attempt({}, () => auditItems(ledger, { tally, findings, sums }));
  auditTotals(ledger, { tally, findings, sums });
  return sums;
}

/** Every gap that was closed is told, so that nobody takes the sum for all that was accepted. */
function nameGaps({ ledger, findings }: Audit): void {
  for (const gap of ledger.gaps) {
    const row = ledger.incarnation(gap.incarnation);
    const member = row && ledger.member(row.outboxId);
    findings.gaps.add({ ...gap, serverId: member?.serverId ?? "" });
  }
}

/** What the ledger applied of an incarnation that no outbox holds any more. */
function addUnheld(applied: Applied, { ledger, tally, findings }: Audit): void {
  const { incarnation, outboxId = "", sequence, gaps, isRetired } = applied;
  const outbox = tally.outbox(outboxId);
  if (outbox.reach.has(incarnation) || sequence === 0) return;
  const events = applied.countedBetween(1, sequence);
  outbox.unheldEvents += sequence;
  outbox.isUnheldPlain &&= gaps.length === 0 && !isRetired;
  outbox.applied = plus(outbox.applied, unknownLikes(events));
  if (events === 0) return;
  findings.miss({
    serverId: ledger.member(outboxId)?.serverId ?? "",
    incarnation,
    firstSequence: 1,
    lastSequence: sequence,
    what: "no outbox holds them",
  });
}

/**
 * An outbox remembers how many events it has forgotten, as closed, and their likes. When these
 * are the events that the ledger applied and nobody holds, their likes are known after all.
 */
function addForgotten(
  outbox: OutboxTally,
  { outboxes, findings }: { readonly outboxes: readonly OutboxFile[]; readonly findings: Findings },
): void {
  for (const { incarnations, forgotten, serverId } of outboxes) {
    const { most } = unknownLikes(forgotten.events);
    if (forgotten.likes > most) {
      const what = "what an outbox has forgotten cannot have had so many likes";
      findings.diverge({ serverId }, what, `0 to ${most}`, forgotten.likes);
    }
    const held = new Set(incarnations.map(({ incarnation }) => incarnation));
    let known = outbox.unheldEvents;
    for (const [incarnation, reach] of outbox.reach) if (!held.has(incarnation)) known += reach;
    if (forgotten.events <= known) continue;
    const what = `it has forgotten ${forgotten.events} events, of which the ledger knows ${known}`;
    findings.miss({ serverId, what });
  }
  const [only, ...copies] = outboxes;
  const isPlain = outbox.isUnheldPlain && only?.forgotten.events === outbox.unheldEvents;
  if (only === undefined || copies.length > 0 || !isPlain) {
    if (outbox.unheldEvents > 0) outbox.own = undefined;
    return;
  }
  const { likes } = only.forgotten;
  const unknown = unknownLikes(outbox.unheldEvents).most;
  const { least, most } = outbox.applied;
  outbox.applied = { least: least + likes, most: most - unknown + likes };
  if (outbox.own !== undefined) outbox.own += likes;
}

function auditMember(
  { outboxId, serverId, appliedLikes, isKnown }: AuditedMember,
  {
    isRead,
    tally,
    findings,
  }: { readonly isRead: boolean; readonly tally: Tally; readonly findings: Findings },
): void {
  const { applied } = tally.outbox(outboxId);
  if (!isWithin(appliedLikes, applied)) {
    const what = "the member's applied likes are not those of its events";
    findings.diverge({ serverId }, what, spanText(applied), appliedLikes);
  }
  if (isKnown && !isRead) findings.miss({ serverId, what: "its outbox was not read" });
}

/** Compares each item with the events that were read; missing events may be of any item. */
function auditItems(
  ledger: LedgerFile,
  { tally, findings, sums }: { tally: Tally; findings: Findings; sums: LedgerSums },
): void {
  const open = tally.applied.most - tally.likes;
  const expect = (itemId: string, found: bigint): void => {
    const least = tally.items.get(itemId) ?? 0n;
    tally.items.delete(itemId);
    const span = { least, most: least + open };
    if (isWithin(found, span)) return;
    findings.diverge(
      { itemId },
      "the likes of an item are not those of its events",
      spanText(span),
      found,
    );
  };
  for (const { itemId, likes } of ledger.items()) {
    sums.items += likes;
    sums.itemCount++;
    expect(itemId, likes);
  }
  // What is left has events, and no row.
  for (const itemId of tally.items.keys()) expect(itemId, 0n);
}

function auditTotals(
  { totalLikes }: LedgerFile,
  { tally, findings, sums }: { tally: Tally; findings: Findings; sums: LedgerSums },
): void {
  // Where nothing is missing it has to be the sum of what was read, whatever else agrees.
  const read = { least: tally.likes, most: tally.likes };
  const applied = findings.missing.count === 0 ? read : tally.applied;
  const isNotTotal = (what: string, expected: unknown): void => {
    findings.diverge({}, `the total is not ${what}`, expected, totalLikes);
  };
  if (sums.items !== totalLikes) isNotTotal("the sum of the items", sums.items);
  if (sums.members !== totalLikes) isNotTotal("the sum of the members", sums.members);
  if (!isWithin(totalLikes, applied)) isNotTotal("that of the events", spanText(applied));
}

function isWithin(likes: bigint, { least, most }: Span): boolean {
  return likes >= least && likes <= most;
}
