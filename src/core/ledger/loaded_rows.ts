/**
 * The rows that a store has loaded for one transaction. A read of a row that is not loaded throws
 * Miss. The store then loads that row too, and runs the rules again: they are pure.
 */
import type { RegisterKey } from "../protocol/register.ts";
import { keyOf } from "./ledger_needs.ts";
import type { LedgerNeed } from "./ledger_needs.ts";
import type { GenerationRow, IncarnationRow, LedgerMeta, MemberRow, TroubleRow } from "./rows.ts";

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
  /** A bit for each operation of the block that has counted. */
  readonly operations: bigint;
  /** Registers of a person with their ranks; undefined for a forgotten person. */
  readonly registers_of: readonly (readonly [itemId: string, rank: number])[] | undefined;
  /** The rank of each register, in the order of the need's keys; FORGOTTEN of a forgotten person. */
  readonly registers: readonly number[];
}

/** In place of a rank: the person is forgotten. */
export const FORGOTTEN = -1;

/** The need of type `Type`. */
export type NeedOf<Type extends LedgerNeed["type"]> = Extract<LedgerNeed, { readonly type: Type }>;

/** A need and its rows. */
export interface LoadedNeed {
  readonly need: LedgerNeed;
  readonly rows: unknown;
}

interface LoadedRegisters extends LoadedNeed {
  readonly need: NeedOf<"registers">;
  readonly rows: LoadedRows["registers"];
}

/** The loaded rows, by their needs. */
export class Loaded {
  readonly head: LedgerHead;
  readonly #rows = new Map<string, LoadedNeed>();
  readonly #registers: LoadedRegisters[] = [];
  readonly #ranks = new Map<RegisterKey, number>();

  constructor(head: LedgerHead) {
    this.head = head;
  }

  /** All needs with their rows, for a store that loads in another thread. */
  get entries(): readonly LoadedNeed[] {
    return [...this.#rows.values(), ...this.#registers];
  }

  /** Adds rows that another thread has loaded. */
  add(entries: readonly LoadedNeed[]): void {
    for (const entry of entries) {
      if (entry.need.type === "registers") this.#addRegisters(entry as LoadedRegisters);
      else this.#rows.set(keyOf(entry.need), entry);
    }
  }

  /** Sets the rank of each register of a need. */
  setRegisters(need: NeedOf<"registers">, rows: LoadedRows["registers"]): void {
    this.#addRegisters({ need, rows });
  }

  /** Returns the rank of a register, or FORGOTTEN. Throws Miss when it is not loaded. */
  rankOf(key: RegisterKey): number {
    const rank = this.#ranks.get(key);
    // oxlint-disable-next-line only-throw-error -- as in get()
    if (rank === undefined) throw new Miss({ type: "registers", keys: [key] });
    return rank;
  }

  #addRegisters(loaded: LoadedRegisters): void {
    this.#registers.push(loaded);
    for (const [index, key] of loaded.need.keys.entries()) {
      this.#ranks.set(key, loaded.rows[index] ?? 0);
    }
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
