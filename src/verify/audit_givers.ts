/**
 * The givers' own records against the outboxes: each give that was acknowledged has to be where its
 * answer said, with the same item and likes, and under a name of its own.
 */
import { Applied } from "./applied.ts";
import type { Audit } from "./audit_incarnation.ts";
import type { Holder } from "./chain.ts";
import type { Give, GiverFile } from "./giver_lines.ts";
import { decodeEvents, eventText } from "./like_events.ts";
import type { AuditedEvent } from "./like_events.ts";
import type { StoredRecord } from "./outbox_file.ts";
import type { GiversReport, Id } from "./report.ts";
import { Sum } from "./tally.ts";

/** The incarnations that outboxes hold, each with those that do. */
export type Holders = ReadonlyMap<Id, readonly Holder[]>;

/** Names of one page of those that were seen: a bit each. */
const PAGE_NAMES = 4_096;

/** A record whose events are at hand, because the next give is probably in it too. */
interface ReadRecord {
  readonly incarnation: Id;
  readonly record: StoredRecord;
  readonly events: readonly AuditedEvent[];
}

/** Compares gives, one after another. */
class GiversAudit {
  readonly given = new Sum();
  readonly counted = new Sum();
  readonly waiting = new Sum();
  readonly givenUp = new Sum();
  readonly lost = new Sum();
  readonly undecided = new Sum();
  readonly #holders: Holders;
  readonly #audit: Audit;
  readonly #applied = new Map<Id, Applied>();
  readonly #seen = new Map<string, Uint8Array>();
  #last: ReadRecord | undefined;

  constructor(holders: Holders, audit: Audit) {
    this.#holders = holders;
    this.#audit = audit;
  }

  take(give: Give): void {
    const { sequence, itemId, likes } = give;
    this.given.add(likes);
    if (this.#audit.ledger.differing.has(give.incarnation)) return this.#differ(give);
    const found = this.#find(give);
    if (found === undefined) return this.#miss(give);
    const event = found.events[sequence - found.record.firstSequence];
    if (event?.itemId !== itemId || event.likes !== likes) {
      return this.#lose(give, "a give is another event", eventText(event));
    }
    const holders = this.#holders.get(give.incarnation) ?? [];
    if (!holders.some(({ file }) => file.serverId === give.serverId)) {
      const names = holders.map(({ file }) => file.serverId).join(", ");
      return this.#lose(give, "a give is in the outbox of another LikesServer", names);
    }
    if (this.#isSeen(give)) {
      return this.#lose(give, "two gives have one name, or one is recorded twice", "one event");
    }
    this[this.#fateOf(give)].add(likes);
  }

  #fateOf(give: Give): "counted" | "waiting" | "givenUp" {
    const fate = this.#appliedOf(give).fateOf(give.sequence);
    return fate === "abandoned" || fate === "given_up" ? "givenUp" : fate;
  }

  #appliedOf({ incarnation }: Give): Applied {
    const known = this.#applied.get(incarnation);
    if (known !== undefined) return known;
    const [holder] = this.#holders.get(incarnation) ?? [];
    const made = new Applied(this.#audit.ledger, incarnation, holder?.file.outboxId);
    this.#applied.set(incarnation, made);
    return made;
  }

  /** The record in which the give has to be; undefined when no outbox holds it. */
  #find({ incarnation, sequence }: Give): ReadRecord | undefined {
    const last = this.#last;
    const { firstSequence = 0, lastSequence = 0 } = last?.record ?? {};
    const isInLast = sequence >= firstSequence && sequence <= lastSequence;
    if (last?.incarnation === incarnation && isInLast) return last;
    for (const holder of this.#holders.get(incarnation) ?? []) {
      const record = holder.file.recordWith(holder.held, sequence);
      if (record?.bytes === undefined) continue;
      this.#last = { incarnation, record, events: decodeEvents(record.bytes) };
      return this.#last;
    }
    return undefined;
  }

  /** What no outbox holds is lost only where nobody can have let go of it, or was copied before it. */
  #miss(give: Give): void {
    const { incarnation, sequence, likes } = give;
    if (this.#fateOf(give) === "givenUp") return this.givenUp.add(likes);
    const holders = this.#holders.get(incarnation) ?? [];
    const isTrimmed = holders.some(({ held }) => held.trimmed.sequence >= sequence);
    const isApplied = sequence <= this.#appliedOf(give).sequence;
    const isWhole = holders.some(({ file }) => !file.isCopy);
    if (isWhole && !isTrimmed && !isApplied) {
      return this.#lose(give, "a give that was acknowledged is in no outbox", "nothing");
    }
    return this.#undecide(give, "the event of a give is in no outbox any more");
  }

  /** Other events than an outbox has were applied: nobody can look at those, and what follows ends. */
  #differ(give: Give): void {
    if (this.#fateOf(give) !== "counted") return this.givenUp.add(give.likes);
    return this.#undecide(give, "the event of a give is perhaps not the one that was applied");
  }

  #undecide({ serverId, incarnation, sequence, likes }: Give, what: string): void {
    this.undecided.add(likes);
    const range = { firstSequence: sequence, lastSequence: sequence };
    this.#audit.findings.miss({ serverId, incarnation, ...range, what });
  }

  #lose(give: Give, what: string, found: string): void {
    const { serverId, incarnation, sequence, itemId, likes } = give;
    this.lost.add(likes);
    const place = { serverId, incarnation, sequence, itemId };
    this.#audit.findings.diverge(place, what, eventText(give), found);
  }

  /** Whether a give had this name before. Only names that an outbox holds are kept. */
  #isSeen({ incarnation, sequence }: Give): boolean {
    const name = `${incarnation} ${Math.floor(sequence / PAGE_NAMES)}`;
    const page = this.#seen.get(name) ?? new Uint8Array(PAGE_NAMES / 8);
    this.#seen.set(name, page);
    const [index, bit] = [Math.floor((sequence % PAGE_NAMES) / 8), 1 << (sequence % 8)];
    const before = page[index] ?? 0;
    page[index] = before | bit;
    return (before & bit) !== 0;
  }
}

/** Compares every give of `files`; undefined when there are none. */
export function auditGivers(
  files: readonly GiverFile[],
  holders: Holders,
  audit: Audit,
): GiversReport | undefined {
  if (files.length === 0) return undefined;
  const gives = new GiversAudit(holders, audit);
  let unacknowledged = 0;
  for (const file of files) {
    for (const [number, line] of file.lines()) {
      if (line.type === "unacknowledged") unacknowledged++;
      else if (line.type === "give") {
        const { serverId, incarnation, sequence } = line.give;
        audit.findings.attempt({ serverId, incarnation, sequence }, () => gives.take(line.give));
      } else {
        const what = `line ${number} of ${JSON.stringify(file.path)} is no give`;
        audit.findings.miss({ what });
      }
    }
  }
  const { given, counted, waiting, givenUp, lost, undecided } = gives;
  return { given, counted, waiting, givenUp, lost, undecided, unacknowledged };
}
