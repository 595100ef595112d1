/** The ledger inside one transaction, and what a group of commands has changed of it so far. */
import { assert } from "../assert.ts";
import { TROUBLES_RECORDED_MAX } from "../limits.ts";
import type {
  IncarnationRow,
  LedgerMeta,
  LedgerTransaction,
  MemberRow,
  TroubleRow,
} from "./ledger.ts";
import type { Trouble } from "./messages.ts";
import { origin } from "./record.ts";
import type { Id } from "./record.ts";

/** Rows are changed through this, so that a group that changes nothing commits nothing. */
export class LedgerChanges {
  readonly ledger: LedgerTransaction;
  readonly #nowUnixMs: number;
  readonly #before: LedgerMeta;
  readonly #members = new Map<Id, MemberRow>();
  readonly #troubles: TroubleRow[] = [];
  #totalLikes: bigint;
  #asOfMs: number;
  #isChanged = false;

  /** The wall clock `nowUnixMs` dates troubles for people, and decides nothing. */
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

  /** The member rows that were changed, each as it is now. */
  get members(): readonly MemberRow[] {
    return [...this.#members.values()];
  }

  /** The troubles that were added. */
  get troubles(): readonly TroubleRow[] {
    return this.#troubles;
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

  addTrouble(outboxId: Id, trouble: Trouble): void {
    if (this.ledger.troubleCount() >= TROUBLES_RECORDED_MAX) return;
    const row = { ...trouble, outboxId, sinceMs: this.#nowUnixMs };
    if (!this.ledger.addTrouble(row)) return;
    this.#troubles.push(row);
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
