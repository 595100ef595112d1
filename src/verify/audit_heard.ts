/**
 * What outboxes have heard from a ledger against what it has: a ledger that was put back from an old
 * copy adds up, and lacks what it had acknowledged since.
 *
 * The ledger has to be read after the outboxes for this, because roles that run go on meanwhile.
 */
import { placeOf } from "./chain.ts";
import type { Findings } from "./findings.ts";
import type { LedgerFile } from "./ledger_file.ts";
import type { HeldIncarnation, OutboxFile } from "./outbox_file.ts";
import type { Id } from "./report.ts";

const WENT_BACK = "the ledger has gone back, or was copied before this outbox";

/** Finds what `ledger` has forgotten. A copy that says so may lack it, and one that knows what. */
export function auditHeard(
  ledger: LedgerFile,
  outboxes: readonly OutboxFile[],
  findings: Findings,
): void {
  if (ledger.copiedMs !== undefined) return;
  for (const file of outboxes) {
    if (file.seen?.ledgerId !== ledger.ledgerId) continue;
    nameUnheard(ledger, file, findings);
    if (knowsItsLack(ledger, file)) continue;
    if (expectHeard(ledger, file, findings)) expectSeen(ledger, file, findings);
  }
}

/** What an outbox knows to be in trouble, and the ledger not yet. */
function nameUnheard(ledger: LedgerFile, file: OutboxFile, findings: Findings): void {
  const { serverId, outboxId, isCopy } = file;
  const isOfIt = (one: { readonly outboxId: Id }): boolean => one.outboxId === outboxId;
  if (ledger.troubles.some(isOfIt)) return;
  const isDecided = ledger.decisions.some(isOfIt);
  // A copy may be from before a decision.
  if (file.isRedelivering && !(isCopy && isDecided)) {
    findings.miss({ serverId, what: "its outbox delivers again to a ledger that forgot" });
  }
  for (const { isParked, incarnation } of file.incarnations) {
    if (!isParked || isDecided) continue;
    findings.miss({
      serverId,
      incarnation,
      what: "it is parked, and the ledger knows nothing of it",
    });
  }
}

/** Whether the ledger knows that it lacks something: that is told as trouble. */
function knowsItsLack({ troubles }: LedgerFile, { outboxId }: OutboxFile): boolean {
  return troubles.some((one) => {
    const isLack = one.kind === "ledger_restored" || one.kind === "gap";
    return isLack && (one.outboxId === "" || one.outboxId === outboxId);
  });
}

/** The first incarnation that says otherwise is told; gives whether there is none. */
function expectHeard(ledger: LedgerFile, file: OutboxFile, findings: Findings): boolean {
  for (const held of file.incarnations) {
    const row = ledger.incarnation(held.incarnation);
    const isGivenUp = row?.isRetired === true && held.isClosed;
    const isDecided = isGivenUp || ledger.differing.has(held.incarnation);
    const [heard, applied] = [acknowledgedOf(held), row?.appliedSequence ?? 0];
    if (isDecided || heard <= applied) continue;
    const place = placeOf({ file, held }, applied + 1);
    findings.diverge(place, WENT_BACK, `#${heard} applied, as was acknowledged`, `#${applied}`);
    return false;
  }
  return true;
}

function acknowledgedOf({ isClosed, lastSequence, acknowledged }: HeldIncarnation): number {
  return isClosed ? lastSequence : acknowledged.sequence;
}

/** A ledger that was restored, as its decisions say, has versions again that were seen as others. */
function expectSeen(ledger: LedgerFile, file: OutboxFile, findings: Findings): void {
  const { seen, serverId } = file;
  const wasRestored = ledger.decisions.some(({ trouble }) => trouble === "ledger_restored");
  if (seen === undefined || wasRestored || ledger.reaches(seen)) return;
  const expected = `version ${seen.version} of generation ${seen.generation}, as it was seen`;
  findings.diverge({ serverId }, WENT_BACK, expected, `version ${ledger.version}`);
}
