/** The ledger inside one transaction, and what a group of commands has changed of it so far. */
import { assert } from "../assert.ts";
import { TROUBLES_RECORDED_MAX } from "../limits.ts";
import type {
  DecisionKind,
  DecisionRow,
  IncarnationRow,
  LedgerMeta,
  LedgerTransaction,
  MemberRow,
  TroubleRow,
} from "./ledger.ts";
import type { Trouble } from "./messages.ts";
import { origin } from "./record.ts";
import type { Id } from "./record.ts";

const NO_EVENTS = { firstSequence: 0, lastSequence: 0 };
const NO_SPAN = { asOfFromMs: 0, asOfToMs: 0 };

/** Rows are changed through this, so that a group that changes nothing commits nothing. */
export class LedgerChanges {
  readonly ledger: LedgerTransaction;
  readonly #nowUnixMs: number;
  readonly #before: LedgerMeta;
  readonly #members = new Map<Id, MemberRow>();
  readonly #troubles: TroubleRow[] = [];
  readonly #decisions: DecisionRow[] = [];
  #totalLikes: bigint;
  #asOfMs: number;
  #isChanged = false;

  /** The wall clock `nowUnixMs` dates rows for people, and decides nothing. */
  constructor(ledger: LedgerTransaction, nowUnixMs: number) {
    this.ledger = ledger;
    this.#nowUnixMs = nowUnixMs;
    this.#before = ledger.meta();
    this.#totalLikes = this.#before.totalLikes;
    this.#asOfMs = this.#before.asOfMs;
  }

  /** The grand total now. */
  get totalLikes(): bigint {
    return this.#totalLikes;
  }

  /** The committed `as_of`, or what it was advanced to. */
  get asOfMs(): number {
    return this.#asOfMs;
  }

  /** The member rows that were changed, each as it is now. */
  get members(): readonly MemberRow[] {
    return [...this.#members.values()];
  }

  /** The troubles that were added. */
  get troubles(): readonly TroubleRow[] {
    return this.#troubles;
  }

  /** What was decided. */
  get decisions(): readonly DecisionRow[] {
    return this.#decisions;
  }

  /** The row of an incarnation, or the one that it would begin with. */
  incarnationOr(incarnation: Id, outboxId: Id): IncarnationRow {
    const { sequence: appliedSequence, digest } = origin(incarnation);
    const unheard = { incarnation, outboxId, appliedSequence, digest, state: "open" } as const;
    return this.ledger.incarnation(incarnation) ?? unheard;
  }

  setIncarnation(row: IncarnationRow): IncarnationRow {
    this.ledger.setIncarnation(row);
    this.#isChanged = true;
    return row;
  }

  setMember(row: MemberRow): MemberRow {
    this.ledger.setMember(row);
    this.#members.set(row.outboxId, row);
    this.#isChanged = true;
    return row;
  }

  /** Adds likes to an item and to the grand total. */
  addLikes(itemId: string, gained: bigint): void {
    assert(gained >= 0n, "likes never shrink");
    this.ledger.setItemLikes(itemId, this.ledger.itemLikes(itemId) + gained);
    this.#totalLikes += gained;
    this.#isChanged = true;
  }

  /** `span`: what was shown of `as_of` may be wrong after the first and up to the second. */
  addTrouble(outboxId: Id | "", trouble: Trouble, span = NO_SPAN): void {
    if (this.ledger.troubleCount() >= TROUBLES_RECORDED_MAX) return;
    const row = this.ledger.addTrouble({ ...trouble, ...span, outboxId, sinceMs: this.#nowUnixMs });
    if (row === undefined) return;
    this.#troubles.push(row);
    this.#isChanged = true;
  }

  /** Records a decision about a trouble or a member; `given up` are events that never will count. */
  decide(
    kind: DecisionKind,
    about: TroubleRow | Pick<TroubleRow, "outboxId">,
    reason: string,
    givenUp = NO_EVENTS,
  ): void {
    const trouble =
      "kind" in about
        ? { trouble: about.kind, troubleNumber: about.number, incarnation: about.incarnation }
        : ({ trouble: "", troubleNumber: 0, incarnation: "" } as const);
    const { outboxId } = about;
    const when = { asOfMs: this.#asOfMs, decidedMs: this.#nowUnixMs };
    const row = { kind, ...trouble, outboxId, ...givenUp, ...when, reason };
    this.#decisions.push(this.ledger.addDecision(row));
    this.#isChanged = true;
  }

  /** The ledger has said that it is a copy. */
  clearCopied(): void {
    this.ledger.clearCopied();
    this.#isChanged = true;
  }

  /** `as_of` never goes back, and stands still while trouble is recorded. */
  advance(asOfMs: number): void {
    if (asOfMs <= this.#asOfMs || this.ledger.troubleCount() > 0) return;
    this.#asOfMs = asOfMs;
    this.#isChanged = true;
  }

  /** Stores the ledger's own row as a new version, if anything was changed; gives that row. */
  finish(): LedgerMeta {
    if (!this.#isChanged) return this.#before;
    const version = this.#before.version + 1;
    const grown = this.#totalLikes !== this.#before.totalLikes;
    const meta = {
      version,
      totalLikes: this.#totalLikes,
      totalVersion: grown ? version : this.#before.totalVersion,
      asOfMs: this.#asOfMs,
    };
    this.ledger.setMeta(meta);
    return meta;
  }
}
