/**
 * The primary's ledger in memory, for tests and the simulator.
 *
 * It works like a networked store: it loads rows, runs the rules on them, and writes one write set.
 * It can leave out some of the rows that the rules need, to test that a miss is handled.
 */
import { assert, unreachable } from "../../assert.ts";
import type {
  CommitOutcome,
  CountsRead,
  CountsSelection,
  LedgerSnapshot,
  LedgerStore,
  OpeningEnd,
  ReadBeside,
  ReadOutcome,
} from "../../core/ledger/ledger.ts";
import type { LedgerNeed } from "../../core/ledger/ledger_needs.ts";
import type {
  CountedOperations,
  LedgerTransaction,
  WriteSet,
} from "../../core/ledger/ledger_transaction.ts";
import type {
  LedgerHead,
  Loaded,
  NeedOf,
  PlacedIncarnation,
} from "../../core/ledger/loaded_rows.ts";
import { FORGOTTEN } from "../../core/ledger/loaded_rows.ts";
import { NEW_LEDGER, covers } from "../../core/ledger/rows.ts";
import type {
  DecisionRow,
  ForgottenPerson,
  ForgottenRow,
  GenerationRow,
  IncarnationRow,
  LedgerMeta,
  MemberRow,
  TroubleRow,
} from "../../core/ledger/rows.ts";
import type {
  GenerationId,
  IncarnationId,
  LedgerId,
  OutboxId,
  PersonId,
} from "../../core/protocol/ids.ts";
import type { OperationBlock } from "../../core/protocol/operation.ts";
import { partsOfKey, stateOf } from "../../core/protocol/register.ts";
import type { RegisterKey } from "../../core/protocol/register.ts";
import type { ItemCount } from "../../core/protocol/counts.ts";
import { MemoryDisk } from "../memory_disk.ts";
import { selectPage } from "../memory_pages.ts";
import { storedLikes } from "../sqlite/stored_integer.ts";
import { runOnLoaded } from "./run_on_loaded.ts";

/** The disk of a ledger: the committed rows, in the order in which they were first set. */
export class LedgerDisk extends MemoryDisk {
  readonly ledgerId: LedgerId;
  meta: LedgerMeta = NEW_LEDGER;
  /** When this disk was copied; undefined once the ledger has recorded that. */
  copiedMs: number | undefined;
  readonly members = new Map<OutboxId, MemberRow>();
  readonly incarnations = new Map<IncarnationId, IncarnationRow>();
  /** The undecided troubles, by number. */
  readonly troubles = new Map<number, TroubleRow>();
  readonly decidedTroubles = new Map<number, TroubleRow>();
  readonly decisions: DecisionRow[] = [];
  readonly items = new Map<string, bigint>();
  /** Likes by reaction, other than the plain like, then by item. */
  readonly reactions = new Map<number, ReadonlyMap<string, bigint>>();
  /** The rank of each register. */
  readonly registers = new Map<RegisterKey, number>();
  /** By client and block. */
  readonly operations = new Map<string, CountedOperations>();
  /** Forgotten persons, and whether their likes were taken back. */
  readonly forgotten = new Map<PersonId, boolean>();
  /** Likes without a name, by reaction and item. */
  readonly kept = new Map<string, bigint>();
  /** The list beside the ledger. A restored copy has that of the ledger that it replaces. */
  forgottenList = new Map<PersonId, boolean>();
  /** Of each incarnation, in the order in which they were first recorded. */
  readonly #places = new Map<IncarnationId, number>();
  /** Every opening, oldest first. */
  readonly generations: { readonly generation: GenerationId; readonly firstVersion: number }[] = [];

  constructor(ledgerId: LedgerId) {
    super();
    this.ledgerId = ledgerId;
  }

  /** The values that every transaction loads. */
  get head(): LedgerHead {
    return {
      meta: this.meta,
      copiedMs: this.copiedMs,
      troubleCount: this.troubles.size,
      lastTroubleNumber: this.troubles.size + this.decidedTroubles.size,
      lastDecisionNumber: this.decisions.length,
    };
  }

  /** Loads the rows that `need` names. */
  load(loaded: Loaded, need: LedgerNeed): void {
    switch (need.type) {
      case "member":
        return loaded.set<"member">(need, this.members.get(need.outboxId));
      case "incarnation":
        return loaded.set<"incarnation">(need, this.#placed(need.incarnation));
      case "incarnations_in":
        return loaded.set<"incarnations_in">(need, this.#incarnationsIn(need));
      case "outbox_count": {
        const states = [...this.members.values()].map(({ state }) => state);
        return loaded.set<"outbox_count">(need, states.filter((one) => one === need.state).length);
      }
      case "generation":
        return loaded.set<"generation">(need, this.#generation(need.generation));
      case "trouble":
        return loaded.set<"trouble">(need, this.troubles.get(need.number));
      case "troubles_of": {
        const rows = [...this.troubles.values()];
        return loaded.set<"troubles_of">(
          need,
          rows.filter((row) => row.outboxId === need.outboxId),
        );
      }
      case "was_decided": {
        const reported = { ...need.trouble, outboxId: need.outboxId };
        const isDecided = [...this.decidedTroubles.values()].some((row) => covers(row, reported));
        return loaded.set<"was_decided">(need, isDecided);
      }
      case "operations":
        return loaded.set<"operations">(need, this.operations.get(blockKey(need))?.counted ?? 0n);
      case "registers_of":
        return loaded.set<"registers_of">(need, this.#registersOf(need.person));
      case "registers":
        return loaded.setRegisters(
          need,
          need.keys.map((key) => {
            const isForgotten = this.forgotten.has(partsOfKey(key).person);
            return isForgotten ? FORGOTTEN : (this.registers.get(key) ?? 0);
          }),
        );
      default:
        return unreachable(need);
    }
  }

  /** Commits the write set of a transaction. Asserts first that the likes of each item fit. */
  write(set: WriteSet): void {
    const likes = sumsOf(this.items, set.likes);
    const reactions = [...set.reactions].map(([reaction, gains]) => {
      return [reaction, sumsOf(this.reactionsOf(reaction), gains)] as const;
    });
    this.meta = set.meta;
    if (set.isCopyRecorded) this.copiedMs = undefined;
    for (const row of set.members) this.members.set(row.outboxId, row);
    for (const row of set.incarnations) this.incarnations.set(row.incarnation, row);
    for (const [itemId, sum] of likes) this.items.set(itemId, sum);
    for (const [reaction, sums] of reactions) {
      const items = new Map([...this.reactionsOf(reaction), ...sums]);
      this.reactions.set(reaction, items);
    }
    for (const [key, rank] of set.registers) this.registers.set(key, rank);
    for (const row of set.operations) this.operations.set(blockKey(row), row);
    for (const row of set.forgotten) this.#forget(row);
    for (const row of set.troubles) this.troubles.set(row.number, row);
    for (const row of set.decisions) {
      this.decisions.push(row);
      if (row.trouble !== undefined) this.#decide(row.trouble.number);
    }
  }

  reactionsOf(reaction: number): ReadonlyMap<string, bigint> {
    return this.reactions.get(reaction) ?? new Map();
  }

  #registersOf(person: PersonId): readonly (readonly [string, number])[] | undefined {
    if (this.forgotten.has(person)) return undefined;
    const parts = [...this.registers].map(([key, rank]) => ({ ...partsOfKey(key), rank }));
    return parts.filter((one) => one.person === person).map(({ itemId, rank }) => [itemId, rank]);
  }

  #forget({ person, withdraw, kept }: ForgottenRow): void {
    for (const key of this.registers.keys()) {
      if (partsOfKey(key).person === person) this.registers.delete(key);
    }
    for (const { itemId, reaction, likes } of kept) {
      const name = `${reaction} ${itemId}`;
      this.kept.set(name, (this.kept.get(name) ?? 0n) + BigInt(likes));
    }
    this.forgotten.set(person, withdraw);
    this.forgottenList.set(person, withdraw);
  }

  /**
   * An opening compares the list with the ledger. Returns the persons of the list that the ledger
   * has registers of.
   */
  rememberForgotten(): readonly ForgottenPerson[] {
    for (const [person, withdraw] of this.forgotten) this.forgottenList.set(person, withdraw);
    const again: ForgottenPerson[] = [];
    for (const [person, withdraw] of this.forgottenList) {
      if (this.forgotten.has(person)) continue;
      if (this.#registersOf(person)?.length === 0) this.forgotten.set(person, withdraw);
      else again.push({ person, withdraw });
    }
    return again;
  }

  /** Returns a count with its likes by reaction. */
  withReactions(count: ItemCount): ItemCount {
    const reactions = new Map<number, bigint>();
    for (const [reaction, items] of [...this.reactions].toSorted(([a], [b]) => a - b)) {
      const likes = items.get(count.itemId) ?? 0n;
      if (likes !== 0n) reactions.set(reaction, likes);
    }
    return reactions.size === 0 ? count : { ...count, reactions };
  }

  #decide(number: number): void {
    const trouble = this.troubles.get(number);
    assert(trouble !== undefined, `trouble ${number} is recorded and not decided`);
    this.decidedTroubles.set(number, trouble);
    this.troubles.delete(number);
  }

  #placed(incarnation: IncarnationId): PlacedIncarnation | undefined {
    const row = this.incarnations.get(incarnation);
    return row && { row, place: this.#placeOf(incarnation) };
  }

  /** Rows are never removed, so a place stays what it is. */
  #placeOf(incarnation: IncarnationId): number {
    if (this.#places.size < this.incarnations.size) {
      for (const one of this.incarnations.keys()) {
        if (!this.#places.has(one)) this.#places.set(one, this.#places.size);
      }
    }
    const place = this.#places.get(incarnation);
    assert(place !== undefined, "an incarnation that is recorded has a place");
    return place;
  }

  #incarnationsIn({ outboxId, state, limit }: NeedOf<"incarnations_in">): PlacedIncarnation[] {
    const placed = [...this.incarnations.values()].map((row, place) => ({ row, place }));
    const found = placed.filter(({ row }) => row.outboxId === outboxId && row.state === state);
    return found.slice(0, limit);
  }

  #generation(generation: GenerationId): GenerationRow | undefined {
    const index = this.generations.findIndex((row) => row.generation === generation);
    const row = this.generations[index];
    const next = this.generations[index + 1];
    return row && { ...row, lastVersion: next && next.firstVersion - 1 };
  }

  /** Returns a copy of the committed state, like a copied file. */
  clone(): LedgerDisk {
    const copy = new LedgerDisk(this.ledgerId);
    copy.meta = this.meta;
    copy.copiedMs = this.copiedMs;
    for (const [id, row] of this.members) copy.members.set(id, row);
    for (const [id, row] of this.incarnations) copy.incarnations.set(id, row);
    for (const [number, row] of this.troubles) copy.troubles.set(number, row);
    for (const [number, row] of this.decidedTroubles) copy.decidedTroubles.set(number, row);
    for (const [itemId, likes] of this.items) copy.items.set(itemId, likes);
    for (const [reaction, items] of this.reactions) copy.reactions.set(reaction, items);
    for (const [key, rank] of this.registers) copy.registers.set(key, rank);
    for (const [key, row] of this.operations) copy.operations.set(key, row);
    for (const [person, withdraw] of this.forgotten) copy.forgotten.set(person, withdraw);
    for (const [name, likes] of this.kept) copy.kept.set(name, likes);
    copy.forgottenList = this.forgottenList;
    copy.decisions.push(...this.decisions);
    copy.generations.push(...this.generations);
    return copy;
  }
}

function blockKey({ client, block }: OperationBlock): string {
  return `${client} ${block}`;
}

/** Returns the likes of each item that gains. Asserts that a store can hold them. */
function sumsOf(
  items: ReadonlyMap<string, bigint>,
  gains: ReadonlyMap<string, bigint>,
): readonly (readonly [string, bigint])[] {
  return [...gains].map(([itemId, gained]) => {
    return [itemId, storedLikes((items.get(itemId) ?? 0n) + gained)];
  });
}

const IN_DOUBT = {
  type: "in_doubt",
  reason: "Cannot keep using the memory ledger: its disk failed",
} as const;

const SUPERSEDED = {
  type: "superseded",
  reason: "Cannot use the memory ledger: a newer opening has taken it over",
} as const;

/**
 * Returns whether the row of a need is left out when rows are preloaded. The rules then miss it.
 */
export type LeaveOut = (need: LedgerNeed) => boolean;

/**
 * An opening of the ledger on `disk`; it supersedes older ones. The simulator uses the `…Now`
 * methods.
 */
export class MemoryLedger implements LedgerStore {
  readonly #disk: LedgerDisk;
  readonly #generation: GenerationId;
  readonly #leaveOut: LeaveOut;
  readonly #toForget: readonly ForgottenPerson[];
  /** Why this opening has ended; undefined while it is open. */
  #end: OpeningEnd | undefined;

  constructor(disk: LedgerDisk, generation: GenerationId, leaveOut: LeaveOut = () => false) {
    const known = disk.generations.some((row) => row.generation === generation);
    assert(!known, "a generation is minted once");
    disk.generations.push({ generation, firstVersion: disk.meta.version + 1 });
    this.#disk = disk;
    this.#generation = generation;
    this.#leaveOut = leaveOut;
    this.#toForget = disk.rememberForgotten();
  }

  async load(): Promise<LedgerSnapshot> {
    return this.loadNow();
  }

  async transact<T>(
    needs: readonly LedgerNeed[],
    work: (ledger: LedgerTransaction) => T,
  ): Promise<CommitOutcome<T>> {
    return this.transactNow(needs, work);
  }

  async counts(selection: CountsSelection, beside: ReadBeside): Promise<ReadOutcome<CountsRead>> {
    return this.countsNow(selection, beside);
  }

  async close(): Promise<void> {
    // A memory disk has nothing to release.
  }

  get #isSuperseded(): boolean {
    return this.#disk.generations.at(-1)?.generation !== this.#generation;
  }

  loadNow(): LedgerSnapshot {
    const { ledgerId, meta, copiedMs, members, troubles } = this.#disk;
    const inTrouble = new Set([...troubles.values()].map(({ outboxId }) => outboxId));
    return {
      ledgerId,
      generation: this.#generation,
      meta,
      copiedMs,
      members: [...members.values()].filter(({ state, outboxId }) => {
        return state === "member" || inTrouble.has(outboxId);
      }),
      troubles: [...troubles.values()],
      toForget: this.#toForget,
    };
  }

  transactNow<T>(
    needs: readonly LedgerNeed[],
    work: (ledger: LedgerTransaction) => T,
  ): CommitOutcome<T> {
    if (this.#isSuperseded) this.#end ??= SUPERSEDED;
    if (this.#end !== undefined) return this.#end;
    const { value, writeSet } = runOnLoaded(
      this.#disk,
      needs.filter((need) => !this.#leaveOut(need)),
      work,
    );
    if (writeSet === undefined) return { type: "done", value };
    if (this.#isSuperseded) return (this.#end = SUPERSEDED);
    const fault = this.#disk.takeFault();
    if (fault === "disk_full") return { type: fault };
    if (fault !== "in_doubt_lost") this.#disk.write(writeSet);
    if (fault === undefined) return { type: "done", value };
    this.#end = IN_DOUBT;
    return this.#end;
  }

  countsNow(
    selection: CountsSelection,
    { incarnations, registers }: ReadBeside,
  ): ReadOutcome<CountsRead> {
    if (this.#isSuperseded) this.#end ??= SUPERSEDED;
    if (this.#end !== undefined) return this.#end;
    const { meta, items } = this.#disk;
    const counts =
      selection.type === "page"
        ? selectPage(items, selection)
        : selection.itemIds.map((itemId) => ({ itemId, likes: items.get(itemId) ?? 0n }));
    const applied = incarnations.map((incarnation) => {
      const { appliedSequence = 0 } = this.#disk.incarnations.get(incarnation) ?? {};
      return { incarnation, appliedSequence };
    });
    const read = {
      meta,
      counts: counts.map((count) => this.#disk.withReactions(count)),
      applied,
      registers: registers.map((key) => stateOf(this.#disk.registers.get(key) ?? 0)),
    };
    return { type: "done", value: read };
  }
}
