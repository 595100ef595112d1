/**
 * `likes verify`: proves a ledger's total from the events, or reports what is wrong or missing.
 *
 * The audit shares only the SQLite driver, the errors and the protocol's bounds with the roles, so
 * that the counting code never judges its own count. It sums twice: from the events, and from the
 * running totals in the outboxes. An incomplete history is never called exact.
 *
 * Memory grows with what must be told apart, and not with the events. It is some 260 bytes for each
 * item, 70 for each register and 100 for each operation that the applied events name.
 *
 * Files open in a fixed order: client records, ledger, outboxes. Everything a client was told or
 * the ledger applied is then in the outboxes, even while the roles run. Only an outbox with no
 * retention may trim an event in between; the audit reports that event as missing. The ledger is
 * opened again last, and compared with what the outboxes have seen of it.
 */
import { basename, dirname } from "node:path";
import { LikesError } from "../errors.ts";
import { auditClients } from "./audit_clients.ts";
import { auditRollback } from "./audit_rollback.ts";
import { auditIncarnation } from "./audit_incarnation.ts";
import type { Audit } from "./audit_incarnation.ts";
import { auditLedger } from "./audit_ledger.ts";
import { UnreadableFileError, isDamage, isSqliteError } from "./audited_file.ts";
import type { Source } from "./chain.ts";
import { sumGivenUp } from "./given_up.ts";
import { Findings } from "./findings.ts";
import { ClientFile } from "./client_lines.ts";
import { LedgerFile } from "./ledger_file.ts";
import { OutboxFile } from "./outbox_file.ts";
import type { AuditReport, StoredId } from "./report.ts";
import { AuditTally } from "./tally.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";

/** The files of one audit. */
export interface AuditedFiles {
  readonly ledger: string;
  /** The outboxes of all LikesServers, and copies of them. */
  readonly outboxes: readonly string[];
  readonly clients: readonly string[];
}

/** Called with the number of events read so far, and of all events. */
export type OnProgress = (events: number, allEvents: number) => void;

/** Events between two calls of `OnProgress`. */
const PROGRESS_EVENTS = 10_000;

interface Opened {
  readonly clients: readonly ClientFile[];
  readonly ledger: LedgerFile;
  readonly outboxes: readonly OutboxFile[];
  /** The ledger, opened again after the outboxes. */
  readonly later: LedgerFile;
}

/**
 * Audits `files`. Throws LikesError `undecided` (unreadable ledger) or `inexact` (damaged ledger).
 */
export function audit(files: AuditedFiles, onProgress: OnProgress = () => {}): AuditReport {
  const opened: Disposable[] = [];
  const findings = new Findings();
  const open = <T extends Disposable>(path: string, make: (path: string) => T): T[] => {
    try {
      const file = make(path);
      opened.push(file);
      return [file];
    } catch (error) {
      if (error instanceof UnreadableFileError) {
        findings.miss({ what: `${JSON.stringify(path)} cannot be read: ${error.message}` });
      } else findings.damage({ serverId: basename(dirname(path)) }, error);
      return [];
    }
  };
  try {
    const clients = files.clients.flatMap((path) => open(path, (one) => new ClientFile(one)));
    const ledger = openLedger(files.ledger);
    opened.push(ledger);
    const outboxes = files.outboxes.flatMap((path) => open(path, (one) => new OutboxFile(one)));
    const later = openLedger(files.ledger);
    opened.push(later);
    return auditOpened({ clients, ledger, outboxes, later }, findings, onProgress);
  } finally {
    for (const file of opened) file[Symbol.dispose]();
  }
}

function openLedger(path: string): LedgerFile {
  const cannot = `Cannot verify the ledger ${JSON.stringify(path)}:`;
  try {
    return new LedgerFile(path);
  } catch (error) {
    const isDamaged = error instanceof CorruptStoreError || isDamage(error);
    if (error instanceof UnreadableFileError || (isSqliteError(error) && !isDamaged)) {
      throw new LikesError("undecided", `${cannot} ${error.message}`, { cause: error });
    }
    if (!isDamaged) throw error;
    const found = `${cannot} it is damaged: ${error.message}; restore a backup`;
    throw new LikesError("inexact", found, { cause: error });
  }
}

function auditOpened(
  { clients, ledger, outboxes, later }: Opened,
  findings: Findings,
  onProgress: OnProgress,
): AuditReport {
  const tally = new AuditTally();
  const sources = sourcesOf(outboxes);
  const audited: Audit = {
    ledger,
    tally,
    findings,
    onEvents: progressOf([...sources.values()], onProgress),
  };
  findings.attempt({}, () => ledger.checkIntegrity());
  for (const file of outboxes) auditOutbox(file, audited);
  for (const [incarnation, [first, ...others]] of sources) {
    if (first === undefined) continue;
    const place = { serverId: first.file.serverId, incarnation };
    findings.attempt(place, () => auditIncarnation(first, others, audited));
  }
  const adds = auditClients(clients, sources, audited);
  const ledgerSums = auditLedger(outboxes, audited);
  const nothing = { events: 0, unknownIncarnations: 0 };
  const givenUp = findings.attempt({}, () => sumGivenUp(audited)) ?? nothing;
  findings.attempt({}, () => auditRollback(later, outboxes, findings));
  expectSecondSum(tally, findings);
  for (const { outboxId: _, ...trouble } of ledger.troubles) findings.troubles.add(trouble);
  const { divergences, missing, unclear, troubles, gaps, lost } = findings;
  const { incarnations, records, events, waiting, abandoned } = tally;
  const isDecided = missing.count + unclear.count + troubles.count === 0;
  const { ledgerId, version, totalLikes, copiedMs } = ledger;
  return {
    outcome: divergences.count > 0 ? "inexact" : isDecided ? "exact" : "undecided",
    ledger: { ledgerId, version, totalLikes, copiedMs },
    read: {
      outboxes: outboxes.length,
      incarnations,
      records,
      events,
      items: ledgerSums.itemCount,
      registers: ledgerSums.registerCount,
      operations: ledgerSums.operationCount,
    },
    sums: {
      events: tally.read - tally.named + tally.settled.most + tally.registerLikes,
      outboxes: tally.own,
      repeated: tally.named - tally.settled.most,
      items: ledgerSums.items,
      members: ledgerSums.members,
      registers: ledgerSums.registers,
    },
    waiting,
    abandoned,
    gaps,
    lost,
    givenUp,
    divergences,
    missing,
    unclear,
    troubles,
    clients: adds,
  };
}

/** Audits what belongs to an outbox as a whole. With two secrets a person counts twice. */
function auditOutbox(file: OutboxFile, { ledger, tally, findings }: Audit): void {
  const { serverId, seen, fingerprint } = file;
  tally.outbox(file.outboxId);
  findings.attempt({ serverId }, () => file.checkIntegrity());
  if (seen !== undefined && seen.ledgerId !== ledger.ledgerId) {
    findings.miss({ serverId, what: `its outbox belongs to another ledger, ${seen.ledgerId}` });
    return;
  }
  const expected = ledger.fingerprint ?? fingerprint; // it may have been admitted since
  if (fingerprint === undefined || fingerprint === expected) return;
  findings.diverge({ serverId }, "the fingerprint of its persons.secret", expected, fingerprint);
}

/** A proof takes two sums: without the outboxes' own sum there is only one. */
function expectSecondSum({ own }: AuditTally, findings: Findings): void {
  if (own !== undefined || findings.missing.count > 0) return;
  const what = "the outboxes' own sum is unknown: a counted range ends inside a record";
  findings.miss({ what });
}

/** Returns each incarnation with every outbox that stores it, in the order of the outboxes. */
function sourcesOf(outboxes: readonly OutboxFile[]): ReadonlyMap<StoredId, readonly Source[]> {
  const sources = new Map<StoredId, Source[]>();
  for (const file of outboxes) {
    for (const stored of file.incarnations) {
      const others = sources.get(stored.incarnation) ?? [];
      sources.set(stored.incarnation, [...others, { file, stored }]);
    }
  }
  return sources;
}

/** Returns a function that counts events and calls `onProgress` every PROGRESS_EVENTS. */
function progressOf(
  incarnations: readonly (readonly Source[])[],
  onProgress: OnProgress,
): (count: number) => void {
  let all = 0;
  for (const sources of incarnations) {
    const first = Math.min(...sources.map(({ stored }) => stored.trimmed.sequence));
    const last = Math.max(...sources.map(({ stored }) => stored.lastSequence));
    all += Math.max(0, last - first);
  }
  let [read, reported] = [0, 0];
  return (count) => {
    read += count;
    if (read - reported < PROGRESS_EVENTS) return;
    reported = read;
    onProgress(read, all);
  };
}
