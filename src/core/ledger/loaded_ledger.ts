/**
 * One transaction of the ledger, on rows that were loaded before it.
 *
 * A store that has to wait for its rows loads what the commands need, runs the rules on it, and
 * writes what they set as one write set. A read of a row that is not loaded throws Miss. The store
 * then loads that row too, and runs the rules again: they are pure.
 */
import { assert } from "../../assert.ts";
import type { GenerationId, IncarnationId, OutboxId } from "../protocol/ids.ts";
import type { Trouble } from "../protocol/messages.ts";
import type { LedgerTransaction } from "./ledger.ts";
import { keyOf } from "./ledger_needs.ts";
import type { LedgerNeed } from "./ledger_needs.ts";
import { covers, isSameTrouble } from "./rows.ts";
import type {
  DecisionRow,
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

/** What a store loads before each transaction. */
export interface LedgerHead {
  readonly meta: LedgerMeta;
  readonly copiedMs: number | undefined;
  /** The number of undecided troubles. */
  readonly troubleCount: number;
  /** The numbers of the newest trouble and of the newest decision; 0 before the first. */
  readonly lastTroubleNumber: number;
  readonly lastDecisionNumber: number;
}

/** An incarnation and its place in the order in which incarnations were first recorded. */
export interface PlacedIncarnation {
  readonly row: IncarnationRow;
  readonly place: number;
}

/** The rows for each type of need. */
export interface LoadedRows {
  readonly member: MemberRow | undefined;
  readonly incarnation: PlacedIncarnation | undefined;
  /** Oldest first: all of them, or at least the need's `limit`. */
  readonly incarnations_in: readonly PlacedIncarnation[];
  readonly outbox_count: number;
  readonly generation: GenerationRow | undefined;
  readonly trouble: TroubleRow | undefined;
  readonly troubles_of: readonly TroubleRow[];
  readonly was_decided: boolean;
  readonly item: bigint;
}

/** The need of type `Type`. */
export type NeedOf<Type extends LedgerNeed["type"]> = Extract<LedgerNeed, { readonly type: Type }>;

interface LoadedNeed {
  readonly need: LedgerNeed;
  readonly rows: unknown;
}

/** The loaded rows, by their needs. */
export class Loaded {
  readonly head: LedgerHead;
  readonly #rows = new Map<string, LoadedNeed>();

  constructor(head: LedgerHead) {
    this.head = head;
  }

  /** Sets the rows for a need. Each row of a list also answers the need of that row alone. */
  set<Type extends LedgerNeed["type"]>(need: NeedOf<Type>, rows: LoadedRows[Type]): void {
    this.#rows.set(keyOf(need), { need, rows });
    for (const part of partsOf(need, rows)) this.#rows.set(keyOf(part.need), part);
  }

  /** Returns the rows for a need. Throws Miss when they are not loaded. */
  get<Type extends LedgerNeed["type"]>(need: NeedOf<Type>): LoadedRows[Type] {
    const loaded = this.#rows.get(keyOf(need));
    if (loaded === undefined || isCutShort(loaded.need, loaded.rows, need)) {
      // oxlint-disable-next-line only-throw-error -- the trace of an Error costs more than the row
      throw new Miss(loaded === undefined ? need : doubled(need));
    }
    return loaded.rows as LoadedRows[Type];
  }
}

/**
 * Thrown by a read of a row that is not loaded. Not a failure: the store loads `need` and retries.
 */
export class Miss {
  readonly need: LedgerNeed;

  constructor(need: LedgerNeed) {
    this.need = need;
  }
}

/** All that a transaction set, to be written at once. Each key has one row, the newest. */
export interface WriteSet {
  readonly meta: LedgerMeta;
  readonly isCopyRecorded: boolean;
  readonly members: readonly MemberRow[];
  readonly incarnations: readonly IncarnationRow[];
  /** The gain of each item, sorted by item id, so that all transactions lock in one order. */
  readonly likes: readonly (readonly [itemId: string, gained: bigint])[];
  readonly troubles: readonly TroubleRow[];
  readonly decisions: readonly DecisionRow[];
}

/** The loaded rows, overlaid with what the rules have set since. */
export class LoadedLedger implements LedgerTransaction {
  readonly #loaded: Loaded;
  #meta: LedgerMeta | undefined;
  #isCopyRecorded = false;
  readonly #members = new Map<OutboxId, MemberRow>();
  readonly #incarnations = new Map<IncarnationId, PlacedIncarnation>();
  readonly #likes = new Map<string, bigint>();
  readonly #troubles: TroubleRow[] = [];
  readonly #decisions: DecisionRow[] = [];
  /** Troubles that this transaction has decided. */
  readonly #decided = new Map<number, TroubleRow>();
  /** Undoes what was set; the newest change is last. */
  readonly #undo: (() => void)[] = [];

  constructor(loaded: Loaded) {
    this.#loaded = loaded;
  }

  /** All that was set; undefined when nothing was set. */
  get writeSet(): WriteSet | undefined {
    if (this.#undo.length === 0) return undefined;
    return {
      meta: this.meta(),
      isCopyRecorded: this.#isCopyRecorded,
      members: [...this.#members.values()],
      incarnations: [...this.#incarnations.values()].map(({ row }) => row),
      likes: [...this.#likes].toSorted(([a], [b]) => (a < b ? -1 : 1)),
      troubles: this.#troubles,
      decisions: this.#decisions,
    };
  }

  attempt(work: () => boolean): boolean {
    const kept = this.#undo.length;
    const isDone = work();
    if (!isDone) while (this.#undo.length > kept) this.#undo.pop()?.();
    return isDone;
  }

  meta(): LedgerMeta {
    return this.#meta ?? this.#loaded.head.meta;
  }

  setMeta(row: LedgerMeta): void {
    const before = this.#meta;
    this.#meta = row;
    this.#undo.push(() => (this.#meta = before));
  }

  member(outboxId: OutboxId): MemberRow | undefined {
    return this.#members.get(outboxId) ?? this.#loaded.get({ type: "member", outboxId });
  }

  setMember(row: MemberRow): void {
    this.#set(this.#members, row.outboxId, row);
  }

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

  copiedMs(): number | undefined {
    return this.#isCopyRecorded ? undefined : this.#loaded.head.copiedMs;
  }

  clearCopied(): void {
    if (this.copiedMs() === undefined) return;
    this.#isCopyRecorded = true;
    this.#undo.push(() => (this.#isCopyRecorded = false));
  }

  addTrouble(row: NewTrouble): TroubleRow | undefined {
    if (this.troublesOf(row.outboxId).some((other) => isSameTrouble(row, other))) return undefined;
    const number = this.#loaded.head.lastTroubleNumber + this.#troubles.length + 1;
    const recorded = { ...row, number };
    this.#push(this.#troubles, recorded);
    return recorded;
  }

  trouble(number: number): TroubleRow | undefined {
    if (this.#decided.has(number)) return undefined;
    const added = this.#troubles.find((row) => row.number === number);
    return added ?? this.#loaded.get({ type: "trouble", number });
  }

  troublesOf(outboxId: OutboxId | undefined): readonly TroubleRow[] {
    const added = this.#troubles.filter((row) => row.outboxId === outboxId);
    const rows = [...this.#loaded.get({ type: "troubles_of", outboxId }), ...added];
    return rows.filter(({ number }) => !this.#decided.has(number));
  }

  troubleCount(): number {
    return this.#loaded.head.troubleCount + this.#troubles.length - this.#decided.size;
  }

  wasDecided(outboxId: OutboxId, trouble: Trouble): boolean {
    const reported = { ...trouble, outboxId };
    if ([...this.#decided.values()].some((row) => covers(row, reported))) return true;
    return this.#loaded.get({ type: "was_decided", outboxId, trouble });
  }

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

  itemLikes(itemId: string): bigint {
    return this.#loaded.get({ type: "item", itemId }) + (this.#likes.get(itemId) ?? 0n);
  }

  addLikes(itemId: string, gained: bigint): void {
    this.#set(this.#likes, itemId, (this.#likes.get(itemId) ?? 0n) + gained);
  }

  #placed(incarnation: IncarnationId): PlacedIncarnation | undefined {
    const set = this.#incarnations.get(incarnation);
    return set ?? this.#loaded.get({ type: "incarnation", incarnation });
  }

  #set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    const before = map.get(key);
    map.set(key, value);
    this.#undo.push(() => {
      if (before === undefined) map.delete(key);
      else map.set(key, before);
    });
  }

  #push<Row>(rows: Row[], row: Row): void {
    rows.push(row);
    this.#undo.push(() => rows.pop());
  }
}

/** Returns the need with twice its limit, so that a long list is loaded in few steps. */
function doubled(need: LedgerNeed): LedgerNeed {
  return need.type === "incarnations_in" ? { ...need, limit: 2 * need.limit } : need;
}

/** Returns each row of a list, as the rows for the need of that row alone. */
function partsOf(need: LedgerNeed, rows: unknown): readonly LoadedNeed[] {
  switch (need.type) {
    case "incarnations_in":
      return (rows as LoadedRows["incarnations_in"]).map((placed) => {
        const { incarnation } = placed.row;
        return { need: { type: "incarnation", incarnation }, rows: placed };
      });
    case "troubles_of":
      return (rows as LoadedRows["troubles_of"]).map((row) => {
        return { need: { type: "trouble", number: row.number }, rows: row };
      });
    default:
      return [];
  }
}

/** Returns true when `need` asks for more rows than were loaded, and there may be more. */
function isCutShort(loaded: LedgerNeed, rows: unknown, need: LedgerNeed): boolean {
  if (loaded.type !== "incarnations_in" || need.type !== "incarnations_in") return false;
  return loaded.limit < need.limit && (rows as readonly unknown[]).length >= loaded.limit;
}
