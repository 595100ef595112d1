/** The primary's ledger in memory, for tests and the simulator. */
import { assert } from "../../assert.ts";
import type {
  CountsRead,
  CountsSelection,
  DecisionRow,
  GenerationRow,
  IncarnationRow,
  LedgerMeta,
  LedgerSnapshot,
  LedgerStore,
  LedgerTransaction,
  MemberRow,
  TransactionOutcome,
  TroubleRow,
} from "../../core/ledger/ledger.ts";
import type { Trouble } from "../../core/protocol/messages.ts";
import { LikesError } from "../../errors.ts";
import { FailedStore } from "../sqlite/failed_store.ts";
import {
  NEW_LEDGER,
  checkedDecision,
  checkedIncarnation,
  checkedMember,
  checkedMeta,
  checkedTrouble,
  isSameTrouble,
} from "./ledger_rows.ts";
import type { NewDecision, NewTrouble } from "./ledger_rows.ts";
import { MemoryDisk } from "../memory_disk.ts";
import { selectPage } from "../memory_pages.ts";
import { storedLikes } from "../sqlite/stored_integer.ts";
import type { GenerationId, IncarnationId, LedgerId, OutboxId } from "../../core/protocol/ids.ts";

/**
 * The disk of a ledger: what was committed, in the order in which rows were first set. Transactions
 * change it as they go on, and take that back when they fail, before anybody else can look.
 */
export class LedgerDisk extends MemoryDisk {
  readonly ledgerId: LedgerId;
  meta: LedgerMeta = NEW_LEDGER;
  /** When it was copied, until the ledger has said so. */
  copiedMs: number | undefined;
  readonly members = new Map<OutboxId, MemberRow>();
  readonly incarnations = new Map<IncarnationId, IncarnationRow>();
  /** Those that are not decided, by their numbers. */
  troubles: ReadonlyMap<number, TroubleRow> = new Map<number, TroubleRow>();
  readonly decidedTroubles = new Map<number, TroubleRow>();
  readonly decisions: DecisionRow[] = [];
  readonly items = new Map<string, bigint>();
  /** Every opening, oldest first. */
  readonly generations: { readonly generation: GenerationId; readonly firstVersion: number }[] = [];

  constructor(ledgerId: LedgerId) {
    super();
    this.ledgerId = ledgerId;
  }

  /** A copy of what is committed now, as a file would be copied. */
  clone(): LedgerDisk {
    const copy = new LedgerDisk(this.ledgerId);
    copy.meta = this.meta;
    copy.copiedMs = this.copiedMs;
    for (const [id, row] of this.members) copy.members.set(id, row);
    for (const [id, row] of this.incarnations) copy.incarnations.set(id, row);
    copy.troubles = this.troubles;
    for (const [number, row] of this.decidedTroubles) copy.decidedTroubles.set(number, row);
    for (const [itemId, likes] of this.items) copy.items.set(itemId, likes);
    copy.decisions.push(...this.decisions);
    copy.generations.push(...this.generations);
    return copy;
  }
}

/** A ledger opened on `disk`, which supersedes an older one. The simulator has no use for promises. */
export class MemoryLedger implements LedgerStore {
  readonly #disk: LedgerDisk;
  readonly #generation: GenerationId;
  readonly #failed = new FailedStore("the ledger in memory");

  constructor(disk: LedgerDisk, generation: GenerationId) {
    const known = disk.generations.some((row) => row.generation === generation);
    assert(!known, "a generation is minted once");
    disk.generations.push({ generation, firstVersion: disk.meta.version + 1 });
    this.#disk = disk;
    this.#generation = generation;
  }

  async load(): Promise<LedgerSnapshot> {
    return this.loadNow();
  }

  async transact<T>(work: (ledger: LedgerTransaction) => T): Promise<TransactionOutcome<T>> {
    return this.transactNow(work);
  }

  loadNow(): LedgerSnapshot {
    this.#failed.throwIfFailed();
    const { ledgerId, meta, members, troubles } = this.#disk;
    const inTrouble = new Set([...troubles.values()].map(({ outboxId }) => outboxId));
    return {
      ledgerId,
      generation: this.#generation,
      meta,
      members: [...members.values()].filter(({ state, outboxId }) => {
        return state === "member" || inTrouble.has(outboxId);
      }),
      troubles: [...troubles.values()],
    };
  }

  transactNow<T>(work: (ledger: LedgerTransaction) => T): TransactionOutcome<T> {
    this.#failed.throwIfFailed();
    if (this.#disk.generations.at(-1)?.generation !== this.#generation) {
      const found = "it was opened again since; use the newer one";
      throw new LikesError("superseded", `Cannot write the ledger in memory: ${found}`);
    }
    const ledger = new MemoryLedgerTransaction(this.#disk);
    let value: T;
    try {
      value = work(ledger);
    } catch (error) {
      ledger.undo();
      throw error;
    }
    const fault = ledger.changed ? this.#disk.takeFault() : undefined;
    if (fault === "disk_full" || fault === "in_doubt_lost") ledger.undo();
    if (fault === "disk_full") return { type: "disk_full" };
    if (fault !== undefined) throw this.#failed.fail(new Error("the disk failed"));
    return { type: "done", value };
  }

  counts(selection: CountsSelection, incarnations: readonly IncarnationId[]): CountsRead {
    this.#failed.throwIfFailed();
    const { meta, items } = this.#disk;
    const counts =
      selection.type === "page"
        ? selectPage(items, selection)
        : selection.itemIds.map((itemId) => ({ itemId, likes: items.get(itemId) ?? 0n }));
    const applied = incarnations.map((incarnation) => {
      const { appliedSequence = 0 } = this.#disk.incarnations.get(incarnation) ?? {};
      return { incarnation, appliedSequence };
    });
    return { meta, counts, applied };
  }

  close(): void {
    // A disk in memory has nothing to give back.
  }
}

/** The ledger inside one transaction: it changes the disk, and knows how to undo that. */
class MemoryLedgerTransaction implements LedgerTransaction {
  readonly #disk: LedgerDisk;
  readonly #undo: (() => void)[] = [];

  constructor(disk: LedgerDisk) {
    this.#disk = disk;
  }

  /** Whether anything was set. */
  get changed(): boolean {
    return this.#undo.length > 0;
  }

  /** Takes back what was set since there were `kept` changes, the newest first. */
  undo(kept = 0): void {
    while (this.#undo.length > kept) this.#undo.pop()?.();
  }

  attempt(work: () => boolean): boolean {
    const kept = this.#undo.length;
    const isDone = work();
    if (!isDone) this.undo(kept);
    return isDone;
  }

  meta(): LedgerMeta {
    return this.#disk.meta;
  }

  setMeta(row: LedgerMeta): void {
    this.#assign({ meta: checkedMeta(row) });
  }

  member(outboxId: OutboxId): MemberRow | undefined {
    return this.#disk.members.get(outboxId);
  }

  setMember(row: MemberRow): void {
    this.#set(this.#disk.members, row.outboxId, checkedMember(row));
  }

  outboxCount(wanted: MemberRow["state"]): number {
    return [...this.#disk.members.values()].filter(({ state }) => state === wanted).length;
  }

  incarnation(incarnation: IncarnationId): IncarnationRow | undefined {
    return this.#disk.incarnations.get(incarnation);
  }

  setIncarnation(row: IncarnationRow): void {
    this.#set(this.#disk.incarnations, row.incarnation, checkedIncarnation(row));
  }

  incarnationsIn(
    outboxId: OutboxId,
    state: IncarnationRow["state"],
    limit: number,
  ): readonly IncarnationId[] {
    const found: IncarnationId[] = [];
    for (const row of this.#disk.incarnations.values()) {
      if (found.length >= limit) break;
      if (row.outboxId === outboxId && row.state === state) found.push(row.incarnation);
    }
    return found;
  }

  generation(generation: GenerationId): GenerationRow | undefined {
    const { generations } = this.#disk;
    const index = generations.findIndex((row) => row.generation === generation);
    const row = generations[index];
    const next = generations[index + 1];
    return row && { ...row, lastVersion: next && next.firstVersion - 1 };
  }

  copiedMs(): number | undefined {
    return this.#disk.copiedMs;
  }

  clearCopied(): void {
    if (this.#disk.copiedMs !== undefined) this.#assign({ copiedMs: undefined });
  }

  addTrouble(row: NewTrouble): TroubleRow | undefined {
    checkedTrouble(row);
    const { troubles, decidedTroubles } = this.#disk;
    if ([...troubles.values()].some((other) => isSameTrouble(row, other))) return undefined;
    const number = troubles.size + decidedTroubles.size + 1;
    const recorded = { ...row, number };
    this.#assign({ troubles: new Map([...troubles, [number, recorded]]) });
    return recorded;
  }

  trouble(number: number): TroubleRow | undefined {
    return this.#disk.troubles.get(number);
  }

  troublesOf(outboxId: OutboxId | undefined): readonly TroubleRow[] {
    return [...this.#disk.troubles.values()].filter((row) => row.outboxId === outboxId);
  }

  troubleCount(): number {
    return this.#disk.troubles.size;
  }

  wasDecided(outboxId: OutboxId, trouble: Trouble): boolean {
    for (const row of this.#disk.decidedTroubles.values()) {
      const { events } = row;
      if (events?.first !== trouble.events?.first) continue;
      if ((events?.last ?? 0) < (trouble.events?.last ?? 0)) continue;
      if (isSameTrouble(row, { ...trouble, outboxId, events })) return true;
    }
    return false;
  }

  addDecision(row: NewDecision): DecisionRow {
    checkedDecision(row);
    const { troubles, decidedTroubles, decisions } = this.#disk;
    const number = row.trouble?.number;
    if (number !== undefined) {
      const trouble = troubles.get(number);
      assert(trouble !== undefined, `trouble ${number} is there and not decided`);
      this.#set(decidedTroubles, number, trouble);
      this.#assign({ troubles: new Map([...troubles].filter(([one]) => one !== number)) });
    }
    const recorded = { ...row, number: decisions.length + 1 };
    decisions.push(recorded);
    this.#undo.push(() => decisions.pop());
    return recorded;
  }

  itemLikes(itemId: string): bigint {
    return this.#disk.items.get(itemId) ?? 0n;
  }

  setItemLikes(itemId: string, likes: bigint): void {
    this.#set(this.#disk.items, itemId, storedLikes(likes));
  }

  #set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    const before = map.get(key);
    map.set(key, value);
    this.#undo.push(() => {
      if (before === undefined) map.delete(key);
      else map.set(key, before);
    });
  }

  #assign(values: Partial<Pick<LedgerDisk, "meta" | "copiedMs" | "troubles">>): void {
    const { meta, copiedMs, troubles } = this.#disk;
    Object.assign(this.#disk, values);
    this.#undo.push(() => Object.assign(this.#disk, { meta, copiedMs, troubles }));
  }
}
