/** The primary's ledger in memory, for tests and the simulator. */
import { assert } from "../assert.ts";
import type {
  CountsRead,
  CountsSelection,
  GenerationRow,
  IncarnationRow,
  ItemCount,
  LedgerMeta,
  LedgerSnapshot,
  LedgerStore,
  LedgerTransaction,
  MemberRow,
  TransactionOutcome,
  TroubleRow,
} from "../core/ledger.ts";
import type { Id } from "../core/record.ts";
import { LikesError } from "../errors.ts";
import { Doubt } from "./doubt.ts";
import {
  NEW_LEDGER,
  checkedIncarnation,
  checkedMember,
  checkedMeta,
  checkedTrouble,
} from "./ledger_rows.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { storedInteger, storedLikes } from "./stored_integer.ts";

/** The disk of a ledger: what was committed, in the order in which rows were first set. */
export class LedgerDisk extends MemoryDisk {
  readonly ledgerId: Id;
  meta: LedgerMeta = NEW_LEDGER;
  readonly members = new Map<Id, MemberRow>();
  readonly incarnations = new Map<Id, IncarnationRow>();
  readonly troubles = new Map<string, TroubleRow>();
  readonly items = new Map<string, bigint>();
  /** Every opening, oldest first. */
  readonly generations: { readonly generation: Id; readonly firstVersion: number }[] = [];

  constructor(ledgerId: Id) {
    super();
    this.ledgerId = ledgerId;
  }

  /** A copy of what is committed now. */
  clone(): LedgerDisk {
    const copy = new LedgerDisk(this.ledgerId);
    copy.meta = this.meta;
    for (const [id, row] of this.members) copy.members.set(id, row);
    for (const [id, row] of this.incarnations) copy.incarnations.set(id, row);
    for (const [key, row] of this.troubles) copy.troubles.set(key, row);
    for (const [itemId, likes] of this.items) copy.items.set(itemId, likes);
    copy.generations.push(...this.generations);
    return copy;
  }
}

/** A ledger opened on `disk` as a new generation. An older one on the same disk is superseded. */
export class MemoryLedger implements LedgerStore {
  readonly #disk: LedgerDisk;
  readonly #generation: Id;
  readonly #doubt = new Doubt("the ledger in memory");

  constructor(disk: LedgerDisk, generation: Id) {
    const known = disk.generations.some((row) => row.generation === generation);
    assert(!known, "a generation is minted once");
    disk.generations.push({ generation, firstVersion: disk.meta.version + 1 });
    this.#disk = disk;
    this.#generation = generation;
  }

  async load(): Promise<LedgerSnapshot> {
    this.#doubt.throwIfEntered();
    const { ledgerId, meta, members, troubles } = this.#disk;
    return {
      ledgerId,
      generation: this.#generation,
      meta,
      members: [...members.values()].filter(({ state }) => state === "member"),
      troubles: [...troubles.values()],
    };
  }

  async transact<T>(work: (ledger: LedgerTransaction) => T): Promise<TransactionOutcome<T>> {
    this.#doubt.throwIfEntered();
    if (this.#disk.generations.at(-1)?.generation !== this.#generation) {
      throw new LikesError(
        "superseded",
        "Cannot write the ledger in memory: it was opened again since; use the newer one",
      );
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
    if (fault === "refused" || fault === "in_doubt_lost") ledger.undo();
    if (fault === "refused") return { type: "refused" };
    if (fault !== undefined) throw this.#doubt.enter(new Error("the disk failed"));
    return { type: "done", value };
  }

  counts(selection: CountsSelection, incarnations: readonly Id[]): CountsRead {
    this.#doubt.throwIfEntered();
    const { meta, items } = this.#disk;
    const counts =
      selection.type === "page"
        ? pageOf(items, selection)
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

  /** Takes everything back, the newest change first. */
  undo(): void {
    while (this.#undo.length > 0) this.#undo.pop()?.();
  }

  meta(): LedgerMeta {
    return this.#disk.meta;
  }

  setMeta(row: LedgerMeta): void {
    const disk = this.#disk;
    const { meta } = disk;
    disk.meta = checkedMeta(row);
    this.#undo.push(() => {
      disk.meta = meta;
    });
  }

  member(outboxId: Id): MemberRow | undefined {
    return this.#disk.members.get(outboxId);
  }

  setMember(row: MemberRow): void {
    this.#set(this.#disk.members, row.outboxId, checkedMember(row));
  }

  memberCount(): number {
    let count = 0;
    for (const { state } of this.#disk.members.values()) if (state === "member") count += 1;
    return count;
  }

  incarnation(incarnation: Id): IncarnationRow | undefined {
    return this.#disk.incarnations.get(incarnation);
  }

  setIncarnation(row: IncarnationRow): void {
    this.#set(this.#disk.incarnations, row.incarnation, checkedIncarnation(row));
  }

  openIncarnations(outboxId: Id, limit: number): readonly Id[] {
    return [...this.#disk.incarnations.values()]
      .filter((row) => row.outboxId === outboxId && row.state === "open")
      .slice(0, limit)
      .map((row) => row.incarnation);
  }

  generation(generation: Id): GenerationRow | undefined {
    const { generations } = this.#disk;
    const index = generations.findIndex((row) => row.generation === generation);
    const row = generations[index];
    if (row === undefined) return undefined;
    const next = generations[index + 1];
    return { ...row, lastVersion: next === undefined ? undefined : next.firstVersion - 1 };
  }

  addTrouble(row: TroubleRow): boolean {
    const { outboxId, incarnation, kind } = checkedTrouble(row);
    const key = JSON.stringify([outboxId, incarnation, kind]);
    if (this.#disk.troubles.has(key)) return false;
    this.#set(this.#disk.troubles, key, row);
    return true;
  }

  troubleCount(): number {
    return this.#disk.troubles.size;
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
}

function pageOf(
  items: ReadonlyMap<string, bigint>,
  { order, after, limit }: Extract<CountsSelection, { type: "page" }>,
): readonly ItemCount[] {
  storedInteger(limit);
  const compare = order === "item_id" ? byId : byLikes;
  return [...items]
    .map(([itemId, likes]) => ({ itemId, likes }))
    .filter((item) => after === undefined || compare(item, after) > 0)
    .sort(compare)
    .slice(0, limit);
}

/** Most likes first. */
function byLikes(a: ItemCount, b: ItemCount): number {
  if (a.likes !== b.likes) return a.likes > b.likes ? -1 : 1;
  return byId(a, b);
}

/** By the bytes of the id, as SQLite compares text. */
function byId(a: ItemCount, b: ItemCount): number {
  return Buffer.compare(Buffer.from(a.itemId), Buffer.from(b.itemId));
}
