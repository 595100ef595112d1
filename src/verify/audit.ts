/**
 * `likes verify`: proves the number of a ledger from the events, or says what is wrong or missing.
 *
 * It shares no code with the roles but the driver of SQLite, the errors, and the bounds that the
 * protocol names: what counts the likes does not also judge the count. The sum is made twice, from the
 * events and from the sums that the outboxes keep. An incomplete history is never called exact.
 *
 * The givers' records are opened first, then the ledger, then the outboxes: so what a giver was told,
 * and what a ledger applied, is in the outboxes that are read, also while all of them go on working.
 * Only an outbox that retains nothing may let go of an event in between, which is told as missing.
 * What outboxes have heard of the ledger is held against the ledger as it is after that.
 */
import { basename, dirname } from "node:path";
import { LikesError } from "../errors.ts";
import { auditClients } from "./audit_clients.ts";
import { auditHeard } from "./audit_heard.ts";
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
import type { AuditReport, Id } from "./report.ts";
import { Tally } from "./tally.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";

/** What is to be audited together. */
export interface AuditedFiles {
  readonly ledger: string;
  /** Of all LikesServers, and copies of them, wherever they are. */
  readonly outboxes: readonly string[];
  readonly clients: readonly string[];
}

/** Is told how many events are read, of how many. */
export type OnProgress = (events: number, allEvents: number) => void;

/** Events after which whoever waits is told. */
const TOLD_EVENTS = 10_000;

interface Opened {
  readonly clients: readonly ClientFile[];
  readonly ledger: LedgerFile;
  readonly outboxes: readonly OutboxFile[];
  /** The ledger as it was after the outboxes were opened. */
  readonly later: LedgerFile;
}

/** Audits `files`. Throws LikesError `undecided` or `inexact` when the ledger itself cannot be read. */
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
    const found = `${cannot} it is damaged: ${error.message}; put a copy back`;
    throw new LikesError("inexact", found, { cause: error });
  }
}

function auditOpened(
  { clients, ledger, outboxes, later }: Opened,
  findings: Findings,
  onProgress: OnProgress,
): AuditReport {
  const tally = new Tally();
  const sources = holdersOf(outboxes);
  const audited: Audit = {
    ledger,
    tally,
    findings,
    onEvents: progressOf([...sources.values()], onProgress),
  };
  findings.attempt({}, () => ledger.checkIntegrity());
  for (const file of outboxes) {
    const { serverId, seen } = file;
    tally.outbox(file.outboxId);
    findings.attempt({ serverId }, () => file.checkIntegrity());
    if (seen === undefined || seen.ledgerId === ledger.ledgerId) continue;
    findings.miss({ serverId, what: `its outbox belongs to another ledger, ${seen.ledgerId}` });
  }
  for (const [incarnation, [first, ...others]] of sources) {
    if (first === undefined) continue;
    const place = { serverId: first.file.serverId, incarnation };
    findings.attempt(place, () => auditIncarnation(first, others, audited));
  }
  const adds = auditClients(clients, sources, audited);
  const ledgerSums = auditLedger(outboxes, audited);
  const nothing = { events: 0, unknownIncarnations: 0 };
  const givenUp = findings.attempt({}, () => sumGivenUp(audited)) ?? nothing;
  findings.attempt({}, () => auditHeard(later, outboxes, findings));
  expectSecondSum(tally, findings);
  for (const { outboxId: _, ...trouble } of ledger.troubles) findings.troubles.add(trouble);
  const { divergences, missing, troubles, gaps, lost } = findings;
  const { incarnations, records, events, waiting, abandoned } = tally;
  const isDecided = missing.count + troubles.count === 0;
  const { ledgerId, version, totalLikes, copiedMs } = ledger;
  return {
    outcome: divergences.count > 0 ? "inexact" : isDecided ? "exact" : "undecided",
    ledger: { ledgerId, version, totalLikes, copiedMs },
    read: { outboxes: outboxes.length, incarnations, records, events, items: ledgerSums.itemCount },
    sums: {
      events: tally.likes,
      outboxes: tally.own,
      items: ledgerSums.items,
      members: ledgerSums.members,
    },
    waiting,
    abandoned,
    gaps,
    lost,
    givenUp,
    divergences,
    missing,
    troubles,
    clients: adds,
  };
}

/** Two sums are what a proof takes: without the outboxes' own there is one alone. */
function expectSecondSum({ own }: Tally, findings: Findings): void {
  if (own !== undefined || findings.missing.count > 0) return;
  const what = "the outboxes' own sum is not known: what was given up ends inside a record";
  findings.miss({ what });
}

/** The incarnations that are held, in the order of the outboxes, each with all that hold it. */
function holdersOf(outboxes: readonly OutboxFile[]): ReadonlyMap<Id, readonly Source[]> {
  const sources = new Map<Id, Source[]>();
  for (const file of outboxes) {
    for (const held of file.incarnations) {
      const others = sources.get(held.incarnation) ?? [];
      sources.set(held.incarnation, [...others, { file, held }]);
    }
  }
  return sources;
}

/** Counts events, and tells now and then how far it is. */
function progressOf(
  incarnations: readonly (readonly Source[])[],
  onProgress: OnProgress,
): (count: number) => void {
  let all = 0;
  for (const sources of incarnations) {
    const first = Math.min(...sources.map(({ held }) => held.trimmed.sequence));
    const last = Math.max(...sources.map(({ held }) => held.lastSequence));
    all += Math.max(0, last - first);
  }
  let [read, told] = [0, 0];
  return (count) => {
    read += count;
    if (read - told < TOLD_EVENTS) return;
    told = read;
    onProgress(read, all);
  };
}
