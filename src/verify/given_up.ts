/** Sums what operators gave up: an exact total does not include it. */
import type { Audit } from "./audit_incarnation.ts";
import type { GivenUpSum, StoredId } from "./report.ts";

/** Sums what decisions gave up, and lists what rollbacks lost. Call once every outbox is read. */
export function sumGivenUp(audit: Audit): GivenUpSum {
  const { ledger, tally } = audit;
  const closed = ledger.gaps.reduce((sum, { events }) => sum + events.last - events.first + 1, 0);
  const isRolledBack = new Set(ledger.rolledBack.map(({ incarnation }) => incarnation));
  let unknownIncarnations = 0;
  for (const { incarnation, outboxId, isRetired } of ledger.incarnations()) {
    const isHeld = tally.outboxes.get(outboxId)?.reach.has(incarnation) === true;
    if (isRetired && !isHeld && !isRolledBack.has(incarnation)) unknownIncarnations++;
  }
  return { events: closed + tally.abandoned.events + listLost(audit), unknownIncarnations };
}

/**
 * Lists the events that an outbox lost by a rollback and that are neither stored nor counted: the
 * ledger knows only their sequences. Returns their number.
 */
function listLost({ ledger, tally, findings }: Audit): number {
  const ends = new Map<StoredId, number>();
  let count = 0;
  for (const { incarnation, events, decision } of ledger.rolledBack) {
    const row = ledger.incarnation(incarnation);
    const reach = tally.outboxes.get(row?.outboxId ?? "")?.reach.get(incarnation) ?? 0;
    const end = Math.max(ends.get(incarnation) ?? 0, row?.appliedSequence ?? 0, reach);
    const [first, last] = [Math.max(events.first, end + 1), events.last];
    if (last < first) continue;
    ends.set(incarnation, last);
    count += last - first + 1;
    const serverId = ledger.member(row?.outboxId ?? "")?.serverId ?? "";
    findings.lost.add({ serverId, incarnation, events: { first, last }, decision });
  }
  return count;
}
