/**
 * Operations: adds that have a name, each with all its copies. One copy counts, the one that was
 * applied first. A ledger does not keep which one that was.
 */
import { IdMap } from "./id_map.ts";
import type { AuditedOperation } from "./like_events.ts";

/** A number of likes from `least` to `most`. */
export interface Span {
  readonly least: bigint;
  readonly most: bigint;
}

/** One copy of an operation; item and outbox are given by their numbers. */
export interface Copy {
  readonly item: number;
  readonly outbox: number;
  readonly likes: number;
}

/** All operations that were read. */
export class Operations {
  readonly #rows = new IdMap();
  // The first copy of each operation, in columns: an object for each would take twice as much.
  readonly #items: number[] = [];
  readonly #outboxes: number[] = [];
  readonly #likes: number[] = [];
  /** The later copies of the operations that have several. */
  readonly #later = new Map<number, Copy[]>();

  /** Adds a copy. Returns the first copy if that one adds something else. */
  add({ client, number }: AuditedOperation, copy: Copy): Copy | undefined {
    const row = this.#rows.get(client, number);
    if (row === undefined) {
      this.#rows.set(client, number, this.#items.length);
      this.#items.push(copy.item);
      this.#outboxes.push(copy.outbox);
      this.#likes.push(copy.likes);
      return undefined;
    }
    const later = this.#later.get(row);
    if (later === undefined) this.#later.set(row, [copy]);
    else later.push(copy);
    const first = this.#first(row);
    return first.item === copy.item && first.likes === copy.likes ? undefined : first;
  }

  /** Yields the copies of each operation. */
  *copies(): Generator<readonly [Copy, ...Copy[]]> {
    for (let row = 0; row < this.#items.length; row++) {
      yield [this.#first(row), ...(this.#later.get(row) ?? [])];
    }
  }

  /** Notes that the ledger has an operation. Returns whether it was read, and is met first. */
  meet(client: Uint8Array, number: number): boolean {
    return this.#rows.take(client, number) !== undefined;
  }

  /** Yields the first copy of each operation that was not met. */
  *unmet(): Generator<Copy> {
    for (const { value } of this.#rows.entries()) yield this.#first(value);
  }

  #first(row: number): Copy {
    const [item = 0, outbox = 0] = [this.#items[row], this.#outboxes[row]];
    return { item, outbox, likes: this.#likes[row] ?? 0 };
  }
}

/**
 * Returns what an operation may add: the likes of one of its copies. Unless it is sure that all
 * copies are known, that may be nothing.
 */
export function shareOf(copies: readonly Copy[], isSure: boolean): Span {
  let [least, most] = [Infinity, 0];
  for (const { likes } of copies) [least, most] = [Math.min(least, likes), Math.max(most, likes)];
  return { least: isSure ? BigInt(least) : 0n, most: BigInt(most) };
}

/**
 * Returns what an operation may add at each item, or at each outbox, by its number. That may be
 * nothing if a copy elsewhere may be the one that counted.
 */
export function sharesOf(
  copies: readonly Copy[],
  by: "item" | "outbox",
  isSure: boolean,
): ReadonlyMap<number, Span> {
  const byNumber = new Map<number, Copy[]>();
  for (const copy of copies) {
    const others = byNumber.get(copy[by]);
    if (others === undefined) byNumber.set(copy[by], [copy]);
    else others.push(copy);
  }
  const isOnly = byNumber.size === 1;
  return new Map([...byNumber].map(([number, of]) => [number, shareOf(of, isSure && isOnly)]));
}
