/** Audits the ledger's sums against the outboxes. */
import { Applied } from "./applied.ts";
import type { Audit } from "./audit_incarnation.ts";
import type { Findings } from "./findings.ts";
import type { AuditedMember, Decision, LedgerFile } from "./ledger_file.ts";
import type { OutboxFile } from "./outbox_file.ts";
import type { StoredId } from "./report.ts";
import { plus, spanText, unknownLikes } from "./tally.ts";
import type { OutboxSums, Span, AuditTally } from "./tally.ts";

/** The sums found in the ledger. */
export interface LedgerSums {
  items: bigint;
  itemCount: number;
  members: bigint;
}

/** Audits the ledger's own rows. Call once every outbox is read. */
export function auditLedger(outboxes: readonly OutboxFile[], audit: Audit): LedgerSums {
  const { ledger, tally, findings } = audit;
  const sums: LedgerSums = { items: 0n, itemCount: 0, members: 0n };
  findings.attempt({}, () => {
    listGaps(audit);
    expectDecisions(audit);
    for (const { incarnation } of ledger.incarnations()) {
      addOrphaned(new Applied(ledger, incarnation), audit);
    }
  });
  for (const [outboxId, one] of tally.outboxes) {
    addPurged(one, {
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

/** Lists every closed gap: the total lacks events that clients had acknowledged. */
function listGaps({ ledger, findings }: Audit): void {
  for (const gap of ledger.gaps) {
    const row = ledger.incarnation(gap.incarnation);
    const member = row && ledger.member(row.outboxId);
    const serverId = member?.serverId ?? "";
    findings.gaps.add({ ...gap, serverId });
    const { incarnation, decision } = gap;
    const sequence = gap.events.last;
    const applied = row?.appliedSequence ?? 0;
    if (applied >= sequence) continue;
    const what = `decision ${decision} closed a gap, but the applied sequence has not passed it`;
    findings.diverge({ serverId, incarnation, sequence }, what, sequence, applied);
  }
}

/** Every retirement must have its decision. */
function expectDecisions({ ledger, findings }: Audit): void {
  const retired = retiredBy(ledger.decisions);
  const [expected, found] = ["a decision to retire it", "no decision"];
  for (const { outboxId, serverId, isRetired } of ledger.members()) {
    if (!isRetired || retired.members.has(outboxId)) continue;
    findings.diverge({ serverId }, "a LikesServer is retired", expected, found);
  }
  for (const { incarnation, outboxId, isRetired } of ledger.incarnations()) {
    if (!isRetired || retired.outboxes.has(outboxId) || retired.incarnations.has(incarnation))
      continue;
    const serverId = ledger.member(outboxId)?.serverId ?? "";
    findings.diverge({ serverId, incarnation }, "an incarnation is retired", expected, found);
  }
}

/** Returns what decisions retire: members, all open incarnations of an outbox, or one. */
function retiredBy(decisions: readonly Decision[]) {
  const [members, outboxes, incarnations] = [
    new Set<StoredId>(),
    new Set<StoredId>(),
    new Set<StoredId>(),
  ];
  for (const { kind, trouble, outboxId, incarnation } of decisions) {
    if (kind === "retire") {
      outboxes.add(outboxId);
      if (trouble === "") members.add(outboxId);
    } else if (kind === "resolve") {
      if (trouble === "second_incarnation") outboxes.add(outboxId);
      const isOfOne = trouble === "outbox_rolled_back" || trouble === "digest_differs";
      if (isOfOne) incarnations.add(incarnation);
    }
  }
  return { members, outboxes, incarnations };
}

/** Adds the applied events of an incarnation that no outbox stores. */
function addOrphaned(applied: Applied, { ledger, tally, findings }: Audit): void {
  const { incarnation, outboxId = "", sequence, gaps, isRetired } = applied;
  const outbox = tally.outbox(outboxId);
  if (outbox.reach.has(incarnation) || sequence === 0) return;
  const events = applied.countedBetween(1, sequence);
  outbox.orphanedEvents += sequence;
  outbox.areOrphansWhole &&= gaps.length === 0 && !isRetired;
  outbox.applied = plus(outbox.applied, unknownLikes(events));
  if (events === 0) return;
  findings.miss({
    serverId: ledger.member(outboxId)?.serverId ?? "",
    incarnation,
    events: { first: 1, last: sequence },
    what: "in no outbox",
  });
}

/**
 * An outbox keeps the number and the likes of the events in purged incarnations. If those are
 * exactly the orphaned events, their likes are known after all.
 */
function addPurged(
  outbox: OutboxSums,
  { outboxes, findings }: { readonly outboxes: readonly OutboxFile[]; readonly findings: Findings },
): void {
  for (const { incarnations, purged, serverId } of outboxes) {
    const { most } = unknownLikes(purged.events);
    if (purged.likes > most) {
      const what = "the purged events cannot have that many likes";
      findings.diverge({ serverId }, what, `0 to ${most}`, purged.likes);
    }
    const stored = new Set(incarnations.map(({ incarnation }) => incarnation));
    let known = outbox.orphanedEvents;
    for (const [incarnation, reach] of outbox.reach) if (!stored.has(incarnation)) known += reach;
    if (purged.events <= known) continue;
    const what = `its outbox purged ${purged.events} events, of which the ledger knows ${known}`;
    findings.miss({ serverId, what });
  }
  const [only, ...copies] = outboxes;
  const isPlain = outbox.areOrphansWhole && only?.purged.events === outbox.orphanedEvents;
  if (only === undefined || copies.length > 0 || !isPlain) {
    if (outbox.orphanedEvents > 0) outbox.own = undefined;
    return;
  }
  const { likes } = only.purged;
  const unknown = unknownLikes(outbox.orphanedEvents).most;
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
  }: { readonly isRead: boolean; readonly tally: AuditTally; readonly findings: Findings },
): void {
  const { applied } = tally.outbox(outboxId);
  if (!isWithin(appliedLikes, applied)) {
    const what = "the member's applied likes do not match its events";
    findings.diverge({ serverId }, what, spanText(applied), appliedLikes);
  }
  if (isKnown && !isRead) findings.miss({ serverId, what: "its outbox was not read" });
}

/** Compares each item with the events read. A missing event may belong to any item. */
function auditItems(
  ledger: LedgerFile,
  { tally, findings, sums }: { tally: AuditTally; findings: Findings; sums: LedgerSums },
): void {
  const isWhole = findings.missing.count === 0;
  const open = tally.applied.most - tally.likes;
  for (const { itemId, likes } of ledger.items()) {
    sums.items += likes;
    sums.itemCount++;
    const read = tally.items.get(itemId);
    tally.items.delete(itemId);
    const span = { least: read ?? 0n, most: (read ?? 0n) + open };
    if (!isWithin(likes, span)) divergeItem(itemId, spanText(span), likes);
    else if (isWhole && read === undefined) divergeItem(itemId, "no such item", likes);
  }
  for (const [itemId, read] of tally.items) divergeItem(itemId, read, "no such item");

  function divergeItem(itemId: string, expected: unknown, found: unknown): void {
    const what = "the item's likes do not match its events";
    findings.diverge({ itemId }, what, expected, found);
  }
}

function auditTotals(
  { totalLikes }: LedgerFile,
  { tally, findings, sums }: { tally: AuditTally; findings: Findings; sums: LedgerSums },
): void {
  // With nothing missing, the total must be the sum of the events, whatever else agrees.
  const read = { least: tally.likes, most: tally.likes };
  const applied = findings.missing.count === 0 ? read : tally.applied;
  const divergeTotal = (what: string, expected: unknown): void => {
    findings.diverge({}, `the total is not ${what}`, expected, totalLikes);
  };
  if (sums.items !== totalLikes) divergeTotal("the sum of the items", sums.items);
  if (sums.members !== totalLikes) divergeTotal("the sum of the members", sums.members);
  if (!isWithin(totalLikes, applied)) divergeTotal("the sum of the events", spanText(applied));
}

function isWithin(likes: bigint, { least, most }: Span): boolean {
  return likes >= least && likes <= most;
}
