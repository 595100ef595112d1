/** The changes of one transaction: what the commands of a commit have set so far. */
import { assert } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import {
  TROUBLES_OF_OUTBOX_MAX,
  TROUBLES_RECORDED_MAX,
  TROUBLES_REPORTED_MAX,
} from "../../limits.ts";
import type { LedgerTransaction } from "./ledger_transaction.ts";
import type {
  AsOfSpan,
  DecisionKind,
  DecisionRow,
  IncarnationRow,
  KeptLikes,
  LedgerMeta,
  MemberRow,
  TroubleRow,
} from "./rows.ts";
import type { Trouble, TroubleKind } from "../protocol/messages.ts";
import { placeOf } from "../protocol/operation.ts";
import type { Operation } from "../protocol/operation.ts";
import { origin } from "../protocol/record.ts";
import type { EventRange } from "../protocol/record.ts";
import { PLAIN_LIKE } from "../protocol/register.ts";
import type { RegisterState } from "../protocol/register.ts";
import type { Fingerprint, IncarnationId, OutboxId, PersonId } from "../protocol/ids.ts";

/** What is special about a trouble. */
export interface TroubleOptions {
  readonly doubtfulAsOf?: AsOfSpan;
  /** Whether a LikesServer reported it, and will repeat it. False when the ledger found it. */
  readonly isReported?: boolean;
}

/** Why an attempt was undone: it found trouble of that kind, which has no room. */
export interface Unrecorded {
  readonly kind: TroubleKind;
  readonly refusal: Refusal;
}

/** How an attempt ended. */
export type Attempted<T> =
  | { readonly type: "done"; readonly value: T }
  | { readonly type: "unrecorded"; readonly unrecorded: Unrecorded };

/** Rules change rows through this class, so that a transaction without changes commits nothing. */
export class UnitOfWork {
  readonly ledger: LedgerTransaction;
  readonly #nowUnixMs: number;
  readonly #before: LedgerMeta;
  #members = new Map<OutboxId, MemberRow>();
  readonly #troubles: TroubleRow[] = [];
  readonly #decisions: DecisionRow[] = [];
  #totalLikes: bigint;
  #asOfMs: number;
  #fingerprint: Fingerprint | undefined;
  #isChanged = false;
  /** The trouble that the current attempt could not record. */
  #unrecorded: Unrecorded | undefined;

  /** The wall clock `nowUnixMs` dates rows for people, and decides nothing. */
  constructor(ledger: LedgerTransaction, nowUnixMs: number) {
    this.ledger = ledger;
    this.#nowUnixMs = nowUnixMs;
    this.#before = ledger.meta();
    this.#totalLikes = this.#before.totalLikes;
    this.#asOfMs = this.#before.asOfMs;
    this.#fingerprint = this.#before.fingerprint;
  }

  /** The grand total, with the changes so far. */
  get totalLikes(): bigint {
    return this.#totalLikes;
  }

  /** The committed `as_of`, or the newer one that this transaction sets. */
  get asOfMs(): number {
    return this.#asOfMs;
  }

  /** The fingerprint of the ledger, fixed now if this transaction fixes it. */
  get fingerprint(): Fingerprint | undefined {
    return this.#fingerprint;
  }

  /** The changed member rows, as they are now. */
  get members(): readonly MemberRow[] {
    return [...this.#members.values()];
  }

  /** The added troubles. */
  get troubles(): readonly TroubleRow[] {
    return this.#troubles;
  }

  /** The added decisions, in order. */
  get decisions(): readonly DecisionRow[] {
    return this.#decisions;
  }

  /**
   * Returns the row of an incarnation; for one that is new to the ledger, its first row, not set.
   */
  incarnationOr(incarnation: IncarnationId, outboxId: OutboxId): IncarnationRow {
    const { sequence: appliedSequence, digest } = origin(incarnation);
    const first = { incarnation, outboxId, appliedSequence, digest, state: "open" } as const;
    return this.ledger.incarnation(incarnation) ?? first;
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

  /** Fixes the fingerprint of the ledger, once. */
  fixFingerprint(fingerprint: Fingerprint): void {
    if (this.#fingerprint === fingerprint) return;
    assert(this.#fingerprint === undefined, "a ledger keeps its fingerprint");
    this.#fingerprint = fingerprint;
    this.#isChanged = true;
  }

  /** Adds likes of a reaction to an item and to the grand total. Fewer than 0 take likes back. */
  addLikes(itemId: string, gained: bigint, reaction = PLAIN_LIKE): void {
    this.ledger.addLikes(itemId, gained, reaction);
    this.#totalLikes += gained;
    this.#isChanged = true;
  }

  setRegister(person: PersonId, itemId: string, state: RegisterState): void {
    this.ledger.setRegister(person, itemId, state);
    this.#isChanged = true;
  }

  /** Forgets a person. `kept` are the likes that stay. */
  forget(person: PersonId, withdraw: boolean, kept: readonly KeptLikes[]): void {
    this.ledger.forget({ person, withdraw, kept });
    this.#isChanged = true;
  }

  /** Counts an operation. Returns false when it has counted before. */
  count(operation: Operation): boolean {
    const place = placeOf(operation);
    const counted = this.ledger.countedOperations(place);
    if ((counted & place.bit) !== 0n) return false;
    this.ledger.setCountedOperations(place, counted | place.bit);
    this.#isChanged = true;
    return true;
  }

  /**
   * Runs `work`, and undoes all of it when it finds trouble that has no room. A sign of amnesia may
   * come only once: because nothing of `work` is kept, the next attempt finds the sign again.
   */
  attempt<T>(work: () => T): Attempted<T> {
    const [members, isChanged] = [[...this.#members], this.#isChanged];
    const [troubles, decisions] = [this.#troubles.length, this.#decisions.length];
    const [totalLikes, fingerprint] = [this.#totalLikes, this.#fingerprint];
    let attempted: Attempted<T> | undefined;
    this.ledger.attempt(() => {
      const value = work();
      const unrecorded = this.#unrecorded;
      attempted =
        unrecorded === undefined ? { type: "done", value } : { type: "unrecorded", unrecorded };
      return unrecorded === undefined;
    });
    assert(attempted !== undefined, "an attempt has an outcome");
    if (attempted.type === "done") return attempted;
    this.#unrecorded = undefined;
    this.#members = new Map(members);
    this.#troubles.length = troubles;
    this.#decisions.length = decisions;
    this.#totalLikes = totalLikes;
    this.#fingerprint = fingerprint;
    this.#isChanged = isChanged;
    return attempted;
  }

  /** Records a trouble, once. A trouble without room undoes the current attempt. */
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
    const message = `Cannot record ${kind}: ${found}; decide the recorded troubles`;
    this.#unrecorded ??= { kind, refusal: { code: "trouble_unrecorded", message } };
  }

  /**
   * Returns the exceeded bound, now that a trouble of `outboxId` is added; undefined when there is
   * room.
   */
  #lackOfRoom(outboxId: OutboxId, isReported: boolean): string | undefined {
    if (this.ledger.troublesOf(outboxId).length > TROUBLES_OF_OUTBOX_MAX) {
      return `${TROUBLES_OF_OUTBOX_MAX} troubles of outbox ${outboxId} wait for a decision`;
    }
    const max = isReported ? TROUBLES_REPORTED_MAX : TROUBLES_RECORDED_MAX;
    if (this.ledger.troubleCount() <= max) return undefined;
    return `${max} troubles of the ledger wait for a decision`;
  }

  /** Records a decision about a trouble or a member. `givenUp` are events that will never count. */
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

  /** Notes that the ledger has recorded that it was opened from a backup. */
  clearCopied(): void {
    this.ledger.clearCopied();
    this.#isChanged = true;
  }

  /** Advances `as_of`, which never goes back, and stands still while a trouble is undecided. */
  advance(asOfMs: number): void {
    if (asOfMs <= this.#asOfMs || this.ledger.troubleCount() > 0) return;
    this.#asOfMs = asOfMs;
    this.#isChanged = true;
  }

  /** Sets the ledger's own row, as a new version, if anything has changed. Returns that row. */
  finish(): LedgerMeta {
    assert(this.#unrecorded === undefined, "trouble without room is found inside an attempt");
    if (!this.#isChanged) return this.#before;
    const version = this.#before.version + 1;
    const grown = this.#totalLikes !== this.#before.totalLikes;
    const meta = {
      version,
      totalLikes: this.#totalLikes,
      totalVersion: grown ? version : this.#before.totalVersion,
      asOfMs: this.#asOfMs,
      fingerprint: this.#fingerprint,
    };
    this.ledger.setMeta(meta);
    return meta;
  }
}
