/**
 * Compares the clients' records with the outboxes. Each acknowledged add must be at the sequence
 * its response named, with the same item and likes, and no two adds may share an event.
 */
import { Applied } from "./applied.ts";
import type { Audit } from "./audit_incarnation.ts";
import type { Source } from "./chain.ts";
import type { AcknowledgedAdd, ClientFile } from "./client_lines.ts";
import { decodeEvents, eventText } from "./like_events.ts";
import type { AuditedEvent } from "./like_events.ts";
import type { StoredRecord } from "./outbox_file.ts";
import type { ClientsReport, StoredId } from "./report.ts";
import { Sum } from "./tally.ts";

/** Each incarnation with every outbox that stores it. */
export type Sources = ReadonlyMap<StoredId, readonly Source[]>;

/** Sequences in one page of the seen set, one bit each. */
const PAGE_SEQUENCES = 4_096;

/** The last decoded record, kept because the next add is probably in it too. */
interface ReadRecord {
  readonly incarnation: StoredId;
  readonly record: StoredRecord;
  readonly events: readonly AuditedEvent[];
}

/** Compares adds, one at a time. */
class ClientsAudit {
  readonly acknowledged = new Sum();
  readonly counted = new Sum();
  readonly waiting = new Sum();
  readonly givenUp = new Sum();
  readonly lost = new Sum();
  readonly undecided = new Sum();
  readonly #sources: Sources;
  readonly #audit: Audit;
  readonly #applied = new Map<StoredId, Applied>();
  readonly #seen = new Map<string, Uint8Array>();
  #last: ReadRecord | undefined;

  constructor(sources: Sources, audit: Audit) {
    this.#sources = sources;
    this.#audit = audit;
  }

  take(add: AcknowledgedAdd): void {
    const { sequence, itemId, likes } = add;
    this.acknowledged.add(likes);
    if (this.#audit.ledger.differing.has(add.incarnation)) return this.#differ(add);
    const found = this.#find(add);
    if (found === undefined) return this.#miss(add);
    const event = found.events[sequence - found.record.events.first];
    if (event?.kind !== "add" || event.itemId !== itemId || event.likes !== likes) {
      return this.#lose(add, "an acknowledged add is a different event", eventText(event));
    }
    const sources = this.#sources.get(add.incarnation) ?? [];
    if (!sources.some(({ file }) => file.serverId === add.serverId)) {
      const names = sources.map(({ file }) => file.serverId).join(", ");
      return this.#lose(add, "an acknowledged add is in another LikesServer's outbox", names);
    }
    if (this.#isSeen(add)) {
      return this.#lose(add, "two adds share an event, or one is recorded twice", "one event");
    }
    this[this.#fateOf(add)].add(likes);
  }

  #fateOf(add: AcknowledgedAdd): "counted" | "waiting" | "givenUp" {
    const fate = this.#appliedOf(add).fateOf(add.sequence);
    return fate === "abandoned" || fate === "given_up" ? "givenUp" : fate;
  }

  #appliedOf({ incarnation }: AcknowledgedAdd): Applied {
    const known = this.#applied.get(incarnation);
    if (known !== undefined) return known;
    const [source] = this.#sources.get(incarnation) ?? [];
    const made = new Applied(this.#audit.ledger, incarnation, source?.file.outboxId);
    this.#applied.set(incarnation, made);
    return made;
  }

  /** Returns the record that should hold the add; undefined when no outbox stores it. */
  #find({ incarnation, sequence }: AcknowledgedAdd): ReadRecord | undefined {
    const last = this.#last;
    const range = last?.record.events ?? { first: 0, last: 0 };
    const isInLast = sequence >= range.first && sequence <= range.last;
    if (last?.incarnation === incarnation && isInLast) return last;
    for (const source of this.#sources.get(incarnation) ?? []) {
      const record = source.file.recordWith(source.stored, sequence);
      if (record?.bytes === undefined) continue;
      this.#last = { incarnation, record, events: decodeEvents(record.bytes) };
      return this.#last;
    }
    return undefined;
  }

  /** An absent add is lost only if no outbox can have trimmed it or been copied before it. */
  #miss(add: AcknowledgedAdd): void {
    const { incarnation, sequence, likes } = add;
    if (this.#fateOf(add) === "givenUp") return this.givenUp.add(likes);
    const sources = this.#sources.get(incarnation) ?? [];
    const isTrimmed = sources.some(({ stored }) => stored.trimmed.sequence >= sequence);
    const isApplied = sequence <= this.#appliedOf(add).sequence;
    const isWhole = sources.some(({ file }) => !file.isCopy);
    if (isWhole && !isTrimmed && !isApplied) {
      return this.#lose(add, "an acknowledged add is in no outbox", "nothing");
    }
    return this.#undecide(add, "an acknowledged add is no longer in any outbox");
  }

  /**
   * The ledger applied events that the outbox lacks: they cannot be read, and later ones are given
   * up.
   */
  #differ(add: AcknowledgedAdd): void {
    if (this.#fateOf(add) !== "counted") return this.givenUp.add(add.likes);
    return this.#undecide(add, "the applied event may differ from this add");
  }

  #undecide({ serverId, incarnation, sequence, likes }: AcknowledgedAdd, what: string): void {
    this.undecided.add(likes);
    const events = { first: sequence, last: sequence };
    this.#audit.findings.miss({ serverId, incarnation, events, what });
  }

  #lose(add: AcknowledgedAdd, what: string, found: string): void {
    const { serverId, incarnation, sequence, itemId, likes } = add;
    this.lost.add(likes);
    const place = { serverId, incarnation, sequence, itemId };
    const expected = eventText({ kind: "add", itemId, likes, operation: undefined });
    this.#audit.findings.diverge(place, what, expected, found);
  }

  /** Returns whether an earlier add had this sequence. Remembers stored sequences only. */
  #isSeen({ incarnation, sequence }: AcknowledgedAdd): boolean {
    const key = `${incarnation} ${Math.floor(sequence / PAGE_SEQUENCES)}`;
    const page = this.#seen.get(key) ?? new Uint8Array(PAGE_SEQUENCES / 8);
    this.#seen.set(key, page);
    const [index, bit] = [Math.floor((sequence % PAGE_SEQUENCES) / 8), 1 << (sequence % 8)];
    const before = page[index] ?? 0;
    page[index] = before | bit;
    return (before & bit) !== 0;
  }
}

/** Compares every add in `files`. Returns undefined without files. */
export function auditClients(
  files: readonly ClientFile[],
  sources: Sources,
  audit: Audit,
): ClientsReport | undefined {
  if (files.length === 0) return undefined;
  const adds = new ClientsAudit(sources, audit);
  let unacknowledged = 0;
  for (const file of files) {
    for (const [number, line] of file.lines()) {
      if (line.type === "unacknowledged") unacknowledged++;
      else if (line.type === "add") {
        const { serverId, incarnation, sequence } = line.add;
        audit.findings.attempt({ serverId, incarnation, sequence }, () => adds.take(line.add));
      } else {
        const what = `line ${number} of ${JSON.stringify(file.path)} is not from likes add --json`;
        audit.findings.miss({ what });
      }
    }
  }
  const { acknowledged, counted, waiting, givenUp, lost, undecided } = adds;
  return { acknowledged, counted, waiting, givenUp, lost, undecided, unacknowledged };
}
