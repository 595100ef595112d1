/** Counts of items, shared by both roles and the wire. */
import type { Refusal } from "../../errors.ts";
import { COUNTS_MAX } from "../../limits.ts";
import { checkItemId } from "./like_event.ts";
import type { IncarnationId } from "./ids.ts";

/** The likes of one item that the ledger has applied. */
export interface ItemCount {
  readonly itemId: string;
  readonly likes: bigint;
  /** The part of them of each reaction but the plain like; absent without any. */
  readonly reactions?: ReadonlyMap<number, bigint>;
}

/** How much of an incarnation is counted: every event up to `appliedSequence`, none after it. */
export interface AppliedIncarnation {
  readonly incarnation: IncarnationId;
  readonly appliedSequence: number;
}

/** Returns why the items, or a page of `size` items, cannot be counted; undefined when they can. */
export function checkItems(itemIds: readonly string[], size: number): Refusal | undefined {
  const asked = Math.max(itemIds.length, size);
  if (asked > COUNTS_MAX) {
    const message = `Cannot count ${asked} items at once: at most ${COUNTS_MAX}; ask page by page`;
    return { code: "usage", message };
  }
  for (const itemId of itemIds) {
    const refusal = checkItemId(itemId);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
