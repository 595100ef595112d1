/**
 * One transaction of the ledger: the rows that the store has loaded, overlaid with what the rules
 * have set since. All that was set is one write set, which the store commits or loses as a whole.
 */
import { assert } from "../../assert.ts";
import type { GenerationId, IncarnationId, OutboxId, PersonId } from "../protocol/ids.ts";
import type { Trouble } from "../protocol/messages.ts";
import type { OperationBlock } from "../protocol/operation.ts";
import { PLAIN_LIKE, partsOfKey, rankOf, registerKey, stateOf } from "../protocol/register.ts";
import type { RegisterKey, RegisterState } from "../protocol/register.ts";
import { FORGOTTEN } from "./loaded_rows.ts";
import type { Loaded, PlacedIncarnation } from "./loaded_rows.ts";
import { covers, isSameTrouble } from "./rows.ts";
import type {
  DecisionRow,
  ForgottenRow,
  GenerationRow,
  IncarnationRow,
  IncarnationStatus,
  LedgerMeta,
  MemberRow,
  MemberStatus,
  NewDecision,
  NewTrouble,
  TroubleRow,
} from "./rows.ts";

/** All that a transaction set, to be written at once. Each key has one row, the newest. */
export interface WriteSet {
  readonly meta: LedgerMeta;
  readonly isCopyRecorded: boolean;
  readonly members: readonly MemberRow[];
  readonly incarnations: readonly IncarnationRow[];
  /** What each item gains, by item id. Below 0 if persons took back more than was added. */
  readonly likes: ReadonlyMap<string, bigint>;
  /** The part of that in reactions other than the plain like: by reaction, then by item id. */
  readonly reactions: ReadonlyMap<number, ReadonlyMap<string, bigint>>;
  /** The rank of each register that was set. */
  readonly registers: ReadonlyMap<RegisterKey, number>;
  readonly operations: readonly CountedOperations[];
  /** Persons whose registers go. None of them is in `registers`. */
  readonly forgotten: readonly ForgottenRow[];
  readonly troubles: readonly TroubleRow[];
  readonly decisions: readonly DecisionRow[];
}

/** Operations of a block that have counted: a bit for each. */
export interface CountedOperations extends OperationBlock {
  readonly counted: bigint;
}

/** The ledger inside one transaction. */
export class LedgerTransaction {
  readonly #loaded: Loaded;
  #meta: LedgerMeta | undefined;
  #isCopyRecorded = false;
  readonly #members = new Map<OutboxId, MemberRow>();
  readonly #incarnations = new Map<IncarnationId, PlacedIncarnation>();
  readonly #likes = new Map<string, bigint>();
  readonly #reactions = new Map<number, Map<string, bigint>>();
  readonly #registers = new Map<RegisterKey, number>();
  /** By client and block. */
  readonly #operations = new Map<string, CountedOperations>();
  readonly #forgotten = new Map<PersonId, ForgottenRow>();
  readonly #troubles: TroubleRow[] = [];
  readonly #decisions: DecisionRow[] = [];
  /** Troubles that this transaction has decided. */
  readonly #decided = new Map<number, TroubleRow>();
  #isChanged = false;
  /** Undoes what the current attempt has set; the newest change is last. */
  #undo: (() => void)[] | undefined;

  constructor(loaded: Loaded) {
    this.#loaded = loaded;
  }

  /** All that was set; undefined when nothing was set. */
  get writeSet(): WriteSet | undefined {
    if (!this.#isChanged) return undefined;
    return {
      meta: this.meta(),
      isCopyRecorded: this.#isCopyRecorded,
      members: [...this.#members.values()],
      incarnations: [...this.#incarnations.values()].map(({ row }) => row),
      likes: this.#likes,
      reactions: this.#reactions,
      registers: this.#registers,
      operations: [...this.#operations.values()],
      forgotten: [...this.#forgotten.values()],
      troubles: this.#troubles,
      decisions: this.#decisions,
    };
  }

  /** Runs `work`, and undoes all that it set unless it returns true. Returns its result. */
  attempt(work: () => boolean): boolean {
    assert(this.#undo === undefined, "an attempt makes no other attempt");
    const undo: (() => void)[] = [];
    const wasChanged = this.#isChanged;
    this.#undo = undo;
    const isDone = work();
    this.#undo = undefined;
    if (isDone) return true;
    while (undo.length > 0) undo.pop()?.();
    this.#isChanged = wasChanged;
    return false;
  }

  meta(): LedgerMeta {
    return this.#meta ?? this.#loaded.head.meta;
  }

  setMeta(row: LedgerMeta): void {
    const before = this.#meta;
    this.#meta = row;
    this.#isChanged = true;
    this.#undo?.push(() => (this.#meta = before));
  }

  member(outboxId: OutboxId): MemberRow | undefined {
    return this.#members.get(outboxId) ?? this.#loaded.get({ type: "member", outboxId });
  }

  setMember(row: MemberRow): void {
    this.#set(this.#members, row.outboxId, row);
  }

  /** Returns how many outboxes are in a state. */
  outboxCount(state: MemberStatus): number {
    let count = this.#loaded.get({ type: "outbox_count", state });
    for (const [outboxId, row] of this.#members) {
      if (row.state === state) count++;
      if (this.#loaded.get({ type: "member", outboxId })?.state === state) count--;
    }
    return count;
  }

  incarnation(incarnation: IncarnationId): IncarnationRow | undefined {
    return this.#placed(incarnation)?.row;
  }

  setIncarnation(row: IncarnationRow): void {
    const { incarnation } = row;
    const place = this.#placed(incarnation)?.place ?? Infinity;
    this.#set(this.#incarnations, incarnation, { row, place });
  }

  /** Returns the oldest incarnations of an outbox in `state`, oldest first, at most `limit`. */
  incarnationsIn(outboxId: OutboxId, state: IncarnationStatus, limit: number): IncarnationId[] {
    // Incarnations that left the state in this transaction may be among the oldest.
    const set = [...this.#incarnations.values()].filter(({ row }) => row.outboxId === outboxId);
    const need = { type: "incarnations_in", outboxId, state, limit: limit + set.length } as const;
    const loaded = this.#loaded.get(need).filter(({ row }) => {
      return !this.#incarnations.has(row.incarnation);
    });
    const found = [...loaded, ...set.filter(({ row }) => row.state === state)];
    // New incarnations share one place. The sort is stable, so they keep the order of their
    // setting.
    found.sort((a, b) => (a.place === b.place ? 0 : a.place - b.place));
    return found.slice(0, limit).map(({ row }) => row.incarnation);
  }

  generation(generation: GenerationId): GenerationRow | undefined {
    return this.#loaded.get({ type: "generation", generation });
  }

  /**
   * Returns when the backup was made from which this ledger was opened, in Unix milliseconds;
   * undefined for any other ledger, or once it has recorded that.
   */
  copiedMs(): number | undefined {
    return this.#isCopyRecorded ? undefined : this.#loaded.head.copiedMs;
  }

  /** Clears `copiedMs`: the ledger has recorded that it was opened from a backup. */
  clearCopied(): void {
    if (this.copiedMs() === undefined) return;
    this.#isCopyRecorded = true;
    this.#isChanged = true;
    this.#undo?.push(() => (this.#isCopyRecorded = false));
  }

  /**
   * Records a trouble, once until it is decided (see isSameTrouble). Returns undefined when it was
   * recorded already.
   */
  addTrouble(row: NewTrouble): TroubleRow | undefined {
    if (this.troublesOf(row.outboxId).some((other) => isSameTrouble(row, other))) return undefined;
    const number = this.#loaded.head.lastTroubleNumber + this.#troubles.length + 1;
    const recorded = { ...row, number };
    this.#push(this.#troubles, recorded);
    return recorded;
  }

  /** Returns the undecided trouble of that number; undefined when there is none. */
  trouble(number: number): TroubleRow | undefined {
    if (this.#decided.has(number)) return undefined;
    const added = this.#troubles.find((row) => row.number === number);
    return added ?? this.#loaded.get({ type: "trouble", number });
  }

  /**
   * Returns the undecided troubles of an outbox, oldest first; without an outbox, those of the
   * ledger as a whole.
   */
  troublesOf(outboxId: OutboxId | undefined): readonly TroubleRow[] {
    const added = this.#troubles.filter((row) => row.outboxId === outboxId);
    const rows = [...this.#loaded.get({ type: "troubles_of", outboxId }), ...added];
    return rows.filter(({ number }) => !this.#decided.has(number));
  }

  /** Returns the number of undecided troubles, those of the ledger as a whole included. */
  troubleCount(): number {
    return this.#loaded.head.troubleCount + this.#troubles.length - this.#decided.size;
  }

  /** Returns true when a decided trouble of the outbox covers this one (see covers). */
  wasDecided(outboxId: OutboxId, trouble: Trouble): boolean {
    const reported = { ...trouble, outboxId };
    if ([...this.#decided.values()].some((row) => covers(row, reported))) return true;
    return this.#loaded.get({ type: "was_decided", outboxId, trouble });
  }

  /** Records a decision, and ends its trouble if it names one. */
  addDecision(row: NewDecision): DecisionRow {
    if (row.trouble !== undefined) {
      const trouble = this.trouble(row.trouble.number);
      assert(trouble !== undefined, `trouble ${row.trouble.number} exists and is not decided`);
      this.#set(this.#decided, trouble.number, trouble);
    }
    const number = this.#loaded.head.lastDecisionNumber + this.#decisions.length + 1;
    const recorded = { ...row, number };
    this.#push(this.#decisions, recorded);
    return recorded;
  }

  /** Adds to the likes of an item, without reading them. */
  addLikes(itemId: string, gained: bigint, reaction = PLAIN_LIKE): void {
    this.#add(this.#likes, itemId, gained);
    if (reaction > PLAIN_LIKE) this.#add(this.#reactionsOf(reaction), itemId, gained);
  }

  /** Returns the state of a register; undefined when the person is forgotten. */
  register(person: PersonId, itemId: string): RegisterState | undefined {
    if (this.#forgotten.has(person)) return undefined;
    const key = registerKey(person, itemId);
    const rank = this.#registers.get(key) ?? this.#loaded.rankOf(key);
    return rank === FORGOTTEN ? undefined : stateOf(rank);
  }

  /** Returns the registers of a person, by item; undefined when the person is forgotten. */
  registersOf(person: PersonId): ReadonlyMap<string, RegisterState> | undefined {
    if (this.#forgotten.has(person)) return undefined;
    const loaded = this.#loaded.get({ type: "registers_of", person });
    if (loaded === undefined) return undefined;
    const ranks = new Map(loaded);
    for (const [key, rank] of this.#registers) {
      const parts = partsOfKey(key);
      if (parts.person === person) ranks.set(parts.itemId, rank);
    }
    return new Map([...ranks].map(([itemId, rank]) => [itemId, stateOf(rank)]));
  }

  /** Removes the registers of a person, who is forgotten from now on. */
  forget(row: ForgottenRow): void {
    for (const key of this.#registers.keys()) {
      if (partsOfKey(key).person === row.person) this.#delete(this.#registers, key);
    }
    this.#set(this.#forgotten, row.person, row);
  }

  setRegister(person: PersonId, itemId: string, state: RegisterState): void {
    this.#set(this.#registers, registerKey(person, itemId), rankOf(state));
  }

  /** Returns the operations of a block that have counted: a bit for each. */
  countedOperations({ client, block }: OperationBlock): bigint {
    const set = this.#operations.get(`${client} ${block}`);
    return set?.counted ?? this.#loaded.get({ type: "operations", client, block });
  }

  setCountedOperations({ client, block }: OperationBlock, counted: bigint): void {
    this.#set(this.#operations, `${client} ${block}`, { client, block, counted });
  }

  #placed(incarnation: IncarnationId): PlacedIncarnation | undefined {
    const set = this.#incarnations.get(incarnation);
    return set ?? this.#loaded.get({ type: "incarnation", incarnation });
  }

  #add(gains: Map<string, bigint>, itemId: string, gained: bigint): void {
    this.#set(gains, itemId, (gains.get(itemId) ?? 0n) + gained);
  }

  #reactionsOf(reaction: number): Map<string, bigint> {
    const gains = this.#reactions.get(reaction) ?? new Map<string, bigint>();
    this.#reactions.set(reaction, gains);
    return gains;
  }

  #set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    const before = map.get(key);
    map.set(key, value);
    this.#isChanged = true;
    // A commit sets thousands of items: outside of an attempt no closure is made.
    this.#undo?.push(() => {
      if (before === undefined) map.delete(key);
      else map.set(key, before);
    });
  }

  #delete<Key, Value>(map: Map<Key, Value>, key: Key): void {
    const before = map.get(key);
    map.delete(key);
    if (before !== undefined) this.#undo?.push(() => map.set(key, before));
  }

  #push<Row>(rows: Row[], row: Row): void {
    rows.push(row);
    this.#isChanged = true;
    this.#undo?.push(() => rows.pop());
  }
}
