/**
 * Detects a ledger that was rolled back. A ledger restored from an old copy adds up, but lacks what
 * it acknowledged since; the outboxes still know what they have seen of it.
 *
 * The ledger must be opened after the outboxes, because running roles keep applying.
 */
import { placeOf } from "./chain.ts";
import type { Findings } from "./findings.ts";
import type { LedgerFile } from "./ledger_file.ts";
import type { OutboxIncarnation, OutboxFile } from "./outbox_file.ts";
import type { StoredId } from "./report.ts";

const ROLLED_BACK = "the ledger was rolled back, or copied before this outbox";

/** Finds what `ledger` has lost. Skips a marked copy and a loss that the ledger knows about. */
export function auditRollback(
  ledger: LedgerFile,
  outboxes: readonly OutboxFile[],
  findings: Findings,
): void {
  if (ledger.copiedMs !== undefined) return;
  for (const file of outboxes) {
    if (file.seen?.ledgerId !== ledger.ledgerId) continue;
    reportUnknownTroubles(ledger, file, findings);
    if (isLackKnown(ledger, file)) continue;
    if (expectAcknowledgedApplied(ledger, file, findings))
      expectSeenVersion(ledger, file, findings);
  }
}

/** Reports trouble that the outbox knows and the ledger does not know yet. */
function reportUnknownTroubles(ledger: LedgerFile, file: OutboxFile, findings: Findings): void {
  const { serverId, outboxId, isCopy } = file;
  const isAboutOutbox = (one: { readonly outboxId: StoredId }): boolean =>
    one.outboxId === outboxId;
  if (ledger.troubles.some(isAboutOutbox)) return;
  const isDecided = ledger.decisions.some(isAboutOutbox);
  // A copy may predate the decision.
  if (file.isRedelivering && !(isCopy && isDecided)) {
    findings.miss({ serverId, what: "its outbox is redelivering, and the ledger does not know" });
  }
  for (const { isParked, incarnation } of file.incarnations) {
    if (!isParked || isDecided) continue;
    findings.miss({ serverId, incarnation, what: "it is parked, and the ledger does not know" });
  }
}

/** Returns whether the ledger knows its loss, which the report then lists as trouble. */
function isLackKnown({ troubles }: LedgerFile, { outboxId }: OutboxFile): boolean {
  return troubles.some((one) => {
    const isLack = one.kind === "ledger_restored" || one.kind === "gap";
    return isLack && (one.outboxId === "" || one.outboxId === outboxId);
  });
}

/** Reports the first incarnation acknowledged beyond what is applied. Returns true without one. */
function expectAcknowledgedApplied(
  ledger: LedgerFile,
  file: OutboxFile,
  findings: Findings,
): boolean {
  for (const stored of file.incarnations) {
    const row = ledger.incarnation(stored.incarnation);
    const isGivenUp = row?.isRetired === true && stored.isClosed;
    const isDecided = isGivenUp || ledger.differing.has(stored.incarnation);
    const [acknowledged, applied] = [acknowledgedOf(stored), row?.appliedSequence ?? 0];
    if (isDecided || acknowledged <= applied) continue;
    const place = placeOf({ file, stored }, applied + 1);
    findings.diverge(
      place,
      ROLLED_BACK,
      `#${acknowledged} applied, as acknowledged`,
      `#${applied}`,
    );
    return false;
  }
  return true;
}

function acknowledgedOf({ isClosed, lastSequence, acknowledged }: OutboxIncarnation): number {
  return isClosed ? lastSequence : acknowledged.sequence;
}

/** Skips a ledger with a decided restore: it reuses versions that outboxes saw before. */
function expectSeenVersion(ledger: LedgerFile, file: OutboxFile, findings: Findings): void {
  const { seen, serverId } = file;
  const wasRestored = ledger.decisions.some(({ trouble }) => trouble === "ledger_restored");
  if (seen === undefined || wasRestored || ledger.reaches(seen)) return;
  const expected = `version ${seen.version} of generation ${seen.generation}, as the outbox saw`;
  findings.diverge({ serverId }, ROLLED_BACK, expected, `version ${ledger.version}`);
}
