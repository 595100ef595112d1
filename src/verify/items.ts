/** Sums by item, and the numbers that stand for items where memory counts. */

/** The sums of one item. */
export interface ItemSums {
  readonly itemId: string;
  readonly number: number;
  /** Likes of the adds that surely count. */
  adds: bigint;
  /** Likes that operations may add to that: which of their copies counted is unknown. */
  open: bigint;
  /** Likes that its registers give. */
  registers: bigint;
  /** Registers of forgotten persons among the events that were read. */
  forgotten: number;
  /** Whether an event that was read names it. */
  isNamed: boolean;
  /** Whether an event that was read surely made it. */
  isMade: boolean;
  /** Whether the ledger has it. */
  isMet: boolean;
}

/** All items that events or the ledger name. */
export class Items {
  readonly #byId = new Map<string, ItemSums>();
  readonly #byNumber: ItemSums[] = [];

  /** Returns the sums of an item. */
  of(itemId: string): ItemSums {
    const found = this.#byId.get(itemId);
    if (found !== undefined) return found;
    const made: ItemSums = {
      itemId,
      number: this.#byNumber.length,
      adds: 0n,
      open: 0n,
      registers: 0n,
      forgotten: 0,
      isNamed: false,
      isMade: false,
      isMet: false,
    };
    this.#byId.set(itemId, made);
    this.#byNumber.push(made);
    return made;
  }

  /** Returns the sums of the item that has the number. */
  at(number: number): ItemSums {
    const found = this.#byNumber[number];
    if (found === undefined) throw new Error(`there is no item ${number}`);
    return found;
  }

  [Symbol.iterator](): Iterator<ItemSums> {
    return this.#byNumber[Symbol.iterator]();
  }
}
