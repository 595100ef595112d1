/** Pages of items in a memory ledger. */
import type { CountsSelection } from "../core/ledger/ledger.ts";
import type { ItemCount } from "../core/protocol/counts.ts";
import { storedInteger } from "./sqlite/stored_integer.ts";

/** Returns the items of a page. Every item is filtered and sorted for it. */
export function selectPage(
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

/** Compares the bytes of the ids, as SQLite compares text. */
function byId(a: ItemCount, b: ItemCount): number {
  return Buffer.compare(Buffer.from(a.itemId), Buffer.from(b.itemId));
}
