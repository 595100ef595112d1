/** Audits the ledger's sums against the outboxes. */
import { Applied } from "./applied.ts";
import type { Audit } from "./audit_incarnation.ts";
import { auditOperations } from "./audit_operations.ts";
import { auditRegisters } from "./audit_registers.ts";
import type { Findings } from "./findings.ts";
import type { AuditedMember, Decision } from "./ledger_file.ts";
import type { Span } from "./operations.ts";
import type { OutboxFile } from "./outbox_file.ts";
import type { StoredId } from "./report.ts";
import { isWithin, plus, spanText, unknownLikes } from "./tally.ts";
import type { OutboxSums } from "./tally.ts";

/** The sums found in the ledger. */
export interface LedgerSums {
  items: bigint;
  itemCount: number;
  members: bigint;
  registers: bigint;
  registerCount: number;
  operationCount: number;
}

/** Audits the ledger's own rows. Call once every outbox is read. */
export function auditLedger(outboxes: readonly OutboxFile[], audit: Audit): LedgerSums {
  const { ledger, tally, findings } = audit;
  findings.attempt({}, () => {
    listGaps(audit);
    expectDecisions(audit);
    for (const { incarnation } of ledger.incarnations()) {
      addIncarnation(new Applied(ledger, incarnation), audit);
    }
  });
  for (const [outboxId, one] of tally.outboxes) {
    addPurged(one, {
      outboxes: outboxes.filter((file) => file.outboxId === outboxId),
      findings,
    });
  }
  const operations = auditOperations(audit);
  // An event that was not read may hold another copy of any operation that has counted.
  const isSure = tally.unread === 0 || operations.count === 0;
  tally.settle({ isSure });
  const members = auditMembers(outboxes, audit, isSure);
  const isWhole = findings.missing.count === 0;
  const registers = auditRegisters(audit, isWhole);
  expectUnread(operations.unread + registers.unread, audit);
  const items = auditItems(audit, isWhole);
  const sums = {
    ...items,
    members,
    registers: registers.likes,
    registerCount: registers.count,
    operationCount: operations.count,
  };
  auditTotals(sums, { audit, isSure, isWhole });
  return sums;
}

/** Each operation and register beyond what was read needs an event that was not read. */
function expectUnread(counted: number, { tally, findings }: Audit): void {
  if (counted <= tally.unread) return;
  const what = "the ledger has more operations and registers than events explain";
  findings.diverge({}, what, `at most ${tally.unread} by events that were not read`, counted);
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

/** Adds the applied events of an incarnation. Those that no outbox stores are unknown. */
function addIncarnation(applied: Applied, { ledger, tally, findings }: Audit): void {
  const { incarnation, outboxId = "", sequence, gaps, isRetired } = applied;
  const outbox = tally.outbox(outboxId);
  const events = applied.countedBetween(1, sequence);
  outbox.appliedEvents += events;
  if (outbox.reach.has(incarnation) || sequence === 0) return;
  outbox.orphanedEvents += sequence;
  outbox.areOrphansWhole &&= gaps.length === 0 && !isRetired;
  outbox.adds = plus(outbox.adds, unknownLikes(events));
  tally.unread += events;
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
  const { least, most } = outbox.adds;
  outbox.adds = { least: least + likes, most: most - unknown + likes };
  if (outbox.own !== undefined) outbox.own += likes;
}

/** Audits the members. Returns the sum of their likes. */
function auditMembers(outboxes: readonly OutboxFile[], audit: Audit, isSure: boolean): bigint {
  const { ledger, tally, findings } = audit;
  const read = new Set(outboxes.map(({ outboxId }) => outboxId));
  let sum = 0n;
  findings.attempt({}, () => {
    for (const member of ledger.members()) {
      sum += member.appliedLikes;
      auditMember(member, { outbox: tally.outbox(member.outboxId), isSure, findings });
      const { serverId } = member;
      if (!member.isKnown || read.has(member.outboxId)) continue;
      findings.miss({ serverId, what: "its outbox was not read" });
    }
  });
  return sum;
}

function auditMember(
  { serverId, appliedLikes, appliedEvents }: AuditedMember,
  {
    outbox,
    isSure,
    findings,
  }: { readonly outbox: OutboxSums; readonly isSure: boolean; readonly findings: Findings },
): void {
  const counted = countedAdds(outbox, outbox.operations, isSure);
  if (!isWithin(appliedLikes, counted)) {
    const what = "the member's applied likes do not match its events";
    findings.diverge({ serverId }, what, spanText(counted), appliedLikes);
  }
  if (appliedEvents === outbox.appliedEvents) return;
  const what = "the member's applied events do not match its applied sequences";
  findings.diverge({ serverId }, what, outbox.appliedEvents, appliedEvents);
}

/**
 * Returns the likes of the adds that counted: those without an operation, and what `operations` may
 * have counted. An add that was not read may repeat an operation, unless `isSure`.
 */
function countedAdds(
  { adds, read, named }: Pick<OutboxSums, "adds" | "read" | "named">,
  operations: Span,
  isSure: boolean,
): Span {
  const least = isSure ? adds.least : read;
  return plus({ least: least - named, most: adds.most - named }, operations);
}

/** Compares each item with the events read. A missing event may belong to any item. */
function auditItems(
  { ledger, tally, findings }: Audit,
  isWhole: boolean,
): Pick<LedgerSums, "items" | "itemCount"> {
  const sums = { items: 0n, itemCount: 0 };
  const open = tally.open;
  findings.attempt({}, () => {
    for (const { itemId, likes } of ledger.counts.items()) {
      sums.items += likes;
      sums.itemCount++;
      const item = tally.items.of(itemId);
      item.isMet = true;
      const least = item.adds + item.registers;
      const span = { least, most: least + item.open + open };
      if (!isWithin(likes, span)) divergeItem(itemId, spanText(span), likes);
      else if (isWhole && !item.isNamed) divergeItem(itemId, "no such item", likes);
    }
    for (const { itemId, isMade, isMet, adds, registers } of tally.items) {
      if (isMade && !isMet) divergeItem(itemId, adds + registers, "no such item");
    }
  });
  return sums;

  function divergeItem(itemId: string, expected: unknown, found: unknown): void {
    const what = "the item's likes do not match its events";
    findings.diverge({ itemId }, what, expected, found);
  }
}

function auditTotals(
  sums: LedgerSums,
  {
    audit: { ledger, tally, findings },
    isSure,
    isWhole,
  }: { readonly audit: Audit; readonly isSure: boolean; readonly isWhole: boolean },
): void {
  const { totalLikes } = ledger;
  // With nothing missing, the total must be the sum of the events, whatever else agrees.
  const { read, named, settled } = tally;
  const adds = isWhole ? { least: read, most: read } : tally.adds;
  const counted = countedAdds({ adds, read, named }, settled, isSure);
  const given = isWhole ? tally.registerLikes : sums.registers;
  const expected = plus(counted, { least: given, most: given });
  const divergeTotal = (what: string, of: unknown): void => {
    findings.diverge({}, `the total is not ${what}`, of, totalLikes);
  };
  if (sums.items !== totalLikes) divergeTotal("the sum of the items", sums.items);
  const parts = sums.members + sums.registers;
  if (parts !== totalLikes) divergeTotal("the sum of the members and of what persons give", parts);
  if (!isWithin(totalLikes, expected)) divergeTotal("the sum of the events", spanText(expected));
}
