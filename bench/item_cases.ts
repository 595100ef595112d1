/** How many items a ledger has, and which of them get likes. */

/** Items that the ledger holds before, and how the backlog chooses among them. */
export interface ItemCase {
  readonly name: string;
  readonly items: number;
  readonly isZipf: boolean;
}

/** The cases of the figures `items` and `peers`. */
export const CASES: readonly ItemCase[] = [
  { name: "1 item", items: 1, isZipf: false },
  { name: "1,000 items", items: 1_000, isZipf: false },
  { name: "100,000 items", items: 100_000, isZipf: false },
  { name: "1,000,000 items", items: 1_000_000, isZipf: false },
  { name: "1,000,000 items, Zipf", items: 1_000_000, isZipf: true },
];

/** A case for one run: filling its ledger takes longer than its events. */
export const LARGEST: ItemCase = { name: "10,000,000 items", items: 10_000_000, isZipf: false };

/** Returns all items of a case. */
export function itemsOf({ items }: ItemCase): readonly string[] {
  return Array.from({ length: items }, (_, index) => nameOf(index));
}

/**
 * Returns the item of an event: any of them alike, or by Zipf's law with exponent 1, where an item's
 * share is proportional to 1 / its rank.
 */
export function itemOf({ items, isZipf }: ItemCase, event: number): string {
  const random = randomOf(event);
  return nameOf(isZipf ? Math.floor(items ** random) - 1 : Math.floor(random * items));
}

/** Neighbouring indexes have names that are far apart. */
function nameOf(index: number): string {
  return `video-${(Math.imul(index, 0x9e3779b1) >>> 0).toString(36)}`;
}

/** Returns a number in [0, 1) that looks random. */
export function randomOf(index: number): number {
  let mixed = Math.imul(index ^ (index >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}
