/** The ledger inside one transaction, and what a group of commands has changed of it so far. */
import { assert } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import {
  TROUBLES_OF_OUTBOX_MAX,
  TROUBLES_RECORDED_MAX,
  TROUBLES_REPORTED_MAX,
} from "../../limits.ts";
import type { LedgerTransaction } from "./ledger.ts";
import type {
  AsOfSpan,
  DecisionKind,
  DecisionRow,
  IncarnationRow,
  LedgerMeta,
  MemberRow,
  TroubleRow,
} from "./rows.ts";
import type { EventRange, Trouble, TroubleKind } from "../protocol/messages.ts";
import { origin } from "../protocol/record.ts";
import type { IncarnationId, OutboxId } from "../protocol/ids.ts";

/** What is not usual about a trouble that is recorded. */
export interface TroubleOptions {
  readonly doubtfulAsOf?: AsOfSpan;
  /** Whether a LikesServer says so, and not the ledger: it says so again. */
  readonly isReported?: boolean;
}

/** Why nothing was done: it found trouble of that kind, for which there is no room. */
export interface Unrecorded {
  readonly kind: TroubleKind;
  readonly refusal: Refusal;
}

/** What an attempt came to. */
export type Attempted<T> =
  | { readonly type: "done"; readonly value: T }
  | { readonly type: "unrecorded"; readonly unrecorded: Unrecorded };

/** Rows are changed through this, so that a group that changes nothing commits nothing. */
export class UnitOfWork {
  readonly ledger: LedgerTransaction;
  readonly #nowUnixMs: number;
  readonly #before: LedgerMeta;
  #members = new Map<OutboxId, MemberRow>();
  readonly #troubles: TroubleRow[] = [];
  readonly #decisions: DecisionRow[] = [];
  #totalLikes: bigint;
  #asOfMs: number;
  #isChanged = false;
  /** What the attempt that is under way found and could not record. */
  #unrecorded: Unrecorded | undefined;

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
  incarnationOr(incarnation: IncarnationId, outboxId: OutboxId): IncarnationRow {
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
    this.ledger.addLikes(itemId, gained);
    this.#totalLikes += gained;
    this.#isChanged = true;
  }

  /**
   * Does all of `work`, or nothing of it when it finds trouble that has no room. A sign of amnesia can
   * come only once. Because nothing of `work` is kept, the next attempt finds the sign again.
   */
  attempt<T>(work: () => T): Attempted<T> {
    const [members, isChanged] = [[...this.#members], this.#isChanged];
    const [troubles, decisions] = [this.#troubles.length, this.#decisions.length];
    const totalLikes = this.#totalLikes;
    let attempted: Attempted<T> | undefined;
    this.ledger.attempt(() => {
      const value = work();
      const unrecorded = this.#unrecorded;
      attempted =
        unrecorded === undefined ? { type: "done", value } : { type: "unrecorded", unrecorded };
      return unrecorded === undefined;
    });
    assert(attempted !== undefined, "an attempt comes to something");
    if (attempted.type === "done") return attempted;
    this.#unrecorded = undefined;
    this.#members = new Map(members);
    this.#troubles.length = troubles;
    this.#decisions.length = decisions;
    this.#totalLikes = totalLikes;
    this.#isChanged = isChanged;
    return attempted;
  }

  /** Records a trouble once. One without room makes the attempt that is under way come to nothing. */
  addTrouble(outboxId: OutboxId | undefined, trouble: Trouble, options: TroubleOptions = {}): void {
    const { doubtfulAsOf, isReported = false } = options;
    const row = this.ledger.addTrouble({
      ...trouble,
      doubtfulAsOf,
      outboxId,
      sinceMs: this.#nowUnixMs,
    });
    if (row === undefined) return;
    this.#troubles.push(row);
    this.#isChanged = true;
    const found = outboxId === undefined ? undefined : this.#lackOfRoom(outboxId, isReported);
    if (found === undefined) return;
    const { kind } = trouble;
    const message = `Cannot record ${kind}: ${found}; decide the troubles that wait`;
    this.#unrecorded ??= { kind, refusal: { code: "trouble_unrecorded", message } };
  }

  /** Says what is full, now that one more trouble of `outboxId` is recorded. */
  #lackOfRoom(outboxId: OutboxId, isReported: boolean): string | undefined {
    if (this.ledger.troublesOf(outboxId).length > TROUBLES_OF_OUTBOX_MAX) {
      return `${TROUBLES_OF_OUTBOX_MAX} troubles of outbox ${outboxId} wait for a decision`;
    }
    const max = isReported ? TROUBLES_REPORTED_MAX : TROUBLES_RECORDED_MAX;
    if (this.ledger.troubleCount() <= max) return undefined;
    return `${max} troubles of the ledger wait for a decision`;
  }

  /** Records a decision about a trouble or a member; `given up` are events that never will count. */
  decide(
    kind: DecisionKind,
    about: TroubleRow | Pick<TroubleRow, "outboxId">,
    reason: string,
    givenUp?: EventRange,
  ): void {
    const { outboxId } = about;
    const ended =
      "kind" in about
        ? { trouble: { number: about.number, kind: about.kind }, incarnation: about.incarnation }
        : { trouble: undefined, incarnation: undefined };
    const when = { asOfMs: this.#asOfMs, decidedMs: this.#nowUnixMs };
    const row = { kind, ...ended, outboxId, givenUp, ...when, reason };
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
    assert(this.#unrecorded === undefined, "trouble of an outbox is found in an attempt");
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
